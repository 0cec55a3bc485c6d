/**
 * The proof of the verdicts: a change is judged, then carried out by the embedded engine on a real swarm, on a service that
 * holds a key, and what became of the key is compared with what was said.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineEvent } from "../../engine/model/events.ts";
import { destroyStack, previewStack, updateStack } from "../../engine/operations.ts";
import { openStack } from "../../engine/state/stack.ts";
import { analyse } from "../../impact/report.ts";
import { volumesToLookAt } from "../../impact/simulation/volume-sight.ts";
import { worstFate, type DataFate, type Verdict } from "../../impact/verdict/verdict.ts";
import { EventCollector, readEvent } from "../../inputs/pulumi/preview.ts";
import { readFacts } from "../../inputs/swarm/facts.ts";
import { factsFrom } from "../../live/swarm-facts.ts";
import { lookAtVolumes } from "../../live/volume-sight.ts";
import { connectEngine, type EngineConnection } from "../../swarm/engine/connection.ts";
import { makeProjectFolder } from "../support/program-stack.ts";

/** A swarm, and the node of it that the service is pinned to. */
export interface ProofSwarm {
  /** The manager's engine, which carries changes out. */
  readonly dockerHost: string;
  readonly nodeHostname: string;
  readonly nodeAddress: string;
  readonly redisImage: string;
  /** All engines, where there are several. */
  readonly engines?: readonly string[];
  /** Another node, where there is one. */
  readonly otherHostname?: string;
}

/** What really happened. */
export interface Fact {
  /** Whether the container of before still runs. */
  readonly isSameTask: boolean;
  readonly key: "kept" | "missing" | "no running task";
  /** Whether the old volume still holds the key. */
  readonly isOnVolume: boolean;
  /** Whether the update ended without an error. */
  readonly succeeded: boolean;
  /** The longest time without an answer, where the service answered again at its port. */
  readonly outageSeconds: number | undefined;
}

/** A verdict beside the fact. */
export interface Proof {
  readonly change: string;
  readonly fate: DataFate;
  readonly verdict: Verdict | undefined;
  readonly fact: Fact;
  readonly isRight: boolean;
  /** Whether the outage lay in the range that was expected; `undefined` where none was measured. */
  readonly isOutageRight: boolean | undefined;
}

/** Changes that are applied one by one, and in pairs. */
export const provenChanges: readonly string[] =
  "base appendonly command config-rotated container-labels converge cpu-limit dbfilename dir dir-argument endpoint-dnsrr env force-update healthcheck healthcheck-removed hosts log-driver memory-limit memory-reservation mode-global mount-added mount-anonymous mount-bind mount-driver-opts mount-labels mount-nocopy mount-read-only mount-removed mount-renamed mount-target mount-tmpfs network-aliases network-attachable network-removed network-renamed no-parent pin-added pin-changed pin-removed port-changed port-removed read-only-root replicas-two replicas-zero resources-removed restart-policy rollback-config save-nothing secret-named secret-rotated service-labels service-logical-renamed service-removed service-renamed service-renamed-create-first stop-grace stop-signal sysctl update-start-first user volume-driver-opts volume-labels volume-logical-renamed volume-protected volume-removed volume-renamed volume-retained".split(
    " ",
  );

/** Pairs of changes, always the same for a seed. */
export function randomPairs(count: number, seed: number): readonly string[] {
  const draw = random(seed);
  const pairs = new Set<string>();
  const candidates = provenChanges.filter((name) => name !== "base");
  while (pairs.size < count) {
    const pick = (): string => candidates[Math.floor(draw() * candidates.length)] ?? "";
    const pair = [pick(), pick()].toSorted();
    if (pair[0] !== pair[1]) pairs.add(pair.join("+"));
  }
  return [...pairs];
}

/** Mulberry32: small, and good enough to pick changes. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Proves one change: brings the base up, gives it a key, judges the change, carries it out and looks.
 *
 * @param slot - which of several proofs that run at once; decides names and ports
 * @param beforehand - puts the swarm into the state in which the change is made, once the key is on disk; returns what undoes it
 */
