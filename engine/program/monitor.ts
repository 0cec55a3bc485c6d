import { createRequire } from "node:module";

import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import type { Message } from "google-protobuf";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";
import type * as engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import type * as providerMessages from "@pulumi/pulumi/proto/provider_pb.js";
import resourceProto from "@pulumi/pulumi/proto/resource_pb.js";
import type * as resourceMessages from "@pulumi/pulumi/proto/resource_pb.js";

import { SituationError } from "../../text/situation-error.ts";
import type { Goal } from "../model/goal.ts";
import type { PropertyMap } from "../model/property-value.ts";
import type { ResourceState, Urn } from "../model/resource-state.ts";
import { decodeWire, encodeWire, type WireOptions } from "../model/wire-value.ts";
import { organization } from "./process.ts";
import { readGoal } from "./registration.ts";
import type { RegisteredHook } from "./resource-hooks.ts";
import type { SocketFolder } from "./socket-folder.ts";

// The generated service definitions come without types; their shape is grpc-js' own.
const load = createRequire(import.meta.url) as (id: string) => Record<string, ServiceDefinition>;

/** What the program asks of the engine while it runs. */
export interface ProgramRequests {
  register(goal: Goal): Promise<ResourceState>;
  registerOutputs(urn: Urn, outputs: PropertyMap): Promise<void>;
  invoke(token: string, args: PropertyMap, provider: string | undefined, version: string): Promise<InvokeAnswer>;
  registerHook(name: string, hook: RegisteredHook): void;
  /** The program has declared everything; resolves when the engine no longer needs it. */
  declaredEverything(): Promise<void>;
  /** The operation has failed. */
  fail(error: unknown): void;
  log(entry: {
    severity: "debug" | "info" | "warning" | "error";
    message: string;
    urn?: Urn;
    ephemeral: boolean;
  }): void;
}

/** A provider function's answer: a result, or what was wrong with its arguments. */
export interface InvokeAnswer {
  result: PropertyMap;
  failures: { property: string; reason: string }[];
}

/** What the program learns of the deployment. */
export interface DeploymentInfo {
  project: string;
  stack: string;
  dryRun: boolean;
  parallel: number;
  config: ReadonlyMap<string, { value: string; secret: boolean }>;
}

/** A server that a program's SDK can connect to. */
export interface MonitorServer {
  address: string;
  close(): void;
}

/** The engine has stopped: the SDK then ends the program without a message. */
export class EngineStopped extends Error {
  override readonly name = "EngineStopped";
}

const features = resourceProto.ResourceMonitorFeature;

/**
 * What this engine can do beyond the oldest protocol. The SDK refuses, by name, whatever a program asks for that is not
 * in this list: transforms, replacement triggers, parameterised packages (@pulumi/pulumi/runtime/settings.js).
 */
const supportedFeatures = [
  features.RESOURCE_MONITOR_FEATURE_SECRETS,
  features.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  features.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  features.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  features.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  features.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
  features.RESOURCE_MONITOR_FEATURE_INVOKE_DEPENDS_ON,
  features.RESOURCE_MONITOR_FEATURE_INVOKE_PARENT,
];

/** The names by which older SDKs ask for a feature, one at a time (`SupportsFeature`). */
const legacyFeatures = new Set(["secrets", "resourceReferences", "outputValues", "aliasSpecs", "deletedWith"]);

const severities = ["debug", "info", "warning", "error"] as const;

/**
 * Serves `ResourceMonitor` and `Engine` to one program on a Unix socket.
 *
 * @param answering - answers the program's requests, which wait for it
 * @param sockets - the folder for this socket, and for those of the program
 */
export async function startMonitor(
  info: DeploymentInfo,
  answering: Promise<ProgramRequests>,
  sockets: SocketFolder,
): Promise<MonitorServer> {
  const fail = (error: unknown): void => {
    void answering.then((requests) => {
      requests.fail(error);
    });
  };
  const refused = (what: string) =>
    answer(() => {
      throw refusal(what);
    }, fail);
  /** Answers with nothing, once something was done. */
  const acting = <Request>(
    act: (requests: ProgramRequests, request: Request) => void | Promise<void>,
    failed?: (error: unknown) => void,
  ) =>
    answer(async (request: Request) => {
      await act(await answering, request);
      return new emptyProto.Empty();
    }, failed);
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(monitorDefinition(), {
    getDeploymentInfo: answer(() => deploymentInfo(info)),
    supportsFeature: answer((request: resourceMessages.SupportsFeatureRequest) =>
      new resourceProto.SupportsFeatureResponse().setHassupport(legacyFeatures.has(request.getId())),
    ),
    registerResource: answer(
      async ({ goal, options }: Registration) =>
        registrationResponse(await (await answering).register(goal()), options),
      fail,
    ),
    registerResourceOutputs: acting(
      (requests, request: resourceMessages.RegisterResourceOutputsRequest) =>
        requests.registerOutputs(request.getUrn(), readStruct(request.getOutputs())),
      fail,
    ),
    invoke: answer(async (request: resourceMessages.ResourceInvokeRequest) => {
      refuseUnknownInvokeOptions(request);
      const provider = request.getProvider();
      const requests = await answering;
      const { result, failures } = await requests.invoke(
        request.getTok(),
        readStruct(request.getArgs()),
        provider === "" ? undefined : provider,
        request.getVersion(),
      );
      return invokeResponse(result, failures, peerOptions(true, request.getAcceptresources()));
    }),
    signalAndWaitForShutdown: acting((requests) => requests.declaredEverything()),
    call: refused("calling a method of a resource"),
    readResource: refused("reading a resource with `get`"),
    existsResource: refused("asking whether a resource exists"),
    registerStackTransform: refused("a stack transform"),
    registerStackInvokeTransform: refused("an invoke transform"),
    registerResourceHook: acting((requests, request: resourceMessages.RegisterResourceHookRequest) => {
      const callback = request.getCallback();
      requests.registerHook(request.getName(), {
        target: sockets.served((callback?.getTarget() ?? "").replace(/^127\.0\.0\.1:/u, "")),
        token: callback?.getToken() ?? "",
        onDryRun: request.getOnDryRun(),
        ignoreErrors: request.getIgnoreErrors(),
      });
    }),
    registerErrorHook: refused("an error hook"),
    registerPackage: refused("a parameterised package"),
  });
  server.addService(definition("@pulumi/pulumi/proto/engine_grpc_pb.js", "EngineService"), {
    log: acting((requests, request: engineMessages.LogRequest) => {
      const urn = request.getUrn();
      requests.log({
        severity: severities[request.getSeverity()],
        message: request.getMessage(),
        ephemeral: request.getEphemeral(),
        ...(urn !== "" && { urn }),
      });
    }),
    getRootResource: answer(() => new engineProto.GetRootResourceResponse()),
    setRootResource: answer(() => new engineProto.SetRootResourceResponse()),
    startDebugging: refused("a debugger"),
    requirePulumiVersion: refused("a certain version of Pulumi"),
  });
  const address = sockets.address("engine");
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  return {
    address,
    close: () => {
      server.forceShutdown();
    },
  };
}

