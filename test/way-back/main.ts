// `npm run way-back [-- --engine pulumi --only WORDS]`: changes that cannot work, each taken back, under writers, on a throwaway swarm.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Docker from "dockerode";
import { namespaceName } from "../../lab/nodes/network.ts";
import { readRecord } from "../../lab/host/record-file.ts";
import { sandboxKind } from "../../lab/sandbox-record.ts";
import { type Sandbox, startSandbox, stopSandbox } from "../../lab/sandbox.ts";
import { oneOf } from "../../text/one-of.ts";
import { makeAuthorities } from "../components/changes/certificates.ts";
import { makeMaterial } from "../components/changes/proof.ts";
import { failingChanges, type FailingMaterial } from "./failing-changes.ts";
import { makeFailingImages, type Outcome, StoreOnItsWayBack } from "./proof.ts";

const { values } = parseArgs({
  options: { engine: { type: "string", default: "embedded" }, only: { type: "string", default: "" } },
});
const engine = oneOf({ embedded: "embedded", pulumi: "pulumi" })(values.engine, "--engine");
const [takenPort, foreignPort, port] = [21_001, 21_002, 21_100];
const takenServiceName = "way-back-neighbour";

/** Somebody else's service, with a port and a name that the store must not get. */
async function startNeighbour({ dockerHost, redisImage }: Sandbox): Promise<void> {
  const docker = new Docker({ socketPath: dockerHost.replace("unix://", "") });
  await docker.createService({
    Name: takenServiceName,
    TaskTemplate: { ContainerSpec: { Image: redisImage } },
    EndpointSpec: {
      Mode: "dnsrr",
      Ports: [{ Protocol: "tcp", TargetPort: 6379, PublishedPort: takenPort, PublishMode: "host" }],
    },
  });
}

/** A process outside of Docker that listens on the node; it ends with this one. */
async function startForeignProcess(directory: string): Promise<void> {
  const record = readRecord(sandboxKind, directory);
  if (record === undefined) throw new Error("There is no sandbox.");
  const listen = `require("node:net").createServer().listen(${foreignPort}, () => console.log("listening")); process.stdin.resume().on("end", () => process.exit())`;
  const namespace = `--net=/run/netns/${namespaceName(record.id, "engine")}`;
  const child = spawn("nsenter", [namespace, process.execPath, "-e", listen], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.unref();
}

function line({ kind, isRefused, outageSeconds, wayBackSeconds, wrong, words }: Outcome): string {
  const how = isRefused ? "the task went on" : "came back by itself";
  const first =
    outageSeconds === undefined
      ? "did NOT come back by itself"
      : `${how}, ${outageSeconds.toFixed(1)} s without a write`;
  return [
    `${wrong.length === 0 ? "back" : "LOST"}  ${kind}: ${first}; the way back ${wayBackSeconds?.toFixed(1) ?? "never"} s`,
    `      ${words}`,
    ...wrong.map((each) => `      WRONG: ${each}`),
  ].join("\n");
}

const directory = mkdtempSync(join(tmpdir(), "holdfast-way-back-"));
const cacheDirectory = join(import.meta.dirname, "../../.holdfast/cache");
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    void stopSandbox(directory).finally(() => process.exit(1));
  });
try {
  const swarm = await startSandbox({ directory, cacheDirectory, network: "namespace" });
  const material = await makeMaterial(swarm, cacheDirectory);
  await startNeighbour(swarm);
  await startForeignProcess(directory);
  const [stranger] = await makeAuthorities(swarm.nodeAddress);
  const failing: FailingMaterial = {
    ...(await makeFailingImages(swarm, cacheDirectory)),
    registryAddress: swarm.registryAddress,
    takenPort,
    foreignPort,
    takenServiceName,
    otherKey: stranger?.issued[0]?.key ?? "",
  };
  const changes = failingChanges(failing).filter(({ kind }) => kind.includes(values.only));
  const store = await StoreOnItsWayBack.start(swarm, material, engine, port);
  const outcomes: Outcome[] = [];
  try {
    for (const change of changes) {
      const outcome = await store.try(change);
      outcomes.push(outcome);
      console.log(`${outcomes.length} of ${changes.length}  ${line(outcome)}`);
    }
  } finally {
    await store.remove();
  }
  const outages = outcomes
    .flatMap(({ outageSeconds = Infinity }) => [outageSeconds])
    .toSorted((one, other) => one - other);
  const lost = outcomes.reduce((sum, outcome) => sum + outcome.lost, 0);
  const back = outcomes.filter(({ wrong }) => wrong.length === 0).length;
  console.log(`\n${lost} acknowledged writes lost of ${store.acknowledged}`);
  console.log(
    `outage of a failed change: ${outages.at(-1)?.toFixed(1)} s at the longest, ${outages[Math.floor(outages.length / 2)]?.toFixed(1)} s in the middle`,
  );
  console.log(`${back} of ${outcomes.length} came back`);
  process.exitCode = back === outcomes.length ? 0 : 1;
} finally {
  await stopSandbox(directory);
}
process.exit();