export async function prove(
  swarm: ProofSwarm,
  change: string,
  slot: number,
  beforehand?: () => Promise<() => Promise<void>>,
): Promise<Proof> {
  const prefix = `proof${slot}`;
  const port = 21_000 + slot;
  const canary = `canary${randomBytes(5).toString("hex")}`;
  const stack = await openProofStack(swarm, { prefix, port });
  const connect = (host: string): EngineConnection => connectEngine({ host, source: "argument", setting: "proof" });
  const connection = connect(swarm.dockerHost);
  let undo = (): Promise<void> => Promise.resolve();
  const engines = (swarm.engines ?? [swarm.dockerHost]).map(connect);
  try {
    await stack.choose("base");
    if (!(await stack.up()).succeeded) throw new Error(`${change}: the base does not come up`);
    const [before] = await runningTasks(engines, prefix);
    if (before === undefined) throw new Error(`${change}: the base runs no task`);
    if ((await redis(before, "SET", "foo", canary)) !== "OK") throw new Error(`${change}: the key cannot be set`);
    const folder = (await before.engine.docker.getVolume(`${prefix}-data`).inspect()).Mountpoint;
    if (beforehand !== undefined) {
      await redis(before, "SAVE");
      undo = await beforehand();
    }

    await stack.choose(change);
    const facts = await factsFrom(connection);
    const plan = await stack.plan();
    const volumesOn = await lookAtVolumes(engines, volumesToLookAt(plan, readFacts(facts, "the swarm").live));
    const report = analyse(plan, readFacts({ ...facts, volumesOn }, "the swarm").live);
    const verdict = report.verdicts.find(({ subject }) => subject === "service");
    const fate = worstFate(report.verdicts.map((each) => each.fate));

    const probe = startProbe(swarm.nodeAddress, port);
    const { succeeded } = await stack.up();
    const fact = await lookAt(engines, { prefix, before, folder, canary, succeeded });
    const outageSeconds = await probe.end();
    const whole: Fact = { ...fact, outageSeconds };
    return {
      change,
      fate,
      verdict,
      fact: whole,
      isRight: isRight(fate, whole),
      isOutageRight: isOutageRight(verdict, whole),
    };
  } finally {
    await undo();
    await stack.remove();
    for (const engine of engines) await removeVolumes(engine, prefix);
  }
}

/** `at risk` and `unknown` leave it open; the others say what is to be found. */
function isRight(fate: DataFate, { isSameTask, key, isOnVolume }: Fact): boolean {
  switch (fate) {
    case "untouched":
      return isSameTask && key === "kept";
    case "interrupted":
      return key === "kept" || (key === "no running task" && isOnVolume);
    case "left behind":
      return key !== "kept" && isOnVolume;
    case "destroyed":
      return key !== "kept" && !isOnVolume;
    case "at risk":
    case "unknown":
      return true;
  }
}

/** How finely an outage is measured; a machine that is busy leaves gaps of its own. */
const probeEveryMs = 50;
const probeNoiseSeconds = 1.5;

function isOutageRight(verdict: Verdict | undefined, { outageSeconds }: Fact): boolean | undefined {
  if (verdict === undefined || outageSeconds === undefined) return undefined;
  const { leastSeconds, mostSeconds } = verdict.outage;
  if (mostSeconds === undefined) return undefined;
  return outageSeconds >= leastSeconds - probeNoiseSeconds && outageSeconds <= mostSeconds + probeNoiseSeconds;
}

interface ProofStack {
  choose(changes: string): Promise<void>;
  plan(): Promise<ReturnType<EventCollector["plan"]>>;
  up(): Promise<{ succeeded: boolean }>;
  remove(): Promise<void>;
}

async function openProofStack(
  swarm: ProofSwarm,
  { prefix, port }: { prefix: string; port: number },
): Promise<ProofStack> {
  const { projectDirectory, namespace, remove } = await makeProjectFolder(join(import.meta.dirname, "proof-program"));
  const environment = { ...process.env, PULUMI_CONFIG_PASSPHRASE: "proof" };
  const location = { projectDirectory, stackName: prefix };
  const options = { dockerHost: swarm.dockerHost, environment };
  const stack = await openStack(location, environment);
  const set = (key: string, value: string): Promise<void> =>
    stack.setConfig(`${namespace}:${key}`, value, { secret: false });
  await set("prefix", prefix);
  await set("port", String(port));
  await set("node", swarm.nodeHostname);
  await set("otherNode", swarm.otherHostname ?? "elsewhere");
  await set("image", swarm.redisImage);
  return {
    choose: (changes) => set("changes", changes),
    plan: async () => {
      const collector = new EventCollector("embedded");
      const onEvent = (event: EngineEvent): void => {
        collector.add(readEvent(event, "event"));
      };
      await previewStack(location, { ...options, onEvent });
      return collector.plan("preview");
    },
    // What `up` does: nothing where the preview fails already.
    up: async () => {
      const planned = await previewStack(location, { ...options, onEvent: () => undefined });
      return planned.succeeded ? updateStack(location, { ...options, onEvent: () => undefined }) : { succeeded: false };
    },
    remove: async () => {
      try {
        await set("changes", "base");
        await destroyStack(location, { ...options, onEvent: () => undefined });
      } finally {
        await remove();
      }
    },
  };
}

