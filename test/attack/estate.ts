/** A stack that is up on a real swarm, and ways to its engine that damage what that answers. */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectEngine } from "../../swarm/engine/connection.ts";
import { ProjectCopy } from "../cli/project-copy.ts";
import { sharedSandbox, type SharedSandbox } from "../support/sandbox.ts";
import { atEnd, shared } from "./case.ts";
import { damagedEngine, type DamagedEngine, type DamageOrOwn, type Target } from "./damaged-engine.ts";

export const service = "attacked-midway";
/** A volume with data that no service mounts. */
export const lostVolume = "attacked-lost";

/** A stack that is up. */
export interface Estate {
  readonly sandbox: SharedSandbox;
  readonly project: ProjectCopy;
}

/** This process' own. */
export const estate = shared(async (): Promise<Estate> => {
  const sandbox = await sharedSandbox();
  const project = await ProjectCopy.make({ DOCKER_HOST: sandbox.dockerHost, CI: "true" });
  atEnd(() => project[Symbol.asyncDispose]());
  await setLimit({ sandbox, project }, limit);
  await writeFile(join(project.directory, "stack.yaml"), `services:\n  ${service}:\n    image: redis:7\n`);
  const { code, stderr } = await project.run(["up", "--yes"]);
  assert.equal(code, 0, stderr);
  const { docker } = connectEngine({ host: sandbox.dockerHost, source: "DOCKER_HOST", setting: "DOCKER_HOST" });
  await docker.createVolume({ Name: lostVolume });
  await writeFile(join((await docker.getVolume(lostVolume).inspect()).Mountpoint, "data"), "x".repeat(10_000));
  return { sandbox, project };
});

const port = 10_000 + randomInt(1000, 9000);

/** Asks for another memory limit: the next `up` replaces the task. */
export async function changeLimit(there: Estate): Promise<void> {
  limit += 8;
  await setLimit(there, limit);
}

let limit = 100;

async function setLimit({ sandbox, project }: Estate, mebibytes: number): Promise<void> {
  const settings = { service, volume: service, port, memoryLimit: `${mebibytes}M`, image: sandbox.redisImage };
  const lines = Object.entries(settings).map(([key, value]) => `  holdfast:${key}: ${JSON.stringify(String(value))}\n`);
  // What `config` adds to a project of its own, such as the salt, is kept.
  const file = join(project.directory, "Pulumi.dev.yaml");
  const others = existsSync(file)
    ? (await readFile(file, "utf8"))
        .split("\n")
        .filter((line) => !/^config:|holdfast:(?:service|volume|port|memoryLimit|image):/u.test(line))
    : [];
  const [own, top] = [others.filter((line) => line.startsWith("  ")), others.filter((line) => /^\w/u.test(line))];
  await writeFile(file, [...top, "config:", ...own, lines.join("")].join("\n"));
}

let count = 0;

/** Has something done through a way to the estate's engine. */
export async function through(
  target: Target,
  damage: DamageOrOwn,
  use: (host: string, engine: DamagedEngine) => Promise<void>,
): Promise<void> {
  const { sandbox } = await estate();
  await using engine = await damagedEngine({
    socket: join(sandbox.directory, `midway-${++count}.sock`),
    engine: sandbox.dockerHost.replace("unix://", ""),
    damage,
    target,
  });
  await use(engine.host, engine);
}
