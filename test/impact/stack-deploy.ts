/** The verdicts on stack files, beside what `docker stack deploy` really does: one file after the other, each with one edit more. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { stringify } from "yaml";
import { judgePlan } from "../../impact/judge-plan.ts";
import type { TaskEffect } from "../../impact/simulation/task-course.ts";
import { readPlan, type Source } from "../../inputs/read-plan.ts";
import { readFacts } from "../../inputs/swarm/facts.ts";
import { factsFrom } from "../../live/swarm-facts.ts";
import type { LiveFacts, Plan } from "../../model/plan/plan.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";

/** A stack file before it is written. */
export interface StackDraft {
  readonly services: { readonly db: Record<string, unknown> };
  [section: string]: unknown;
}

/** One edit of a file; it changes the draft that it gets. */
export interface StackEdit {
  readonly edit: string;
  readonly apply: (db: Record<string, unknown>, draft: StackDraft) => void;
  /** What follows in the file. */
  readonly more?: string;
  /** What comes of it depends on what the running task was started with: two files do not tell. */
  readonly needsSwarm?: true;
  /** What somebody does to the service before, by the client's arguments. */
  readonly byHand?: readonly string[];
}

/** What was said about an edit, by the two files and by the swarm and the new file, and what came of it. */
export interface StackProof {
  readonly edit: string;
  readonly betweenFiles: TaskEffect | undefined;
  readonly overSwarm: TaskEffect | undefined;
  readonly isReplaced: boolean;
  /** Whether the plan says that the deployment fails. */
  readonly expectsFailure: boolean;
  /** What `docker stack deploy` says when it fails. */
  readonly failure: string | undefined;
}

const set =
  (key: string, value: unknown): StackEdit["apply"] =>
  (db) => {
    db[key] = value;
  };
const deploy =
  (key: string, value: unknown): StackEdit["apply"] =>
  (db) => {
    db["deploy"] = { ...(db["deploy"] as Record<string, unknown>), [key]: value };
  };
const top =
  (key: string, value: unknown): StackEdit["apply"] =>
  (_db, draft) => {
    draft[key] = value;
  };
const all =
  (...edits: StackEdit["apply"][]): StackEdit["apply"] =>
  (db, draft) => {
    for (const edit of edits) edit(db, draft);
  };
const withMount = (mount: object): StackEdit["apply"] => set("volumes", ["other:/other", "data:/data", mount]);
const edit = (edit: string, apply: StackEdit["apply"]): StackEdit => ({ edit, apply });

/** The file that the edits begin with. */
function firstDraft(image: string): StackDraft {
  return {
    version: "3.9",
    services: {
      db: {
        image,
        volumes: ["data:/data"],
        environment: { A: "1" },
        labels: ["team=a"],
        stop_grace_period: "5s",
        deploy: { placement: { constraints: ["node.role==manager"] }, endpoint_mode: "dnsrr" },
      },
    },
    volumes: { data: {}, other: {} },
    configs: { conf: { file: "one.conf" }, more: { file: "one.conf" } },
    secrets: { one: { file: "one.conf" }, two: { file: "one.conf" } },
    networks: { back: { driver: "overlay" }, front: { driver: "overlay" } },
  };
}

