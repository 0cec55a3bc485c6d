import assert from "node:assert/strict";
import { judgePlan } from "../../impact/judge-plan.ts";
import { outageWords } from "../../impact/report.ts";
import { volumesToLookAt } from "../../impact/simulation/volume-sight.ts";
import { worstFate, type Verdict } from "../../impact/verdict/verdict.ts";
import { EventCollector, readDigest, readEventLine } from "../../inputs/pulumi/preview.ts";
import { readFacts } from "../../inputs/swarm/facts.ts";
import { readSwarmUse } from "../../inputs/swarm/use.ts";
import type { LiveFacts, Plan } from "../../model/plan/plan.ts";
import { dataMount, previewOf, type Change, type ServiceInputs } from "./changes.ts";
import { recordedChanges, recordedEvents, recordedPreview, vm } from "./recorded.ts";
import { verdictTable } from "./verdict-table.ts";

interface Step {
  op: string;
  urn: string;
  oldState?: { urn: string; inputs: ServiceInputs };
  newState?: { urn: string; inputs: ServiceInputs };
  detailedDiff?: object;
}

/** A preview of the recorded service in which another one is created, or in which steps are altered. */
function altered(of: Change, alter: (steps: Step[]) => void): string {
  const preview = JSON.parse(previewOf(of)) as { steps: Step[] }; // It was made just now.
  alter(preview.steps);
  return JSON.stringify(preview);
}

function fromEvents(text: string, name: string): Plan {
  const collector = new EventCollector("pulumi");
  for (const line of text.split("\n")) collector.add(readEventLine(line, name));
  return collector.plan(name);
}

function notes({ warnings }: Verdict): string {
  return warnings.map(({ text }) => text).join("\n");
}

function worst(plan: Plan, live: LiveFacts): ReturnType<typeof worstFate> {
  return worstFate(judgePlan(plan, live).verdicts.map(({ fate }) => fate));
}

function onlyVerdict(plan: Plan, live: LiveFacts): Verdict {
  const verdict = judgePlan(plan, live).verdicts.find(({ subject }) => subject === "service");
  assert.ok(verdict, "there is a verdict on the service");
  return verdict;
}

describe("verdicts on what real Pulumi did on a real swarm", () => {
  const live = { nodes: [vm] };
  for (const { name, fate, task } of recordedChanges()) {
    it(`${name}: ${fate}`, () => {
      const plan = readDigest(JSON.parse(recordedPreview(name)), name, "pulumi");
      assert.equal(worst(plan, live), fate);
      const streamed = fromEvents(recordedEvents(name), name);
      assert.equal(worst(streamed, live), fate);
      // The stream shows the service in every case, so its task can be told too.
      const { taskEffect } = onlyVerdict(streamed, live);
      const expected = { same: ["none"], replaced: ["replaced"], none: ["stopped", "cannot start", "replaced"] }[task];
      assert.ok(expected?.includes(taskEffect), `${taskEffect}, recorded: ${task}`);
    });
  }

  it("does not take nodes for the swarm's that lack the task's", () => {
    const plan = readDigest(JSON.parse(recordedPreview("pin-changed")), "pin-changed", "pulumi");
    const elsewhere = { ...vm, id: "e0", hostname: "elsewhere" };
    for (const nodes of [[], [{ ...vm, hostname: "" }], [{ ...vm, hostname: "other" }], [elsewhere]]) {
      const verdict = onlyVerdict(plan, { nodes });
      assert.deepEqual([verdict.fate, verdict.taskEffect], ["left behind", "moved"]);
      assert.match(notes(verdict), /The nodes that were given do not include/u);
    }
    const taskNodes = new Map([["stateful", ["gone"]]]);
    assert.equal(worst(plan, { nodes: [elsewhere], taskNodes }), "left behind");
    assert.equal(worst(plan, { nodes: [vm, elsewhere], taskNodes }), "left behind");
  });

  it("tells no better fate where the swarm's nodes are not known", () => {
    for (const { name, fate } of recordedChanges()) {
      const plan = readDigest(JSON.parse(recordedPreview(name)), name, "pulumi");
      // Whether the node "elsewhere" exists is all that the preview cannot tell.
      assert.equal(worst(plan, {}), name === "pin-changed" ? "left behind" : fate, name);
    }
  });
});

describe("verdicts on changes that follow from the rules", () => {
  for (const { change, fate, taskEffect, of, withoutNodes, executor } of verdictTable) {
    it(`${change}: ${fate}`, () => {
      const plan = readDigest(JSON.parse(previewOf(of)), change, executor ?? "pulumi");
      const verdict = onlyVerdict(plan, withoutNodes ? {} : { nodes: [vm] });
      assert.deepEqual({ fate: verdict.fate, taskEffect: verdict.taskEffect }, { fate, taskEffect });
      assert.notEqual(verdict.causes.length, 0);
      if (fate === "left behind") assert.notEqual(verdict.leftBehind.length, 0);
    });
  }
});

