import assert from "node:assert/strict";
import { backupConfigurationVariable } from "../../../backup/protocol.ts";
import { readLiveSwarm } from "../../../inputs/swarm/definitions.ts";
import { findCompanions, whyLate, type BackupService } from "../../../live/backup/companion.ts";
import { backupTaskSpec, readLines } from "../../../live/backup/companion-task.ts";
import { placeOf } from "../../../live/backup/list.ts";
import {
  chooseNode,
  choosePoint,
  chooseVolume,
  pointAt,
  requireOneTask,
  type BackupList,
} from "../../../live/backup/restore-plan.ts";
import { evidenceOf } from "../../../live/backup/evidence.ts";
import { serviceSchema, taskSchema, type ContainerMount } from "../../../swarm/api/objects.ts";

const second = (text: string) => Date.parse(`2026-11-30T${text}Z`) / 1000;

describe("the state that a restore brings back", () => {
  const range = (firstSeconds: number, lastSeconds: number) => ({
    ...{ kind: "log" as const, generation: "g", firstSeconds, lastSeconds, toTheSecond: true },
  });
  const proof = {
    level: "load" as const,
    result: "ok" as const,
    seconds: second("13:00:00"),
    point: second("11:00:00"),
  };
  const list = (more: Partial<BackupList> = {}): BackupList => ({
    ...{ type: "result", command: "list", store: "shop/prod/redis", pieces: 2, bases: 1, bytes: 100, mistakes: [] },
    ranges: [range(second("10:00:00"), second("11:30:00")), range(second("12:00:00"), second("12:30:00"))],
    newestSeconds: second("12:30:00"),
    proofs: [{ ...proof, entries: 3, mistakes: [] }],
    ...more,
  });

  it("is the newest where no time is named", () => {
    const { atSeconds, pointSeconds } = choosePoint(list(), undefined, true);
    assert.deepEqual([atSeconds, pointSeconds], [undefined, second("12:30:00")]);
  });

  it("is that of the second that is named, or of the last write before it", () => {
    assert.equal(choosePoint(list(), second("12:10:00"), false).pointSeconds, second("12:10:00"));
    assert.equal(choosePoint(list(), second("11:45:00"), false).pointSeconds, second("11:30:00"));
  });

  it("is the newest after the last write, where the companion has delivered all there is", () => {
    assert.equal(choosePoint(list(), second("12:45:00"), false).pointSeconds, second("12:30:00"));
    assert.throws(() => choosePoint(list(), second("12:45:00"), true), {
      message:
        "--at: expected a time from 2026-11-30T10:00:00Z to 2026-11-30T12:30:00Z, got 2026-11-30T12:45:00Z, which the companion may not have delivered yet. Leave out --at for the newest state.",
    });
  });

  it("is refused before the first, with the times that there are", () => {
    assert.throws(() => choosePoint(list(), second("09:59:59"), false), {
      message:
        "--at: expected a time from 2026-11-30T10:00:00Z to 2026-11-30T12:30:00Z, got 2026-11-30T09:59:59Z. Name a later one: anything earlier was never backed up or is no longer kept.",
    });
  });

  it("is none where no base was delivered", () => {
    const { newestSeconds: _, ...rest } = list({ ranges: [] });
    assert.throws(() => choosePoint(rest, undefined, false), { name: "SituationError" });
  });

  it("is proved by a state that was loaded, and that is not later", () => {
    assert.equal(choosePoint(list(), second("11:10:00"), false).proof?.entries, 3);
    assert.equal(choosePoint(list(), second("10:30:00"), false).proof, undefined);
    const checked = list({ proofs: [{ ...proof, level: "check", mistakes: [] }] });
    assert.equal(choosePoint(checked, undefined, false).proof, undefined);
  });
});

interface Given {
  constraints?: string[];
  mounts?: ContainerMount[];
  labels?: Record<string, string>;
  replicas?: number;
  env?: string[];
}

const volume = (Source: string, Target = "/data"): ContainerMount => ({ Type: "volume", Source, Target });

function service(Name: string, { constraints = [], mounts = [], labels = {}, replicas = 1, env = [] }: Given) {
  return serviceSchema.parse({
    ID: `id of ${Name}`,
    Version: { Index: 1 },
    Spec: {
      Name,
      Labels: labels,
      TaskTemplate: {
        ContainerSpec: {
          Image: "example/backup@sha256:0",
          Args: ["follow"],
          User: "999:999",
          Env: env,
          Mounts: mounts,
        },
        Resources: { Limits: { MemoryBytes: 100 }, Reservations: { MemoryBytes: 50 } },
        Placement: { Constraints: constraints },
        Networks: [{ Target: "net" }],
      },
      Mode: { Replicated: { Replicas: replicas } },
    },
  });
}