/** Edits, spellings of the same among them; each is made on top of those before it. */
export const stackEdits: readonly StackEdit[] = [
  edit("nothing", () => undefined),
  edit("labels as a mapping", set("labels", { team: "a" })),
  edit("an empty label", set("labels", { team: "a", empty: "" })),
  edit("the environment as a list", set("environment", ["A=1"])),
  edit("an empty variable", set("environment", ["A=1", "B="])),
  edit("variables in another order", set("environment", ["B=", "A=1"])),
  edit("a duration in other words", set("stop_grace_period", "0m5s")),
  edit("the volume in its long form", set("volumes", [{ type: "volume", source: "data", target: "/data" }])),
  edit("a second volume", set("volumes", ["data:/data", "other:/other"])),
  edit("the volumes in another order", set("volumes", ["other:/other", "data:/data"])),
  edit("a volume that stays empty", set("volumes", ["other:/other:nocopy", "data:/data"])),
  edit("a label of the volume", top("volumes", { data: {}, other: { labels: { a: "b" } } })),
  edit("a config", set("configs", ["conf"])),
  edit("the config in its long form", set("configs", [{ source: "conf", target: "conf" }])),
  edit("the config elsewhere", set("configs", [{ source: "conf", target: "/conf" }])),
  edit("the config's mode as it is by itself", set("configs", [{ source: "conf", target: "/conf", mode: 0o444 }])),
  edit("a second config", set("configs", [{ source: "conf", target: "/conf" }, "more"])),
  edit("the configs in another order", set("configs", ["more", { source: "conf", target: "/conf" }])),
  edit("two secrets", set("secrets", ["one", "two"])),
  edit("the secrets in another order", set("secrets", ["two", "one"])),
  edit("the secret's owner", set("secrets", ["two", { source: "one", uid: "0" }])),
  edit("the default network, named", set("networks", ["default"])),
  edit("two networks", set("networks", ["back", "front"])),
  edit("the networks in another order, as a mapping", set("networks", { front: null, back: null })),
  edit("aliases", set("networks", { front: { aliases: ["one", "two"] }, back: null })),
  edit("the aliases in another order", set("networks", { front: { aliases: ["two", "one"] }, back: null })),
  edit("a hostname", set("hostname", "db")),
  edit("privileged, which is left out", set("privileged", true)),
  edit("a key of one's own", set("x-note", "hello")),
  edit("tmpfs, which is left out", set("tmpfs", ["/tmp"])),
  edit("update settings", deploy("update_config", { order: "stop-first", delay: "1s" })),
  edit("a label of the service", deploy("labels", { a: "b" })),
  edit("a limit", deploy("resources", { limits: { memory: "64M" } })),
  edit("the limit in other words", deploy("resources", { limits: { memory: "64m" } })),
  edit("a reservation of nothing", deploy("resources", { limits: { memory: "64M" }, reservations: { memory: "0" } })),
  edit("the usual restart policy", deploy("restart_policy", { condition: "any" })),
  edit("the usual delay of restarts", deploy("restart_policy", { condition: "any", delay: "5s" })),
  edit("the short restart policy beside the long one", set("restart", "always")),
  edit("a health check", set("healthcheck", { test: "redis-cli ping", interval: "30s" })),
  edit("the health check as a list", set("healthcheck", { test: ["CMD-SHELL", "redis-cli ping"], interval: "0m30s" })),
  edit("retries of zero", set("healthcheck", { test: "redis-cli ping", interval: "30s", retries: 0 })),
  edit("an init process", set("init", true)),
  edit("no init process", set("init", false)),
  edit("a sysctl", set("sysctls", { "net.ipv4.tcp_syncookies": 0 })),
  edit("sysctls as a list", set("sysctls", ["net.ipv4.tcp_syncookies=0"])),
  edit("a limit of the process", set("ulimits", { nofile: 2048 })),
  edit("the limit with both sides", set("ulimits", { nofile: { soft: 2048, hard: 2048 } })),
  edit("capabilities", set("cap_add", ["NET_ADMIN", "SYS_TIME"])),
  edit("capabilities in another order, by their full names", set("cap_add", ["CAP_SYS_TIME", "CAP_NET_ADMIN"])),
  edit("hosts", set("extra_hosts", ["a:10.0.0.1", "b:10.0.0.2"])),
  edit("hosts in another order", set("extra_hosts", ["b:10.0.0.2", "a:10.0.0.1"])),
  edit("name servers", set("dns", "10.0.0.1")),
  edit("name servers as a list", set("dns", ["10.0.0.1"])),
  edit("a log driver", set("logging", { driver: "json-file", options: { "max-file": 3 } })),
  edit("its option as text", set("logging", { driver: "json-file", options: { "max-file": "3" } })),
  edit("arguments", set("command", "redis-server --save ''")),
  edit("the arguments as a list", set("command", ["redis-server", "--save", ""])),
  edit("a port", set("ports", [{ target: 6379, published: 17_379, mode: "host" }])),
  edit(
    "another port and a constraint that holds",
    all(
      set("ports", [{ target: 6379, published: 17_380, mode: "host" }]),
      deploy("placement", { constraints: ["node.role==manager", "node.platform.os==linux"] }),
    ),
  ),
  edit("another hostname", set("hostname", "store")),
  edit(
    "the constraints in another order",
    deploy("placement", { constraints: ["node.platform.os==linux", "node.role==manager"] }),
  ),
  edit("a preference", deploy("placement", { preferences: [{ spread: "node.labels.zone" }] })),
  {
    ...edit(
      "another port for a task that has survived that",
      set("ports", [{ target: 6379, published: 17_381, mode: "host" }]),
    ),
    needsSwarm: true,
  },
  edit("a working directory", set("working_dir", "/data")),
  {
    ...edit("a variable that somebody has added by hand, at the end", set("environment", ["A=1", "AA=2", "B="])),
    byHand: ["service", "update", "--detach", "--env-add", "AA=2", "proof_db"],
    needsSwarm: true,
  },
  {
    ...edit("nothing, where somebody has added a group", () => undefined),
    byHand: ["service", "update", "--detach", "--group-add", "7", "proof_db"],
    needsSwarm: true,
  },
  edit(
    "a text with characters of a shell",
    set("command", "redis-server --save '' --requirepass 's3cr&t;' # secret\n"),
  ),
  edit("the same words as a list", set("command", ["redis-server", "--save", "", "--requirepass", "s3cr&t;"])),
  edit(
    "a config of another name",
    top("configs", { conf: { file: "one.conf", name: "conf-2" }, more: { file: "one.conf" } }),
  ),
  edit(
    "a network of another name",
    top("networks", { back: { driver: "overlay", name: "rear" }, front: { driver: "overlay" } }),
  ),
  edit(
    "a volume of one's own, said to be another's",
    top("volumes", { data: { external: true, name: "proof_data" }, other: { labels: { a: "b" } } }),
  ),
  edit(
    "a volume that another stack has made",
    top("volumes", { data: { name: "elsewhere" }, other: { labels: { a: "b" } } }),
  ),
  edit(
    "another content of a config that nobody uses",
    top("configs", { conf: { file: "one.conf", name: "conf-2" }, more: { file: "two.conf" } }),
  ),
  edit(
    "half a processor",
    deploy("resources", { limits: { memory: "64M", cpus: "0.5" }, reservations: { memory: "0" } }),
  ),
  edit(
    "half a processor as a fraction",
    deploy("resources", { limits: { memory: "64M", cpus: "1/2" }, reservations: { memory: "0" } }),
  ),
  edit("options of a volume, none", top("volumes", { data: { name: "elsewhere" }, other: { driver_opts: {} } })),
  edit("a bind's options, none", withMount({ type: "bind", source: "/tmp", target: "/bind", bind: {} })),
  edit("a bind without options", withMount({ type: "bind", source: "/tmp", target: "/bind" })),
  edit("memory without a limit", withMount({ type: "tmpfs", target: "/memory", tmpfs: { size: 0 } })),
  edit("memory without options", withMount({ type: "tmpfs", target: "/memory" })),
  edit("variables of a file", set("env_file", "variables.env")),
  edit(
    "the same variables, quotation marks and all",
    all(set("env_file", undefined), set("environment", ["A=1", "AA=2", "B=", 'QUOTED="a b"  ', "PLAIN=c"])),
  ),
  {
    ...edit("a second document, which is left out", () => undefined),
    more: "---\nservices: { db: { hostname: other } }\n",
  },
  edit(
    "the host's network",
    all(
      top("networks", { host: { external: true, name: "host" } }),
      set("networks", ["host"]),
      set("ports", undefined),
      set("sysctls", undefined),
    ),
  ),
  edit("nothing more than the host's network", () => undefined),
  edit("one replica more", deploy("replicas", 2)),
];