describe("a service that a plan creates in the place of one that it deletes", () => {
  const port = { PublishedPort: 10_000, PublishMode: "host", Protocol: "tcp" };
  /** The recorded renaming, with the name in Docker, the labels and the volume of the new service as given. */
  const obstaclesTo = (
    { name, labels, volume }: { name: string; labels?: string; volume?: string },
    executor: "pulumi" | "stack deploy" = "pulumi",
  ) => {
    const preview = JSON.parse(recordedPreview("service-logical-renamed")) as { steps: Step[] }; // It was recorded.
    const created = preview.steps.find(({ op, urn }) => op === "create" && urn.includes("Service::"));
    assert.ok(created?.newState, "the service is created");
    const { inputs } = created.newState;
    inputs.name = name;
    inputs["labels"] = labels === undefined ? [] : [{ label: labels, value: "any" }];
    if (volume !== undefined) dataMount(inputs)["source"] = volume;
    const plan = readDigest(preview, "preview", "pulumi");
    const services = [{ ID: "s", Spec: { Name: "stateful", EndpointSpec: { Ports: [port] } } }];
    const tasks = [{ ServiceID: "s", NodeID: vm.id, Status: { State: "running", PortStatus: { Ports: [port] } } }];
    const live = { nodes: [vm], use: readSwarmUse(services, tasks) };
    return judgePlan({ ...plan, executor }, live).obstacles;
  };

  it("cannot have its name, its volume, or its port before it is gone, and needs an alias", () => {
    const [name] = obstaclesTo({ name: "stateful" });
    assert.match(name?.got ?? "", /^the name "stateful", which the service "stateful" has until this one runs$/u);
    assert.match(name?.fix ?? "", /`aliases: \[\{ name: "redis" \}\]`.*Otherwise remove "stateful" from the program/u);
    const [volume] = obstaclesTo({ name: "k2", labels: "holdfast.stack" });
    assert.match(volume?.got ?? "", /^the data volume "foobarstore", which the service "stateful" has/u);
    const [held] = obstaclesTo({ name: "k2", volume: "other" });
    assert.match(held?.why ?? "", /port 10000, while service "stateful" has it on vm until this one runs$/u);
    assert.match(held?.fix ?? "", /alias .*Otherwise remove "stateful" from the program in a separate run first$/u);
  });

  it("has all of it where `docker stack deploy --prune` removes the old one first", () => {
    assert.deepEqual(obstaclesTo({ name: "k2", labels: "holdfast.stack" }, "stack deploy"), []);
  });
});

