import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

import { credentials, type Client, type ServiceError } from "@grpc/grpc-js";
import analyzerProto from "@pulumi/pulumi/proto/analyzer_pb.js";
import type * as analyzerMessages from "@pulumi/pulumi/proto/analyzer_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import { z } from "zod";

import { readRegularFile } from "../../swarm/engine/regular-file.ts";
import { errorWords } from "../../text/error-text.ts";
import { InputError } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import { decodeWire } from "../model/wire-value.ts";
import { spawnBound } from "../program/bound-process.ts";
import { SocketFolder } from "../program/socket-folder.ts";
import { configureRequest, enforcementLevels } from "./configuration.ts";
import { resourceRequest, stackResource, type JudgedResource, type Remediation, type Violation } from "./messages.ts";

/** A policy pack that runs in a separate process. */
export interface PolicyPack {
  name: string;
  version: string;
  analyze(judged: JudgedResource): Promise<Violation[]>;
  analyzeStack(judged: readonly JudgedResource[]): Promise<Violation[]>;
  remediate(judged: JudgedResource): Promise<Remediation[]>;
  stop: () => void;
}

/** A policy pack: its folder, and a file with its configuration as `--policy-pack-config` takes it. */
export interface PolicyPackChoice {
  directory: string;
  configurationFile?: string;
}

/** What a pack is started with. */
export interface PolicyPackStart extends PolicyPackChoice {
  project: string;
  stack: string;
  dryRun: boolean;
  environment: NodeJS.ProcessEnv;
  onOutput: (line: string) => void;
  /** How long it may take to come up before it counts as hung; default 60,000. */
  startTimeoutMs?: number;
  /** How long one answer may take before it counts as hung; default 120,000. */
  callTimeoutMs?: number;
}

/**
 * Starts a policy pack and configures it.
 *
 * A pack whose `main` is JavaScript is run as it is; one in TypeScript by the SDK's runner, which compiles it
 * (@pulumi/pulumi/cmd/run-policy-pack). Both print the port on which they serve `Analyzer`; it is the name
 * of a socket, see {@link SocketFolder}.
 *
 * @throws InputError when the folder holds no pack, or the pack ends or hangs before it serves
 */
export async function startPolicyPack(start: PolicyPackStart): Promise<PolicyPack> {
  const directory = resolve(start.directory);
  using ends = new DisposableStack();
  const sockets = ends.use(new SocketFolder());
  const child = spawnPack(directory, start, sockets);
  ends.defer(() => child.kill("SIGKILL"));
  const client = connect(sockets.served(await firstPort(child, directory, start)));
  ends.defer(() => {
    client.close();
  });
  const call = unaryCaller(client, directory, start.callTimeoutMs ?? 120_000);
  const info = await call("getAnalyzerInfo", new emptyProto.Empty(), analyzerProto.AnalyzerInfo);
  await call("configure", configureRequest(info, start.configurationFile), emptyProto.Empty);
  const whole = ends.move();
  return servedPack(info, call, () => {
    whole.dispose();
  });
}

function spawnPack(directory: string, start: PolicyPackStart, sockets: SocketFolder) {
  const main = packEntry(directory);
  const runner = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run-policy-pack/index.js");
  const args = main.endsWith(".js") ? [join(directory, main)] : [runner, "127.0.0.1:0", directory];
  return spawnBound(args, {
    cwd: directory,
    sockets,
    env: {
      ...start.environment,
      PULUMI_NODEJS_PROJECT: start.project,
      PULUMI_NODEJS_STACK: start.stack,
      PULUMI_NODEJS_DRY_RUN: String(start.dryRun),
    },
  });
}

const packageManifest = z.looseObject({ main: z.string().default("index.js"), version: z.string() });

function packEntry(directory: string): string {
  const path = join(directory, "package.json");
  try {
    return packageManifest.parse(JSON.parse(readRegularFile(path))).main;
  } catch (error) {
    throw new InputError({
      path,
      expected: "the package.json of a policy pack, with a version",
      got: errorWords(error),
      fix: "Name the folder of a policy pack with --policy-pack",
    });
  }
}