/** Deploys a file and all its edits, and compares. */
export async function* proveStackEdits(
  swarm: { connection: EngineConnection; dockerProgram: string; dockerHost: string; redisImage: string },
  folder: string,
  edits: readonly StackEdit[],
): AsyncGenerator<StackProof> {
  const stack = "proof";
  const { connection, dockerProgram, dockerHost } = swarm;
  /** What the client says when it fails. */
  const docker = async (...args: string[]): Promise<string | undefined> => {
    const { failed, stderr } = await execa(dockerProgram, args, {
      cwd: folder,
      env: { DOCKER_HOST: dockerHost },
      reject: false,
    });
    return failed ? stderr : undefined;
  };
  const place = (name: string): string => join(folder, name);
  await writeFile(place("one.conf"), "one");
  await writeFile(place("two.conf"), "two");
  await writeFile(place("variables.env"), '# a comment\nQUOTED="a b"  \nPLAIN=c\n');
  let draft = firstDraft(swarm.redisImage);
  const put = async (next: StackDraft, more = ""): Promise<string> => {
    const text = `${stringify(next, { aliasDuplicateObjects: false })}${more}`;
    await writeFile(place("stack.yaml"), text);
    return text;
  };
  const up = (): Promise<string | undefined> =>
    docker("stack", "deploy", "--resolve-image", "never", "-c", "stack.yaml", stack);
  let before = await put(draft);
  try {
    const failure = await up();
    if (failure !== undefined) throw new Error(`the first file is not deployed: ${failure}`);
    let tasks = await settledTasks(connection);
    for (const { edit, apply, more, needsSwarm, byHand } of edits) {
      if (byHand !== undefined) {
        const refusal = await docker(...byHand);
        if (refusal !== undefined) throw new Error(`${edit}: ${refusal}`);
        tasks = await settledTasks(connection);
      }
      const next = structuredClone(draft);
      apply(next.services.db, next);
      const after = await put(next, more);
      const facts = readFacts(await factsFrom(connection), "the swarm");
      const options = { executor: "pulumi", prune: false, stack } as const;
      const pair = await readPlan([source(before, folder), source(after, folder)], options);
      const over = await readPlan([source(after, folder)], { ...options, live: facts });
      const [betweenFiles, overSwarm] = [pair, over].map((plan) => effectOf(plan, facts.live));
      const failure = await up();
      const now = await settledTasks(connection);
      const told = needsSwarm ? overSwarm : betweenFiles;
      yield {
        edit,
        betweenFiles: told,
        overSwarm,
        isReplaced: ![...tasks].every((id) => now.has(id)),
        expectsFailure: pair.errors.length > 0 && over.errors.length > 0,
        failure,
      };
      // What failed stays as it was.
      if (failure === undefined) [before, draft] = [after, next];
      tasks = now;
    }
  } finally {
    await docker("stack", "rm", stack);
  }
}