function task(serviceName: string, NodeID: string, State = "running", Err = "") {
  return taskSchema.parse({
    ...{ ID: `task of ${serviceName}`, CreatedAt: "1", ServiceID: `id of ${serviceName}`, NodeID, Spec: {} },
    ...{ DesiredState: "running", Status: { State, Err } },
  });
}

const nodes = (states: string[], role = "worker") =>
  readLiveSwarm({
    nodes: states.map((State, index) => ({
      ID: `id${index + 1}`,
      Spec: { Role: index === 0 ? "manager" : role, Availability: "active", Labels: {} },
      Description: { Hostname: `node-${index + 1}` },
      Status: { State, Addr: "10.0.0.1" },
    })),
  }).nodes ?? [];

const configuration = { store: "shop/prod/redis", data: "/data", kind: "log", repository: "rest:http://10.0.0.9/" };

/** A Redis on the second node, and its companion. */
function companion(
  given: Given & { backup?: Given; repository?: string; isGone?: boolean; state?: string; error?: string } = {},
): BackupService {
  const { backup, repository = configuration.repository, isGone = false, state, error, ...own } = given;
  const constraints = ["node.role==worker", "node.hostname==node-2"];
  const data = service("shop", { constraints, mounts: [volume("shop-data")], ...own });
  const env = [`${backupConfigurationVariable}=${JSON.stringify({ ...configuration, repository })}`];
  const labels = { "holdfast.backup.of": "shop" };
  const mounts = [
    { ...volume("shop-data"), ReadOnly: true },
    { Type: "tmpfs", Target: "/tmp" },
  ];
  const follower = service("shop-backup", { constraints, labels, env, mounts, ...backup });
  const [found] = findCompanions({
    services: isGone ? [follower] : [data, follower],
    tasks: [task("shop", "id2"), task("shop-backup", "id2", state, error)],
  });
  assert.ok(found);
  return found;
}

describe("the node of a restore", () => {
  const choose = (found: BackupService, states: string[], named?: string) =>
    chooseNode(found, nodes(states), named).hostname;

  it("is that of the data while it is ready", () => {
    assert.equal(choose(companion(), ["ready", "ready", "ready"]), "node-2");
  });

  it("is the only other one that satisfies the rest of the constraints, where the data's is lost", () => {
    assert.equal(choose(companion(), ["ready", "down", "ready"]), "node-3");
    assert.equal(choose(companion({ isGone: true }), ["ready", "down", "ready"]), "node-3");
  });

  it("has to be named where several could take its place, or none can", () => {
    assert.throws(() => choose(companion(), ["ready", "down", "ready", "ready"]), {
      message:
        "node-2, the node of shop, is down, and several could take its place. Name one with --node: node-3, node-4.",
    });
    assert.throws(() => choose(companion(), ["ready", "down", "down"]), {
      message:
        "node-2, the node of shop, is down, and no other ready node satisfies its constraints. Bring a node back, or name one with --node: node-1.",
    });
    assert.equal(choose(companion(), ["ready", "down", "ready", "ready"], "node-4"), "node-4");
    assert.equal(choose(companion(), ["ready", "down", "down"], "id1"), "node-1");
  });

  it("is refused where it is not ready, or is none", () => {
    assert.throws(() => choose(companion(), ["ready", "ready", "down"], "node-3"), {
      message:
        '--node: expected one of node-1, node-2, got "node-3", which is down. Name a node that is ready and active, as docker node ls shows it.',
    });
    assert.throws(() => choose(companion(), ["ready", "ready"], "node-9"), { name: "InputError" });
  });

  it("is the one that has the repository, where that is a folder of it", () => {
    const found = companion({
      repository: "/repository",
      backup: { mounts: [volume("shop-data"), volume("repository", "/repository")] },
    });
    assert.equal(choose(found, ["ready", "ready", "ready"]), "node-2");
    assert.throws(() => choose(found, ["ready", "ready", "ready"], "node-3"), {
      message:
        '--node: expected node-2, which holds the repository (/repository in shop-backup), got "node-3". Restore there. Other nodes can reach a repository of s3:, sftp: or rest:.',
    });
    assert.throws(() => placeOf(found, nodes(["ready", "down", "ready"])), {
      message:
        "The repository is a folder of node-2, which is not ready. Bring that node back. A backup that survives its node needs a repository at an address: s3:, sftp: or rest:.",
    });
  });
});

