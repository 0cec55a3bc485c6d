import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { readDefinitions } from "../policies/definitions.ts";
import { judgeDefinitions } from "../policies/judge.ts";
import { rules } from "../policies/rule-list.ts";
import { comparePaired, row } from "./paired.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const runner = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run-policy-pack/index.js");

/** What the policies cost: judging many services against only parsing them, growth, and how soon the pack is ready. */
export async function* comparePolicies(): AsyncGenerator<string> {
  const few = stackFile(1000);
  const judge = (text: string) => (): Promise<void> => {
    judgeDefinitions(readDefinitions(text, { file: "stack.yml" }), { today: "2026-11-23" });
    return Promise.resolve();
  };
  const onlyParse = (): Promise<void> => {
    parse(few, { merge: true });
    return Promise.resolve();
  };
  yield row(
    `${rules.length} rules over a stack file of 1,000 services / parsing it`,
    await comparePaired(judge(few), onlyParse),
    "-",
  );
  const state = (count: number): string => JSON.stringify(stateFile(count));
  const [fewInState, manyInState] = [state(1000), state(10_000)];
  const onlyParseState = (): Promise<void> => {
    JSON.parse(fewInState);
    return Promise.resolve();
  };
  yield row(
    `${rules.length} rules over a state of 1,000 services / parsing it`,
    await comparePaired(judge(fewInState), onlyParseState),
    "-",
  );
  yield row(
    `${rules.length} rules over 10,000 services in a state / 1,000`,
    await comparePaired(judge(manyInState), judge(fewInState)),
    "12",
  );
  yield* compareStart();
}

/** The pack as it is against the same pack compiled by ts-node, both through the SDK's own runner. */
async function* compareStart(): AsyncGenerator<string> {
  const copy = await mkdtemp(join(tmpdir(), "holdfast-bench-pack-"));
  try {
    await copyForTsNode(copy);
    const ready = (directory: string) => () => untilReady(directory);
    const asItIs = join(root, "policies");
    yield row(
      "the pack ready / through ts-node",
      await comparePaired(ready(asItIs), ready(join(copy, "policies"))),
      "0.45",
    );
  } finally {
    await rm(copy, { recursive: true });
  }
}

/** ts-node knows neither imports with `.ts` nor ECMAScript modules here: the copy is CommonJS, and imports lose their ending. */
async function copyForTsNode(copy: string): Promise<void> {
  for (const room of ["policies", "model"]) {
    await cp(join(root, room), join(copy, room), { recursive: true });
    for (const file of await readdir(join(copy, room), { recursive: true })) {
      if (!file.endsWith(".ts")) continue;
      const path = join(copy, room, file);
      await writeFile(path, (await readFile(path, "utf8")).replaceAll(/((?:from|import) "\.[^"]*)\.ts"/g, '$1"'));
    }
  }
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  await rm(join(copy, "policies/index.js"));
  await writeFile(join(copy, "policies/index.ts"), 'import "./pack";\n');
  await writeFile(
    join(copy, "policies/package.json"),
    JSON.stringify({ name: "pack", version: "0.1.0", main: "index.ts" }),
  );
  const compilerOptions = {
    strict: true,
    rootDir: "..",
    module: "nodenext",
    moduleResolution: "nodenext",
    target: "es2022",
    lib: ["es2024"],
    types: ["node"],
    skipLibCheck: true,
  };
  await writeFile(join(copy, "policies/tsconfig.json"), JSON.stringify({ compilerOptions }));
}

/** Starts a pack as Pulumi's language host does and waits for the port that it prints. */
async function untilReady(directory: string): Promise<void> {
  const child = spawn(process.execPath, [runner, "127.0.0.1:0", directory], {
    cwd: directory,
    stdio: ["ignore", "pipe", "inherit"],
    // The SDK's ts-node keeps what it compiled; a pack that was changed, or comes to a new machine, is compiled.
    env: { ...process.env, TS_NODE_CACHE: "false" },
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once("data", () => {
      resolve();
    });
    child.once("exit", (code) => {
      reject(new Error(`the pack ended with ${code ?? "a signal"} before it was ready`));
    });
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

const image = `redis:7@sha256:${"a".repeat(64)}`;

function stackFile(count: number): string {
  const service = (index: number): string => `  redis${index}:
    image: ${image}
    command: [redis-server, --appendonly, "yes", --maxmemory, 60mb]
    volumes: ["data${index}:/data"]
    healthcheck: { test: [CMD, redis-cli, ping] }
    stop_grace_period: 30s
    deploy:
      labels: { holdfast.backup: hourly }
      placement: { constraints: [node.hostname==n${index % 7}] }
      resources: { limits: { memory: 100M } }
`;
  return `services:\n${Array.from({ length: count }, (_, index) => service(index)).join("")}`;
}

function stateFile(count: number): unknown {
  const type = "docker:index/service:Service";
  const resources = Array.from({ length: count }, (_, index) => ({
    urn: `urn:pulumi:dev::bench::${type}::redis${index}`,
    type,
    inputs: {
      name: `redis${index}`,
      labels: [{ label: "holdfast.backup", value: "hourly" }],
      taskSpec: {
        containerSpec: {
          image,
          args: ["redis-server", "--appendonly", "yes", "--maxmemory", "60mb"],
          mounts: [{ type: "volume", source: `data${index}`, target: "/data" }],
          healthcheck: { tests: ["CMD", "redis-cli", "ping"] },
          stopGracePeriod: "30s",
        },
        placement: { constraints: [`node.hostname==n${index % 7}`] },
        resources: { limits: { memoryBytes: 104857600 } },
      },
    },
  }));
  return { version: 3, deployment: { resources } };
}