function effectOf(plan: Plan, live: LiveFacts): TaskEffect | undefined {
  return judgePlan(plan, live).verdicts.find(({ subject }) => subject === "service")?.taskEffect;
}

function source(text: string, folder: string): Source {
  return {
    name: "stack.yaml",
    chunks: (async function* () {
      yield await Promise.resolve(Buffer.from(text));
    })(),
    readFile: (path) => readFileSync(join(folder, path), "utf8"),
  };
}

/** The tasks that are meant to run, once no more come. */
async function settledTasks({ docker }: EngineConnection): Promise<ReadonlySet<string>> {
  const list = async (): Promise<string> => {
    const tasks = (await docker.listTasks({
      filters: JSON.stringify({ service: ["proof_db"], "desired-state": ["running"] }),
    })) as { ID: string }[];
    return tasks
      .map(({ ID }) => ID)
      .toSorted()
      .join(" ");
  };
  let last = await list();
  for (let quiet = 0; quiet < 6;) {
    await sleep(250);
    const next = await list();
    quiet = next === last && next !== "" ? quiet + 1 : 0;
    last = next;
  }
  return new Set(last.split(" "));
}

/** Whether both verdicts agree with what happened to the task. */
export function isRight(proof: StackProof): boolean {
  const { betweenFiles, overSwarm, isReplaced, expectsFailure, failure } = proof;
  const expected: readonly TaskEffect[] = isReplaced ? ["replaced", "cannot start"] : ["none"];
  const areRight = [betweenFiles, overSwarm].every((effect) => effect !== undefined && expected.includes(effect));
  return areRight && expectsFailure === (failure !== undefined);
}
