// `npm run stack-proof`: every edit of a stack file that test/impact/stack-deploy.ts has, against a real swarm.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox, stopSandbox } from "../../lab/sandbox.ts";
import { connectEngine } from "../../swarm/engine/connection.ts";
import { isRight, proveStackEdits, stackEdits } from "./stack-deploy.ts";

const folder = await mkdtemp(join(tmpdir(), "holdfast-stack-proof-"));
const directory = join(folder, "sandbox");
try {
  const cacheDirectory = join(import.meta.dirname, "../../.holdfast/cache");
  const sandbox = await startSandbox({ directory, cacheDirectory, network: "namespace" });
  const { dockerProgram = "docker", dockerHost, redisImage } = sandbox;
  const connection = connectEngine({ host: dockerHost, source: "argument", setting: "proof" });
  let right = 0;
  for await (const proof of proveStackEdits(
    { connection, dockerProgram, dockerHost, redisImage },
    folder,
    stackEdits,
  )) {
    if (isRight(proof)) right++;
    const { edit, betweenFiles, overSwarm, isReplaced, failure } = proof;
    const fact = `${isReplaced ? "replaced" : "kept"}${failure === undefined ? "" : `: ${failure}`}`;
    console.log(`${isRight(proof) ? "right" : "WRONG"}  ${edit}: ${betweenFiles} and ${overSwarm}; ${fact}`);
  }
  console.log(`${right} of ${stackEdits.length} right`);
  process.exitCode = right === stackEdits.length ? 0 : 1;
} finally {
  await stopSandbox(directory);
  await rm(folder, { recursive: true, force: true });
}