describe("the volume of a restore", () => {
  const found = companion();
  const choose = (named?: string, mounted: string[] = []) =>
    chooseVolume(
      found,
      second("12:00:05"),
      mounted.map((name) => service(name, { mounts: [volume(name)] })),
      named,
    );

  it("is named after the present one and the state", () => {
    assert.equal(choose(), "shop-data-20261130-120005");
    assert.equal(choose(undefined, ["shop-data-20261130-120005"]), "shop-data-20261130-120005-2");
    const again = companion({ mounts: [volume("shop-data-20261101-000000")] });
    assert.equal(chooseVolume(again, second("12:00:05"), [], undefined), "shop-data-20261130-120005");
  });

  it("is mounted by nobody", () => {
    assert.equal(choose("elsewhere"), "elsewhere");
    assert.throws(() => choose("taken", ["taken"]), {
      message:
        '--to: expected a volume that no service mounts, got "taken", which taken mounts. Choose another name; a restore goes into a volume of its own.',
    });
    assert.throws(() => choose("a/b"), { name: "InputError", path: "--to" });
  });
});

describe("a service that is pointed at a restored volume", () => {
  const [, , third] = nodes(["ready", "down", "ready"]);

  it("mounts it in the same way on the other node, and stays as it was otherwise", () => {
    assert.ok(third);
    const mount: ContainerMount = {
      ...volume("shop-data"),
      VolumeOptions: { NoCopy: true, DriverConfig: { Name: "local", Options: { type: "nfs", device: ":/srv/shop" } } },
    };
    const owner = { "holdfast.project": "shop", "holdfast.stack": "prod" };
    const labels = { ...owner, "holdfast.volumes": "other,shop-data", kept: "yes" };
    const constraints = ["node.role==worker", "node.hostname==node-2"];
    const other = volume("shop-config", "/config");
    const before = service("shop", { mounts: [mount, other], labels, constraints });
    const { spec, isDone, former } = pointAt(before, "/data", "restored", third, nodes(["ready", "down", "ready"]));
    assert.equal(isDone, false);
    assert.equal(former?.Source, "shop-data");
    assert.deepEqual(spec.Labels, { ...owner, "holdfast.volumes": "other,restored", kept: "yes" });
    const { ContainerSpec, Placement, ...rest } = spec.TaskTemplate;
    const { ContainerSpec: own, Placement: _, ...others } = before.Spec.TaskTemplate;
    assert.deepEqual(ContainerSpec, {
      ...own,
      Mounts: [{ ...volume("restored"), VolumeOptions: { NoCopy: true } }, other],
    });
    assert.deepEqual(Placement, { Constraints: ["node.role==worker", "node.hostname==node-3"] });
    assert.deepEqual(rest, others);
    const reader = service("shop-backup", { mounts: [{ ...mount, ReadOnly: true }], labels, constraints });
    assert.deepEqual(
      pointAt(reader, "/data", "restored", third, nodes(["ready", "down", "ready"])).spec.Labels,
      labels,
    );
    const now = serviceSchema.parse({ ID: "id", Version: { Index: 2 }, Spec: spec });
    assert.equal(pointAt(now, "/data", "restored", third, nodes(["ready", "down", "ready"])).isDone, true);
  });

  it("has one task, and its data where the backup has it", () => {
    requireOneTask(service("shop", { mounts: [volume("shop-data")] }), "/data");
    assert.throws(
      () => {
        requireOneTask(service("shop", { mounts: [volume("shop-data")], replicas: 2 }), "/data");
      },
      { name: "InputError", path: 'service "shop"' },
    );
    assert.throws(
      () => {
        requireOneTask(service("shop", {}), "/data");
      },
      { name: "InputError" },
    );
  });
});

describe("a task with a companion's container", () => {
  it("has another command and no data, its secrets and networks, and no health check", () => {
    const { service: found, ...rest } = companion();
    const spec = backupTaskSpec({ service: found, ...rest }, { words: ["list"], extraMemoryBytes: 11 });
    const { ContainerSpec, Resources, Placement, Networks, RestartPolicy, LogDriver } = spec.TaskTemplate;
    assert.deepEqual(ContainerSpec?.Args, ["list"]);
    assert.deepEqual(ContainerSpec.Mounts, [{ Type: "tmpfs", Target: "/tmp" }]);
    assert.deepEqual(ContainerSpec.Healthcheck, { Test: ["NONE"] });
    assert.equal(ContainerSpec.User, "999:999");
    assert.deepEqual(Resources, { Limits: { MemoryBytes: 111 } });
    assert.deepEqual(
      [Networks, RestartPolicy, LogDriver],
      [[{ Target: "net" }], { Condition: "none" }, { Name: "json-file" }],
    );
    assert.deepEqual(Placement, { Constraints: ["node.role==worker", "node.hostname==node-2"] });
  });

  it("runs on the node that is named, with the volume that it writes", () => {
    const [first] = nodes(["ready"]);
    const spec = backupTaskSpec(companion(), {
      words: ["restore", "--to", "/restore"],
      node: first,
      mount: volume("restored", "/restore"),
      note: { volume: "restored", at: 7 },
    });
    assert.match(spec.Name, /^holdfast-restore-shop-[0-9a-f]{8}$/u);
    assert.deepEqual(spec.TaskTemplate.Placement, { Constraints: ["node.id==id1"] });
    assert.deepEqual(spec.TaskTemplate.ContainerSpec?.Mounts?.at(-1), volume("restored", "/restore"));
    assert.deepEqual(spec.Labels, {
      "holdfast.backup.task": "shop",
      "holdfast.backup.order": '{"command":"restore","volume":"restored","at":7}',
    });
  });

  it("is understood line by line, whatever else stands in its log", () => {
    const lines = readLines(
      `rds":1}\n{"type":"progress","words":"reading"}\n\nwarning\n{"type":"error","message":"no"}\n{"type":"res`,
    );
    assert.deepEqual(lines, [
      { type: "progress", words: "reading" },
      { type: "error", message: "no" },
    ]);
  });
});