/** A container and the engine that runs it. */
interface RunningTask {
  readonly engine: EngineConnection;
  readonly id: string;
}

/** Running tasks on all engines that answer, the newest first. */
async function runningTasks(engines: readonly EngineConnection[], prefix: string): Promise<readonly RunningTask[]> {
  const found = await Promise.all(
    engines.map(async (engine) => {
      const containers = await engine.docker
        .listContainers({ filters: JSON.stringify({ status: ["running"] }) })
        .catch(() => []);
      return containers
        .filter(({ Labels }) => (Labels["com.docker.swarm.service.name"] ?? "").startsWith(`${prefix}-`))
        .map(({ Id, Created }) => ({ engine, id: Id, created: Created }));
    }),
  );
  return found.flat().toSorted((one, other) => other.created - one.created);
}

/** Runs redis-cli in a container, on the socket that the server listens on inside. */
async function redis({ engine, id }: RunningTask, ...command: string[]): Promise<string> {
  const exec = await engine.docker
    .getContainer(id)
    .exec({ Cmd: ["redis-cli", ...command], AttachStdout: true, AttachStderr: true, Tty: true });
  const stream = await exec.start({ Tty: true });
  const parts: string[] = [];
  // The engine may close the connection without an end.
  await new Promise<void>((resolve, reject) => {
    stream.on("data", (chunk: Buffer) => parts.push(chunk.toString()));
    stream.once("end", resolve).once("close", resolve).once("error", reject);
  });
  return parts.join("").trim();
}

async function lookAt(
  engines: readonly EngineConnection[],
  {
    prefix,
    before,
    folder,
    canary,
    succeeded,
  }: { prefix: string; before: RunningTask; folder: string; canary: string; succeeded: boolean },
): Promise<Omit<Fact, "outageSeconds">> {
  // What failed may still be on its way to where it stays.
  if (!succeeded) await sleep(3000);
  const look = async (): Promise<readonly (readonly [task: RunningTask, answer: string])[]> =>
    Promise.all(
      (await runningTasks(engines, prefix)).map(
        async (task) => [task, await redis(task, "GET", "foo").catch(() => "")] as const,
      ),
    );
  let seen = await look();
  // A server that refuses its files runs for a moment at each start, and answers nobody.
  for (let left = 5; left > 0 && seen.some(([, answer]) => answer === ""); left--) {
    await sleep(2000);
    seen = await look();
  }
  const [tasks, answers] = [seen.map(([task]) => task), seen.map(([, answer]) => answer)];
  const answering = answers.filter(
    (answer) => answer === `"${canary}"` || answer === "(nil)" || answer === canary || answer === "",
  );
  const key =
    answering.length === 0
      ? "no running task"
      : answering.every((answer) => answer.includes(canary))
        ? "kept"
        : "missing";
  return {
    isSameTask: tasks.some(({ id }) => id === before.id),
    key,
    isOnVolume: await holds(folder, canary),
    succeeded,
  };
}

/** Whether the snapshot in a volume's folder holds a text: keys are written as they are. */
async function holds(folder: string, text: string): Promise<boolean> {
  const file = await readFile(join(folder, "dump.rdb")).catch(() => Buffer.alloc(0));
  return file.includes(text);
}

/** Asks the service at its port all the time. */
function startProbe(host: string, port: number): { end(): Promise<number | undefined> } {
  const answered: number[] = [performance.now()];
  const ending = new AbortController();
  const over = ending.signal;
  const asking = (async () => {
    while (!over.aborted) {
      const started = performance.now();
      if (await ping(host, port)) answered.push(performance.now());
      await sleep(Math.max(0, probeEveryMs - (performance.now() - started)));
    }
  })();
  return {
    end: async () => {
      ending.abort();
      await asking;
      const last = answered.at(-1) ?? 0;
      if (performance.now() - last > 1500) return undefined;
      return Math.max(...answered.map((at, index) => at - (answered[index - 1] ?? at))) / 1000;
    },
  };
}

function ping(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(400, () => {
      end(false);
    });
    // A server that is on its way out closes the connection without a word.
    for (const event of ["error", "close"]) {
      socket.once(event, () => {
        end(false);
      });
    }
    socket.once("connect", () => socket.write("PING\r\n"));
    socket.once("data", (data) => {
      end(data.toString().startsWith("+PONG"));
    });
  });
}

async function removeVolumes({ docker }: EngineConnection, prefix: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const { Volumes } = await docker.listVolumes();
    const left = Volumes.filter(({ Name }) => Name.startsWith(`${prefix}-`));
    if (left.length === 0) return;
    for (const { Name } of left)
      await docker
        .getVolume(Name)
        .remove()
        .catch(() => undefined);
    await sleep(500);
  }
}