function monitorDefinition(): ServiceDefinition {
  const service = definition("@pulumi/pulumi/proto/resource_grpc_pb.js", "ResourceMonitorService");
  const { registerResource } = service;
  if (registerResource === undefined) throw new Error("the SDK's ResourceMonitor registers no resources");
  return { ...service, registerResource: { ...registerResource, requestDeserialize: readRegistration } };
}

/** A request to register a resource, and what its answer may contain. */
interface Registration {
  /** Throws if the request cannot be read. */
  goal: () => Goal;
  options: WireOptions;
}

/**
 * Reads a request as soon as it arrives. A program sends all independent ones at once, and each waits for its answer: so thousands of
 * messages, each several times as large as what is read from it, are not kept in the meantime.
 */
function readRegistration(bytes: Uint8Array): Registration {
  const request = resourceProto.RegisterResourceRequest.deserializeBinary(bytes);
  const options = peerOptions(request.getAcceptsecrets(), request.getAcceptresources());
  try {
    const goal = readGoal(request);
    return { goal: () => goal, options };
  } catch (error) {
    return {
      goal: () => {
        throw error;
      },
      options,
    };
  }
}

function definition(file: string, name: string): ServiceDefinition {
  const service = load(file)[name];
  if (service === undefined) throw new Error(`${file} has no ${name}`);
  return service;
}

/** Answers one request. What is thrown becomes the call's status, without a stack trace. */
function answer<Request, Response extends Message>(
  respond: (request: Request) => Response | Promise<Response>,
  failed?: (error: unknown) => void,
) {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
    Promise.resolve()
      .then(() => respond(call.request))
      .then(
        (response) => {
          callback(null, response);
        },
        (error: unknown) => {
          failed?.(error);
          // With this status the SDK ends the program without a message.
          const code = failed || error instanceof EngineStopped ? status.UNAVAILABLE : status.UNKNOWN;
          callback({ code, details: error instanceof Error ? error.message : String(error) });
        },
      );
  };
}

function refuseUnknownInvokeOptions(request: resourceMessages.ResourceInvokeRequest): void {
  const asked = {
    packageRef: request.getPackageref() !== "",
    pluginDownloadURL: request.getPlugindownloadurl() !== "",
    pluginChecksums: request.getPluginchecksumsMap().getLength() > 0,
  };
  for (const [option, used] of Object.entries(asked)) if (used) throw refusal(`${option} of ${request.getTok()}`);
}

function refusal(what: string): Error {
  return new SituationError({
    what: `The embedded engine does not support ${what}`,
    fix: "Use the Pulumi CLI (--engine pulumi) for this program",
  });
}

function deploymentInfo(info: DeploymentInfo): resourceMessages.DeploymentInfo {
  const message = new resourceProto.DeploymentInfo()
    .setProject(info.project)
    .setStack(info.stack)
    .setOrganization(organization)
    .setDryrun(info.dryRun)
    .setParallel(info.parallel)
    .setSupportedfeaturesList(supportedFeatures);
  for (const [key, { value, secret }] of info.config) {
    message.getConfigMap().set(key, value);
    if (secret) message.addConfigsecretkeys(key);
  }
  return message;
}

function peerOptions(secrets: boolean, resources: boolean): WireOptions {
  return { secrets, resources, outputs: false };
}

function registrationResponse(state: ResourceState, options: WireOptions): resourceMessages.RegisterResourceResponse {
  return new resourceProto.RegisterResourceResponse()
    .setUrn(state.urn)
    .setId(state.id ?? "")
    .setObject(writeStruct(state.outputs, options));
}

function invokeResponse(
  result: PropertyMap,
  failures: InvokeAnswer["failures"],
  options: WireOptions,
): providerMessages.InvokeResponse {
  return new providerProto.InvokeResponse()
    .setReturn(writeStruct(result, options))
    .setFailuresList(
      failures.map(({ property, reason }) => new providerProto.CheckFailure().setProperty(property).setReason(reason)),
    );
}

function readStruct(struct: structProto.Struct | undefined): PropertyMap {
  return decodeWire(struct?.toJavaScript() ?? {});
}

function writeStruct(map: PropertyMap, options: WireOptions): structProto.Struct {
  return structProto.Struct.fromJavaScript(encodeWire(map, options));
}