describe("a backup that is late", () => {
  const late = (found: BackupService, states = ["ready", "ready", "ready"]) => whyLate(found, nodes(states));

  it("is one whose companion does not run, in Swarm's words", () => {
    assert.equal(late(companion()), undefined);
    assert.equal(late(companion({ state: "starting" })), "shop-backup is starting");
    assert.equal(
      late(companion({ state: "pending", error: "no suitable node" })),
      "shop-backup is pending: no suitable node",
    );
    assert.equal(late(companion(), ["ready", "down"]), "node-2, where shop-backup runs, is down");
    assert.equal(late(companion({ backup: { replicas: 0 } })), "shop-backup is scaled to 0");
  });

  it("is one whose companion follows what the service does not write", () => {
    const found = companion({ mounts: [volume("restored")] });
    assert.equal(late(found), "shop-backup follows shop-data, and shop writes restored");
  });

  it("is one whose companion follows a volume of that name on another node; one that every node reaches is the same", () => {
    const found = companion();
    const [running] = found.dataTasks;
    assert.ok(running);
    const moved = { ...found, dataTasks: [{ ...running, NodeID: "id3" }] };
    assert.equal(late(moved), "shop-backup follows shop-data on node-2, and shop writes its own on node-3");
    const { Spec } = moved.service;
    const unpinned = { ...moved.service, Spec: { ...Spec, TaskTemplate: { ...Spec.TaskTemplate, Placement: {} } } };
    assert.equal(late({ ...moved, service: unpinned }), undefined);
  });
});

describe("what is known of a backup before data is lost", () => {
  const proof = (level: "digest" | "load" | "drill", result: "ok" | "failed") => ({
    ...{ level, result, seconds: 100, point: 90, mistakes: [] },
  });
  const list = (proofs: BackupList["proofs"]): BackupList => ({
    ...{ type: "result", command: "list", store: "shop/prod/redis", pieces: 1, bases: 1, bytes: 1, mistakes: [] },
    ...{ ranges: [], newestSeconds: 95, proofs },
  });
  const evidence = (proofs: BackupList["proofs"], given = {}) =>
    evidenceOf(companion({ labels: { "holdfast.backup.verified-within": "24h" }, ...given }), { list: list(proofs) });

  it("is the newest state, the newest proof by a server, and how old that may be", () => {
    const { proof: found, ...others } = evidence([proof("digest", "ok"), proof("drill", "ok"), proof("load", "ok")]);
    assert.equal(found?.level, "drill");
    assert.deepEqual(others, {
      ...{ service: "shop", companion: "shop-backup", volume: "shop-data", newestSeconds: 95, isTakenNow: false },
      isFollowed: true,
      presentSinceSeconds: undefined,
      repository: { address: "rest:http://10.0.0.9/", source: undefined, isOfOneNode: false },
      ...{ problem: undefined, verifiedWithinSeconds: 86_400 },
    });
  });

  it("has the beginning of the newest log, before which nothing tells of the present data", () => {
    const log = (firstSeconds: number, lastSeconds: number) => ({
      ...{ kind: "log" as const, generation: "g", firstSeconds, lastSeconds, toTheSecond: true },
    });
    const ranges = [log(10, 50), log(60, 95)];
    assert.equal(evidenceOf(companion(), { list: { ...list([]), ranges } }).presentSinceSeconds, 60);
  });

  it("counts no proof that is older than one that failed", () => {
    assert.equal(evidence([proof("load", "failed"), proof("load", "ok")]).proof, undefined);
    assert.match(evidence([proof("digest", "failed"), proof("load", "ok")]).problem ?? "", /^Its last proof failed/);
    const settled = evidence([proof("digest", "ok"), proof("load", "failed"), proof("load", "ok")]);
    assert.match(settled.problem ?? "", /^Its last proof failed/);
  });

  it("takes no label that is no duration", () => {
    const labels = { "holdfast.backup.verified-within": "for ever" };
    assert.equal(evidence([], { labels }).verifiedWithinSeconds, undefined);
  });
});