describe("verdicts on several resources of one preview", () => {
  const judged = (text: string): Verdict =>
    onlyVerdict(readDigest(JSON.parse(text), "preview", "pulumi"), { nodes: [vm] });
  /** The same preview, failed because its first resource is protected. */
  const refusing = (text: string): string => {
    const preview = JSON.parse(text) as { steps: Step[] }; // It was made just now.
    const urn = preview.steps[0]?.urn ?? "";
    const message = `error: unable to replace resource "${urn}"\nas it is currently marked for protection.`;
    return JSON.stringify({ ...preview, diagnostics: [{ urn, message, severity: "error" }] });
  };
  const addService = (volume: string, node: string): string =>
    altered({ service: (inputs) => void (inputs["labels"] = []) }, (steps) => {
      const [first] = steps;
      assert.ok(first?.newState);
      const newState = structuredClone(first.newState);
      newState.inputs.name = "second";
      newState.inputs.endpointSpec.ports = [];
      dataMount(newState.inputs)["source"] = volume;
      newState.inputs.taskSpec.placement = { constraints: [`node.hostname==${node}`] };
      steps.push({ op: "create", urn: `${first.urn}2`, newState: { ...newState, urn: `${first.urn}2` } });
    });

  it("tells of a second service that is given the same volume", () => {
    const verdict = judged(addService("foobarstore", "vm"));
    assert.equal(verdict.fate, "at risk");
    assert.match(verdict.causes[0]?.text ?? "", /^Service "second" gets the same storage/u);
    assert.equal(judged(addService("otherstore", "vm")).fate, "untouched");
    assert.equal(judged(addService("foobarstore", "elsewhere")).fate, "untouched");
  });

  it("tells of a second service on the volume of one that is taken out and retained", () => {
    const moved = (isRetained: boolean): Verdict =>
      judged(
        altered({ was: (inputs) => void (inputs.endpointSpec.ports = []), operation: "delete" }, (steps) => {
          const [deleted] = steps;
          assert.ok(deleted?.oldState);
          const urn = `${deleted.urn}2`;
          const inputs = { ...deleted.oldState.inputs, name: "second" };
          steps.unshift({ op: "create", urn, newState: { ...deleted.oldState, inputs, urn } });
          Object.assign(deleted.oldState, { retainOnDelete: isRetained });
        }),
      );
    assert.match(moved(true).causes[0]?.text ?? "", /^Service "second" gets the same storage/u);
    assert.equal(moved(true).fate, "at risk");
    assert.match(moved(false).causes[0]?.text ?? "", /^The new service is created before the old one/u);
  });

  it("sees under another logical name that the server refuses the files", () => {
    const renamed = (isRetained: boolean): Verdict =>
      judged(
        altered(
          {
            was: (inputs) => {
              inputs.endpointSpec.ports = [];
              Object.assign(inputs.taskSpec.containerSpec, { image: "postgres:15", args: [] });
              dataMount(inputs)["target"] = "/var/lib/postgresql/data";
            },
            operation: "delete",
          },
          (steps) => {
            const [deleted] = steps;
            assert.ok(deleted?.oldState);
            const urn = `${deleted.urn}2`;
            const inputs = { ...structuredClone(deleted.oldState.inputs), name: "second" };
            inputs.taskSpec.containerSpec["image"] = "postgres:16";
            steps.unshift({ op: "create", urn, newState: { ...deleted.oldState, inputs, urn } });
            Object.assign(deleted.oldState, { retainOnDelete: isRetained });
          },
        ),
      );
    const { fate, taskEffect, causes } = renamed(false);
    assert.deepEqual([fate, taskEffect], ["untouched", "none"]);
    assert.match(causes[0]?.text ?? "", /^This step is not reached: .* PostgreSQL 16 refuses the files of version 15/u);
    assert.equal(renamed(true).fate, "untouched");
  });

  it("tells a volume by itself from the file server that it leads to", () => {
    const alone = (volumeDriverOptions: Record<string, unknown>): Verdict => {
      const of: Change = { operation: "same", volume: "deleted", volumeDriverOptions };
      const document = { ...(JSON.parse(previewOf(of)) as object), changeSummary: { delete: 1 } }; // It was made just now.
      const [verdict] = judgePlan(readDigest(document, "preview", "pulumi")).verdicts;
      assert.ok(verdict);
      return verdict;
    };
    assert.equal(alone({}).fate, "destroyed");
    const { fate, leftBehind } = alone({ type: "nfs", o: "addr=10.0.0.9", device: ":/x" });
    assert.equal(fate, "left behind");
    assert.match(leftBehind[0]?.command ?? "", /^mount -t nfs 10\.0\.0\.9:\/x/u);
  });

  it("tells the constraints that no longer tie the task to its node", () => {
    const constraints = ["node.labels.redis==yes"];
    const change: Change = { service: ({ taskSpec }) => void (taskSpec.placement = { constraints }) };
    const [cause] = onlyVerdict(readDigest(JSON.parse(previewOf(change)), "preview", "pulumi"), {}).causes;
    assert.deepEqual([cause?.before, cause?.after], ["node.hostname==vm", "node.labels.redis==yes"]);
  });

  it("knows the node of what a removed service leaves behind by its pin", () => {
    const plan = readDigest(JSON.parse(recordedPreview("service-removed")), "preview", "pulumi");
    assert.equal(onlyVerdict(plan, {}).leftBehind[0]?.node, "vm");
  });

  it("tells the volumes of the executor's engine from those of the service's node", () => {
    const nodes = [vm, { ...vm, id: "m0", hostname: "manager" }];
    const fates = (change: string): unknown[] =>
      [{ engineNode: "v0" }, { engineNode: "m0" }].map(
        (where) => onlyVerdict(fromEvents(recordedEvents(change), change), { nodes, ...where }).fate,
      );
    assert.deepEqual(fates("service-removed+volume-removed"), ["destroyed", "left behind"]);
    assert.deepEqual(fates("volume-renamed"), ["untouched", "left behind"]);
    assert.deepEqual(fates("volume-removed"), ["untouched", "untouched"]);
    const inMemory = previewOf({
      service: ({ taskSpec }) => void (taskSpec["forceUpdate"] = 1),
      volume: "same",
      volumeDriverOptions: { type: "tmpfs", device: "tmpfs" },
    });
    const plan = readDigest(JSON.parse(inMemory), "preview", "pulumi");
    assert.equal(onlyVerdict(plan, { nodes, engineNode: "v0" }).fate, "destroyed");
    assert.equal(onlyVerdict(plan, { nodes, engineNode: "m0" }).fate, "interrupted");
  });

  it("sees from the plan's paths that a value changes which is hidden with all that it is in", () => {
    const secret = "[secret]";
    const hidden = (path: string, hide: (inputs: ServiceInputs) => void): Verdict =>
      judged(
        altered({ was: hide }, (steps) => {
          for (const step of steps) step.detailedDiff = { [path]: { kind: "update" } };
        }),
      );
    const container = (property: string, value: unknown) => (inputs: ServiceInputs) => {
      inputs.taskSpec.containerSpec[property] = value;
    };
    const path = "taskSpec.containerSpec";
    for (const { taskEffect } of [
      hidden(`${path}.healthcheck.tests[3]`, container("healthcheck", secret)),
      hidden(`${path}.healthcheck.tests[1]`, container("healthcheck", { tests: ["CMD", secret] })),
      hidden(`${path}.args[4]`, container("args", secret)),
      hidden(`${path}.env.PASSWORD`, container("env", secret)),
    ]) {
      assert.equal(taskEffect, "replaced");
    }
    const bitnami = (environment: unknown) => (inputs: ServiceInputs) => {
      Object.assign(inputs.taskSpec.containerSpec, { image: "bitnami/redis:7.0", args: [], env: environment });
      dataMount(inputs)["target"] = "/bitnami/redis/data";
    };
    for (const [place, hide] of [
      ["mounts[0].source", container("mounts", secret)],
      ["args[4]", container("args", secret)],
      ["args[2]", container("args", ["redis-server", "--appendonly", secret])],
      ["args[2]", container("args", ["redis-server", "--dir", secret])],
      ["env.REDIS_AOF_ENABLED", bitnami({ REDIS_AOF_ENABLED: secret })],
      ["env.REDIS_AOF_ENABLED", bitnami(secret)],
    ] as const) {
      assert.equal(hidden(`${path}.${place}`, hide).fate, "unknown", place);
    }
    // What else is hidden says nothing about the data.
    assert.equal(hidden(`${path}.env.PASSWORD`, bitnami({ PASSWORD: secret })).fate, "interrupted");
    assert.equal(
      hidden(`${path}.args[2]`, container("args", ["redis-server", "--requirepass", secret])).fate,
      "interrupted",
    );
  });

  it("judges a resource once that is refreshed first", () => {
    const text = altered({ operation: "delete" }, (steps) => {
      const [step] = steps;
      assert.ok(step?.oldState);
      steps.unshift({ ...step, op: "refresh", newState: step.oldState });
    });
    const { verdicts } = judgePlan(readDigest(JSON.parse(text), "preview", "pulumi"), { nodes: [vm] });
    assert.deepEqual(
      verdicts.map(({ fate }) => fate),
      ["left behind"],
    );
  });

  it("says that a service stays where another step fails before it is deleted", () => {
    const { fate, causes } = judged(
      altered(
        {
          was: (inputs) => void (inputs.endpointSpec.ports = []),
          service: (inputs) => {
            inputs.name = "second";
            dataMount(inputs)["source"] = "otherstore";
          },
          operation: "replace, new one first",
        },
        (steps) => {
          const [first] = steps;
          assert.ok(first?.newState);
          const urn = `${first.urn}2`;
          const newState = { ...structuredClone(first.newState), urn };
          Object.assign(newState.inputs, { name: "third" });
          newState.inputs.taskSpec.placement = { constraints: ["node.hostname==nowhere"] };
          steps.push({ op: "create", urn, newState });
        },
      ),
    );
    assert.equal(fate, "untouched");
    assert.match(causes[0]?.text ?? "", /^Another step fails before the old service is deleted/u);
  });

  it("takes a resource that is unprotected and replaced in one update for replaced", () => {
    const withProtection = (isStillProtected: boolean): Verdict => {
      const text = altered(
        { service: (inputs) => void (inputs.name = "stateful2"), operation: "replace" },
        ([step]) => {
          assert.ok(step?.oldState && step.newState);
          Object.assign(step.oldState, { protect: true });
          Object.assign(step.newState, { protect: isStillProtected });
        },
      );
      return judged(isStillProtected ? refusing(text) : text);
    };
    assert.equal(withProtection(false).fate, "interrupted");
    assert.equal(withProtection(true).fate, "untouched");
  });

  it("takes what is protected for deleted where no error refuses it: a run with --ignore-protect", () => {
    const renamed: Change = { service: (inputs) => void (inputs.name = "stateful2"), operation: "replace" };
    const text = altered(renamed, ([step]) => {
      assert.ok(step?.oldState && step.newState);
      for (const state of [step.oldState, step.newState]) Object.assign(state, { protect: true });
    });
    const ignored = judged(text);
    assert.deepEqual([ignored.fate, ignored.taskEffect], ["interrupted", "replaced"]);
    assert.match(notes(ignored), /^The service "stateful" is protected, and this run deletes it all the same/u);
    const kept = judged(refusing(text));
    assert.deepEqual([kept.fate, kept.taskEffect], ["untouched", "none"]);
    assert.match(notes(kept), /^The service "stateful" stays only because of `protect`: /mu);
    const whole = judged(previewOf({ operation: "delete", volume: "protected and deleted" }));
    assert.match(notes(whole), /^The volume "foobarstore" stays only because of `protect`: /mu);
    const lost = judged(previewOf({ operation: "delete", volume: "protected and deleted all the same" }));
    assert.match(notes(lost), /^The volume "foobarstore" is protected, and this run deletes it/mu);
  });

  it("recognises a deletion under the URN that an aliased resource had", () => {
    const [deletion, ...others] = recordedEvents("service-renamed")
      .split("\n")
      .filter((line) => line.includes("::redis") || line.includes("summaryEvent"));
    assert.ok(deletion?.includes("delete-replaced"));
    const renamed = others.map((line) =>
      line.replace(/"urn":"[^"]*::redis"/u, (urn) => urn.replace("::redis", "::cache")),
    );
    const { fate, taskEffect } = onlyVerdict(fromEvents([deletion, ...renamed].join("\n"), "aliased"), { nodes: [vm] });
    assert.deepEqual({ fate, taskEffect }, { fate: "interrupted", taskEffect: "replaced" });
  });

  it("reads the configuration that a service still has after an update of it has failed", () => {
    const urn = (type: string, name: string) => `urn:pulumi:dev::p::docker:index/${type}::${name}`;
    const type = "docker:index/serviceConfig:ServiceConfig";
    const config = urn("serviceConfig:ServiceConfig", "configuration");
    const state = (id: string, content: string) => {
      const inputs = { name: `configuration-${id}`, data: Buffer.from(content).toString("base64") };
      return { urn: config, type, id, inputs, outputs: { ...inputs, id } };
    };
    const isOn = "appendonly yes\n";
    const [running, failed, next] = [state("1", isOn), state("2", "bogus\n"), state("3", isOn)];
    const { steps } = JSON.parse(previewOf({})) as { steps: [Step] }; // It was made just now.
    const [{ urn: service, oldState, newState }] = steps;
    const side = (of: Step["oldState"], { inputs: { name } }: typeof running) => {
      const { taskSpec } = of?.inputs ?? assert.fail();
      const fileName = "/usr/local/etc/redis/redis.conf";
      const containerSpec = { ...taskSpec.containerSpec, args: [fileName], configs: [{ configName: name, fileName }] };
      const inputs = { ...of?.inputs, taskSpec: { ...taskSpec, containerSpec } };
      return { ...of, inputs, outputs: inputs };
    };
    const events = [
      { op: "create-replacement", urn: config, type, old: failed, new: next },
      { op: "replace", urn: config, type, old: failed, new: next },
      {
        op: "update",
        urn: service,
        type: "docker:index/service:Service",
        old: side(oldState, running),
        new: side(newState, next),
      },
      { op: "delete-replaced", urn: config, type, old: failed },
      { op: "delete-replaced", urn: config, type, old: running },
    ].map((metadata, sequence) => ({ sequence, timestamp: 0, resourcePreEvent: { metadata } }));
    const text = [...events, { sequence: 5, timestamp: 0, summaryEvent: {} }].map((event) => JSON.stringify(event));
    const { fate, taskEffect } = onlyVerdict(fromEvents(text.join("\n"), "failed"), { nodes: [vm] });
    assert.deepEqual({ fate, taskEffect }, { fate: "interrupted", taskEffect: "replaced" });
  });
});