function firstPort(
  child: ReturnType<typeof spawnPack>,
  directory: string,
  { onOutput, startTimeoutMs = 60_000 }: PolicyPackStart,
): Promise<string> {
  const failure = (why: string) =>
    new SituationError({
      what: `The policy pack ${directory} did not start and print its port: ${why}`,
      fix: "Read the lines above, or run it with the Pulumi CLI",
    });
  const { promise, resolve: found, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => {
    reject(failure(`no port within ${startTimeoutMs / 1000} s`));
  }, startTimeoutMs);
  const { stdout, stderr } = child;
  for (const input of [stdout, stderr])
    createInterface({ input }).on("line", (line) => {
      if (input === stdout && /^\d+$/.test(line)) found(line);
      else onOutput(line);
    });
  child.once("error", reject);
  child.once("close", (code) => {
    reject(failure(`exit code ${code ?? "of a signal"}`));
  });
  return promise.finally(() => {
    clearTimeout(timer);
  });
}

function connect(address: string): Client {
  // The generated client comes without types; it is grpc-js' own.
  const { AnalyzerClient } = createRequire(import.meta.url)("@pulumi/pulumi/proto/analyzer_grpc_pb.js") as {
    AnalyzerClient: new (
      address: string,
      credential: ReturnType<typeof credentials.createInsecure>,
      options: object,
    ) => Client;
  };
  return new AnalyzerClient(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
}

type Call = <Response>(method: string, request: object, response: new () => Response) => Promise<Response>;

function unaryCaller(client: Client, directory: string, callTimeoutMs: number): Call {
  return (method, request, response) =>
    new Promise((resolveCall, reject) => {
      type Unary = (
        request: object,
        options: { deadline: number },
        done: (error: ServiceError | null, value: unknown) => void,
      ) => void;
      // Methods of the generated client are made from the service's definition, unknown to TypeScript.
      const unary = (client as unknown as Record<string, Unary>)[method];
      unary?.call(client, request, { deadline: Date.now() + callTimeoutMs }, (error, value) => {
        if (error) reject(new Error(`policy pack ${directory}: ${method} failed: ${error.details}`));
        else if (value instanceof response) resolveCall(value);
        else reject(new Error(`policy pack ${directory}: ${method} answered with something else`));
      });
    });
}

function servedPack(info: analyzerMessages.AnalyzerInfo, call: Call, stop: () => void): PolicyPack {
  const about = { policyPackName: info.getName(), policyPackVersion: info.getVersion() };
  const violations = (response: analyzerMessages.AnalyzeResponse): Violation[] =>
    response.getDiagnosticsList().map((diagnostic) => ({
      ...about,
      policyName: diagnostic.getPolicyname(),
      enforcementLevel: enforcementLevels[diagnostic.getEnforcementlevel()],
      message: diagnostic.getMessage(),
      ...(diagnostic.getUrn() !== "" && { urn: diagnostic.getUrn() }),
    }));
  return {
    name: info.getName(),
    version: info.getVersion(),
    stop,
    analyze: async (judged) =>
      violations(await call("analyze", resourceRequest(judged, false), analyzerProto.AnalyzeResponse)),
    analyzeStack: async (judged) =>
      violations(
        await call(
          "analyzeStack",
          new analyzerProto.AnalyzeStackRequest().setResourcesList(judged.map(stackResource)),
          analyzerProto.AnalyzeResponse,
        ),
      ),
    remediate: async (judged) => {
      const response = await call("remediate", resourceRequest(judged, true), analyzerProto.RemediateResponse);
      return response.getRemediationsList().map((remediation) => {
        const diagnostic = remediation.getDiagnostic();
        const properties = remediation.getProperties()?.toJavaScript();
        return {
          ...about,
          policyName: remediation.getPolicyname(),
          enforcementLevel: "remediate",
          message: diagnostic === "" ? remediation.getDescription() : diagnostic,
          ...(properties && diagnostic === "" && { inputs: decodeWire(properties) }),
        };
      });
    },
  };
}