describe("what a verdict says besides its fate", () => {
  const judged = (of: Change, live: LiveFacts = {}): Verdict =>
    onlyVerdict(readDigest(JSON.parse(previewOf(of)), "preview", "pulumi"), { nodes: [vm], ...live });
  const row = (start: string): Verdict => {
    const found = verdictTable.find(({ change }) => change.startsWith(start));
    assert.ok(found, start);
    return judged(found.of);
  };
  const waysOut = ({ remedies }: Verdict): string =>
    remedies.map(({ text, lines = [] }) => [text, ...lines].join("\n")).join("\n");
  const withLimit = (memoryBytes: number): Change => ({
    service: ({ taskSpec }) => void (taskSpec.resources = { limits: { memoryBytes } }),
  });

  it("weighs the size of the data against the memory limit and the grace period", () => {
    const sized = (bytes: number): LiveFacts => ({ datasetBytes: new Map([["stateful", bytes]]) });
    assert.equal(judged(withLimit(50e6), sized(40e6)).fate, "interrupted");
    const { fate, causes, remedies } = judged(withLimit(50e6), sized(60e6));
    assert.deepEqual([fate, causes[0]?.path], ["at risk", "taskSpec.resources.limits.memoryBytes"]);
    assert.match(remedies[0]?.text ?? "", /^Choose a memory limit/u);
    const stopped = judged({ service: (inputs) => void (inputs.mode = { replicated: { replicas: 0 } }) }, sized(4e9));
    assert.deepEqual([stopped.fate, stopped.causes[0]?.path], ["at risk", "taskSpec.containerSpec.stopGracePeriod"]);
  });

  it("says that a service is down, and expects no stop of a task that does not run", () => {
    const down = new Map([["stateful", "the newest is rejected: no such image"]]);
    const nothing: Change["service"] = ({ taskSpec }) =>
      void (taskSpec.containerSpec.args = ["redis-server", "--save", ""]);
    const lost = { was: nothing, service: withLimit(200e6).service ?? nothing };
    assert.deepEqual([judged(lost).fate, judged(lost, { down }).fate], ["destroyed", "interrupted"]);
    const { outage, warnings, taskEffect } = judged(withLimit(200e6), { down });
    assert.deepEqual([taskEffect, outage.isDownNow], ["replaced", true]);
    assert.deepEqual(
      outage.parts.map(({ name }) => name),
      ["task scheduled, container started", "data read back"],
    );
    assert.match(
      warnings[0]?.text ?? "",
      /^No task of the service runs now \(the newest is rejected: no such image\), so this/u,
    );
    const label = judged({ service: (inputs) => void (inputs["labels"] = []) }, { down });
    assert.deepEqual([label.fate, outageWords(label)], ["untouched", "down now, until someone intervenes"]);
    assert.match(label.warnings[0]?.text ?? "", /stops none, and starts none\.$/u);
  });

  it("takes files that are gone for those of the last run, after somebody has rolled the service back by hand", () => {
    const { of } = verdictTable.find(({ change }) => change.startsWith("durable to balanced")) ?? {};
    assert.ok(of?.files);
    const files = Object.keys(of.files.is);
    // The former configurations are named in the service, and nowhere else.
    const isGone = ({ oldState }: Step): boolean => oldState?.urn.includes("ServiceConfig") === true;
    const plan = altered(of, (steps) => {
      for (const step of steps.filter(isGone)) delete step.oldState;
      for (const step of steps) if (step.oldState === undefined) step.op = "create";
    });
    const read = readDigest(JSON.parse(plan), "preview", "pulumi");
    const fate = (live: LiveFacts) => onlyVerdict(read, live).fate;
    const having = (side: string): LiveFacts => ({ configNames: new Set(files.map((path) => `${side}-${path}`)) });
    assert.equal(fate({}), "unknown");
    assert.equal(fate(having("is")), "interrupted");
    assert.equal(fate(having("was")), "unknown", "they are there, and their content is not shown");
    assert.equal(fate(having("neither")), "unknown");
  });

  it("counts what lies in the volume on the node where the task starts next", () => {
    const other = { ...vm, id: "n2", hostname: "two" };
    const move: Change["service"] = ({ taskSpec }) =>
      void (taskSpec.placement = { constraints: ["node.hostname==two"] });
    const { was, files } = verdictTable.find(({ change }) => change.startsWith("durable to balanced"))?.of ?? {};
    const raw: Change = { service: move };
    const guarded: Change = { service: move, ...(was && { was }), ...(files && { files }) };
    const on = (of: Change, sight: object | undefined, more: LiveFacts = {}): unknown[] => {
      const there = sight === undefined ? [] : [["foobarstore", sight]];
      const facts = {
        nodes: [],
        volumesOn: { n2: Object.fromEntries(there) as object },
        engineNode: "v0",
      };
      const { live } = readFacts(facts, "facts");
      const { fate, causes } = judged(of, { ...live, nodes: [vm, other], ...more });
      return [fate, /Local volumes.*$/u.exec(causes[0]?.text ?? "")?.[0] ?? causes[0]?.text];
    };
    const copy = { mark: "shop/prod/redis", isEmpty: false };
    assert.deepEqual(on(raw, undefined), [
      "left behind",
      'Local volumes stay on their node: on two, volume "foobarstore" is not there yet.',
    ]);
    assert.equal(on(raw, { isEmpty: true })[0], "left behind");
    assert.equal(on(raw, { isEmpty: false })[0], "at risk");
    assert.equal(on(guarded, copy)[0], "at risk");
    assert.equal(on(guarded, copy, { down: new Map([["stateful", "it is scaled to 0"]]) })[0], "interrupted");
    assert.deepEqual(on(guarded, { ...copy, mark: "shop/test/redis" }), [
      "left behind",
      'Local volumes stay on their node: on two, volume "foobarstore" is there with the mark of shop/test/redis, so the service\'s start guard refuses to start on it.',
    ]);
    assert.equal(on(guarded, { isEmpty: false })[0], "left behind");
  });

  it("counts what lies in a volume of another name", () => {
    const { was, files } = verdictTable.find(({ change }) => change.startsWith("durable to balanced"))?.of ?? {};
    const rename: Change["service"] = (inputs) => void (dataMount(inputs)["source"] = "otherstore");
    const guarded: Change = { service: rename, ...(was && { was }), ...(files && { files }) };
    const stopped: LiveFacts = { down: new Map([["stateful", "it is scaled to 0"]]) };
    const on = (of: Change, sight: object | undefined, more: LiveFacts): string[] => {
      const volumesOn = { [vm.id]: sight === undefined ? {} : { otherstore: sight } };
      const { live } = readFacts({ nodes: [], volumesOn }, "facts");
      const { fate, causes, assumptions } = judged(of, { ...live, nodes: [vm], ...more });
      const text = causes.at(-1)?.text ?? "";
      return [fate, / Now .*$/u.exec(text)?.[0] ?? text, ...assumptions.filter((each) => each.includes("copied"))];
    };
    const copy = { mark: "shop/prod/redis", isEmpty: false };
    assert.deepEqual(on(guarded, copy, stopped), [
      "interrupted",
      'The new task finds volume "otherstore" at /data, which is there with the mark of shop/prod/redis: it starts on the data there, and volume "foobarstore" stays as it is.',
      "the data there was copied after the last task had stopped",
    ]);
    assert.deepEqual(on(guarded, copy, {}), [
      "left behind",
      ' Now volume "otherstore" is there with the mark of shop/prod/redis; what is written from now on would not be in it.',
    ]);
    for (const sight of [undefined, { isEmpty: true }, { isEmpty: false }, { ...copy, mark: "shop/test/redis" }])
      assert.equal(on(guarded, sight, stopped)[0], "left behind");
    assert.equal(on({ service: rename }, { isEmpty: false }, stopped)[0], "interrupted");
    const scaledBack: Change = {
      was: ({ mode }) => void (mode["replicated"] = { replicas: 0 }),
      service: (inputs) => {
        rename(inputs);
        inputs.mode["replicated"] = { replicas: 1 };
      },
    };
    assert.equal(on(scaledBack, { isEmpty: false }, {})[0], "interrupted");
    assert.equal(on(scaledBack, { isEmpty: true }, {})[0], "left behind");
    assert.deepEqual(on({ service: rename }, undefined, stopped), [
      "left behind",
      ' Now volume "otherstore" is not there yet.',
    ]);
    const intoFolder: Change = {
      service: (inputs) => {
        rename(inputs);
        inputs.taskSpec.containerSpec.args.push("--dir", "/data/sub");
      },
    };
    assert.equal(on(intoFolder, { isEmpty: false }, stopped)[0], "left behind");
  });

  it("looks at a volume of another name on the node that stays", () => {
    const wanted = (service: NonNullable<Change["service"]>): unknown =>
      volumesToLookAt(readDigest(JSON.parse(previewOf({ service })), "preview", "pulumi"), { nodes: [vm] });
    assert.deepEqual(
      wanted((inputs) => void (dataMount(inputs)["source"] = "otherstore")),
      [{ node: vm.id, volume: "otherstore" }],
    );
    assert.deepEqual(
      wanted(({ taskSpec }) => void (taskSpec["forceUpdate"] = 1)),
      [],
    );
  });

  it("names the mount as what leads to another volume, also where a configuration says the data path", () => {
    const of: Change = {
      service: (inputs) => void (dataMount(inputs)["source"] = "otherstore"),
      files: { was: { "/redis.conf": "dir /data" }, is: { "/redis.conf": "dir /data" } },
      was: ({ taskSpec }) => void (taskSpec.containerSpec.args = ["redis-server", "/redis.conf"]),
    };
    const { causes } = judged(of);
    assert.deepEqual(
      causes.map(({ path, before, after }) => [path, before, after]),
      [["taskSpec.containerSpec.mounts[0].source", "foobarstore", "otherstore"]],
    );
  });

  it("expects no more data back than the new memory limit holds", () => {
    const taken: Change = {
      was: ({ taskSpec }) => void (taskSpec.resources = { limits: { memoryBytes: 900e9 } }),
      ...withLimit(100e6),
    };
    assert.ok((judged(taken).outage.parts.at(-1)?.mostSeconds ?? Infinity) < 3);
  });

  it("assumes that a configuration which cannot be seen saves the data", () => {
    const { assumptions } = row("a memory limit, with a configuration file that cannot be seen");
    assert.match(assumptions.join("\n"), /^the configuration of Redis, which cannot be seen here \(/u);
    assert.deepEqual(row("a higher memory limit").assumptions, []);
  });

  it("has an outage without end for a server that refuses the files", () => {
    const { outage, causes } = row("PostgreSQL, the next major version");
    assert.equal(outage.mostSeconds, undefined);
    assert.match(causes.at(-1)?.text ?? "", /^PostgreSQL 16 refuses the files of version 15: it never starts/u);
    const valkey = row("Valkey on the files of a Redis from 7.4 on");
    assert.equal(valkey.outage.mostSeconds, undefined);
    assert.match(
      valkey.causes.at(-1)?.text ?? "",
      /^Valkey 8\.1 does not load what Redis 7\.4 writes: it never starts/u,
    );
  });

  it("knows which failed updates Swarm takes back", () => {
    const postgres: Change["service"] = (inputs) => {
      inputs.updateConfig = { ...inputs.updateConfig, failureAction: "rollback" };
      Object.assign(inputs.taskSpec.containerSpec, { image: "postgres:15", args: [] });
      dataMount(inputs)["target"] = "/var/lib/postgresql/data";
    };
    const refused = judged({
      was: postgres,
      service: ({ taskSpec }) => void (taskSpec.containerSpec["image"] = "postgres:16"),
    });
    assert.deepEqual([refused.fate, refused.taskEffect], ["interrupted", "cannot start"]);
    assert.match(refused.causes.at(-1)?.text ?? "", /it never starts, Swarm rolls the update back/u);
    assert.ok((refused.outage.mostSeconds ?? Infinity) < 200);
    const constraints = ["node.hostname==elsewhere"];
    const waits = judged({ was: postgres, service: ({ taskSpec }) => void (taskSpec.placement = { constraints }) });
    assert.equal(waits.outage.mostSeconds, undefined);
    assert.match(notes(waits), /^Swarm does not roll this update back/mu);
    const redis = (failureAction: string): Verdict =>
      judged({
        was: (inputs) => {
          inputs.updateConfig = { ...inputs.updateConfig, failureAction };
          inputs.taskSpec.containerSpec["image"] = "redis:7";
        },
        service: ({ taskSpec }) => void (taskSpec.containerSpec["image"] = "redis:8"),
      });
    assert.match(notes(redis("rollback")), /^Redis 8 may change the files as soon as it starts/mu);
    assert.doesNotMatch(notes(redis("pause")), /may change the files/u);
  });

  it("tells another program of the image by the command that starts it", () => {
    const { fate, causes } = judged({
      was: ({ taskSpec }) => void (taskSpec.containerSpec["image"] = "redis:7"),
      service: ({ taskSpec }) => void (taskSpec.containerSpec.args = ["redis-server", "/data/s.conf", "--sentinel"]),
    });
    assert.deepEqual([fate, causes[0]?.path], ["at risk", "taskSpec.containerSpec.args"]);
    assert.match(causes[0]?.text ?? "", /^The command starts another program of the image/u);
  });

  it("says that a retained service stays", () => {
    const words = /^The old service is not deleted \(retainOnDelete\): it stays as it is/u;
    assert.match(row("a retained service renamed, onto another volume").causes[0]?.text ?? "", words);
    assert.match(judged({ operation: "delete", isRetained: true }).causes[0]?.text ?? "", words);
  });

  it("says how much more a crash may take from then on, without taking the change for the loss", () => {
    const given = (before: readonly string[], after: readonly string[]) => {
      const said = (words: readonly string[]): NonNullable<Change["service"]> => {
        return ({ taskSpec }) => void (taskSpec.containerSpec.args = ["redis-server", ...words]);
      };
      const verdict = judged({ was: said(before), service: said(after) });
      return [
        verdict.fate,
        ...notes(verdict)
          .split("\n")
          .filter((text) => text.includes("acknowledged writes")),
      ];
    };
    const lost = (later: string, earlier: string) =>
      `From then on a crash of the server or its node may lose acknowledged writes: ${later}, until now ${earlier}.`;
    const always = ["--appendonly", "yes", "--appendfsync", "always"];
    const everySecond = ["--appendonly", "yes"];
    const byTheSystem = ["--appendonly", "yes", "--appendfsync", "no"];
    const words = {
      always: "none (appendfsync always)",
      everySecond: "up to 1 s of them (appendfsync everysec)",
      byTheSystem: "about 30 s of them, which is how long Linux usually keeps them in memory (appendfsync no)",
      snapshots: "all since the last snapshot (snapshots alone)",
    };
    assert.deepEqual(given(always, everySecond), ["interrupted", lost(words.everySecond, words.always)]);
    assert.deepEqual(given(everySecond, byTheSystem), ["interrupted", lost(words.byTheSystem, words.everySecond)]);
    assert.deepEqual(given(everySecond, ["--save", "60", "1"]), [
      "interrupted",
      lost(words.snapshots, words.everySecond),
    ]);
    for (const [before, after] of [
      [everySecond, always],
      [everySecond, [...everySecond, "--maxclients", "99"]],
      [everySecond, ["/data/redis.conf"]],
      [["/data/redis.conf"], byTheSystem],
    ] as const)
      assert.equal(given(before, after).length, 1);
    const file = (appendFsync: string) => ({ "/etc/redis.conf": `appendonly yes\nappendfsync ${appendFsync}\n` });
    const byFile: NonNullable<Change["service"]> = ({ taskSpec }) =>
      void (taskSpec.containerSpec.args = ["redis-server", "/etc/redis.conf"]);
    const verdict = judged({
      was: byFile,
      service: byFile,
      files: { was: file("always"), is: file("everysec") },
    });
    assert.deepEqual([verdict.fate, notes(verdict)], ["interrupted", lost(words.everySecond, words.always)]);
    const ofComponent = (change: string) => notes(row(`${change}, of the Redis component`));
    assert.deepEqual(ofComponent("durable to balanced"), lost(words.everySecond, words.always));
    assert.deepEqual(ofComponent("durable to snapshot"), lost(words.snapshots, words.always));
    assert.deepEqual(ofComponent("balanced to durable"), "");
  });

  it("warns of a stop that will lose data, whatever the program", () => {
    const warned = (image: string, target: string): boolean =>
      judged({
        was: (inputs) => {
          Object.assign(inputs.taskSpec.containerSpec, { image, args: [] });
          dataMount(inputs)["target"] = target;
        },
        service: ({ taskSpec }) => void (taskSpec.containerSpec["stopSignal"] = "SIGKILL"),
      }).warnings.some(({ text }) => text.startsWith("From then on a stop loses data: it is stopped with SIGKILL"));
    const stores = {
      "influxdb:2": "/var/lib/influxdb2",
      "acme/store:1": "/data",
      "postgres:16": "/var/lib/postgresql/data",
    };
    assert.deepEqual(
      Object.entries(stores).map(([image, target]) => warned(image, target)),
      [true, true, false],
    );
  });

  it("says never only where the version is known", () => {
    const { causes } = row("Valkey on the files of a Redis whose version is not known");
    assert.match(causes[0]?.text ?? "", /^The new server may not load the files, and never start: Valkey 8\.1 /u);
  });

  it("shows ways out that lead there", () => {
    assert.match(waysOut(row("any change of a task that is stopped with SIGKILL")), /^Leave the stop signal out/u);
    assert.match(waysOut(row("any change of a task whose server a shell starts")), /^Write `exec` before the server/u);
    for (const change of [
      "any change of a task that is stopped with SIGKILL",
      "the append-only file switched off, without",
    ])
      assert.match(waysOut(row(change)), /\ndocker exec .*service\.name=stateful.* redis-cli BGSAVE$/mu);
    assert.match(waysOut(row("another snapshot file")), /^Keep the name/u);
    assert.match(waysOut(row("another folder for the append-only file")), /^Keep the name/u);
    assert.match(waysOut(row("any change of a task whose data is in memory")), /tar -C \/data -cf - \./u);
    assert.match(waysOut(row("the service renamed, the new one first, without a port")), /deleteBeforeReplace: true/u);
    assert.doesNotMatch(waysOut(row("the service and its volume removed")), /state delete/u);
    const readOnly = judged({ was: (inputs) => void (dataMount(inputs)["readOnly"] = true), ...withLimit(200e6) });
    assert.match(waysOut(readOnly), /redis-cli --rdb/u);
    const mongo = judged({
      was: (inputs) => {
        Object.assign(inputs.taskSpec.containerSpec, { image: "mongo:7", args: [] });
        dataMount(inputs)["target"] = "/data/db";
      },
      service: ({ taskSpec }) => void (taskSpec.containerSpec["image"] = "mongo:6"),
    });
    assert.deepEqual([mongo.fate, waysOut(mongo).includes("BGSAVE")], ["at risk", false]);
  });

  it("points at the program where a service is created anew under another logical name", () => {
    const urn = "urn:pulumi:dev::recording::docker:index/service:Service::";
    const preview = JSON.parse(
      previewOf({ was: (inputs) => void (inputs.endpointSpec.ports = []), operation: "delete" }),
    ) as { steps: Step[] }; // It was made just now.
    const [deletion] = preview.steps;
    assert.ok(deletion?.oldState);
    const created = { op: "create", urn: `${urn}other`, newState: { ...deletion.oldState, urn: `${urn}other` } };
    created.newState.inputs = { ...structuredClone(deletion.oldState.inputs), name: "stateful2" };
    preview.steps.unshift(created);
    const verdict = onlyVerdict(readDigest(preview, "preview", "pulumi"), { nodes: [vm] });
    assert.deepEqual([verdict.fate, waysOut(verdict).includes(`aliases: ["${deletion.urn}"]`)], ["at risk", true]);
    assert.equal(verdict.causes[0]?.path, undefined);
  });

  it("reaches an export with the command that mount.nfs takes", () => {
    const { leftBehind } = row("the service removed, and its volume that leads to a file server");
    assert.match(leftBehind[0]?.command ?? "", /^mount -t nfs 10\.0\.0\.9:\/x \/mnt && /u);
  });
});
