import assert from "node:assert/strict";
import fc from "fast-check";
import { analyse } from "../../impact/report.ts";
import { readPlan, type InputOptions, type Source } from "../../inputs/read-plan.ts";
import { readFacts } from "../../inputs/swarm/facts.ts";
import { InputError } from "../../text/input-error.ts";
import { recordedEvents, recordedFile, recordedPreview } from "../impact/recorded.ts";

const options: InputOptions = { executor: "pulumi", prune: false };

function source(text: string, name = "plan.json", chunkLength = 1000): Source {
  return {
    name,
    chunks: (async function* () {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += chunkLength)
        yield await Promise.resolve(bytes.subarray(at, at + chunkLength));
    })(),
  };
}

async function fateOf(...texts: string[]): Promise<string> {
  return analyse(
    await readPlan(
      texts.map((text, index) => source(text, `file${index}`)),
      options,
    ),
  ).worst;
}

function refuses(texts: string[], message: RegExp, more: Partial<InputOptions> = {}) {
  return assert.rejects(
    readPlan(
      texts.map((text, index) => source(text, `file${index}`)),
      { ...options, ...more },
    ),
    (error) => {
      assert.ok(error instanceof InputError, String(error));
      assert.match(error.message, message);
      return true;
    },
  );
}

describe("impact input", () => {
  it("reads the one document of a preview", async () => {
    assert.equal(await fateOf(recordedPreview("args")), "left behind");
  });

  it("reads a stream of events, whatever the pieces that it comes in", async () => {
    const text = recordedEvents("mount-renamed");
    for (const length of [1, 7, 100_000]) {
      const plan = await readPlan([source(text, "events", length)], options);
      assert.equal(analyse(plan).worst, "left behind");
    }
  });

  it("reads a preview that begins with a byte order mark", async () => {
    assert.equal(await fateOf(`\ufeff${recordedPreview("args")}`), "left behind");
  });

  it("reads a pair of states", async () => {
    const state = (name: string): string => recordedFile(`lifecycle/${name}.state.json`);
    assert.equal(await fateOf(state("01-up-create"), state("02-up-unchanged")), "untouched");
    assert.equal(await fateOf(state("01-up-create"), state("03-up-secret-rotated")), "interrupted");
    assert.equal(await fateOf(state("03-up-secret-rotated"), state("04-up-service-renamed")), "interrupted");
    assert.equal(await fateOf(state("10-preview-diff"), state("11-destroy")), "destroyed");
  });

  it("analyses a preview that failed", async () => {
    const preview = JSON.parse(recordedPreview("mount-renamed")) as Record<string, unknown>;
    preview["diagnostics"] = [{ severity: "error", message: "error: preview failed: a policy is violated\n" }];
    const report = analyse(await readPlan([source(JSON.stringify(preview))], options));
    assert.equal(report.worst, "left behind");
    assert.deepEqual(report.errors, [{ code: "DF706", text: "preview failed: a policy is violated" }]);
  });

  it("carries the findings of policies along", async () => {
    const events = recordedEvents("args").split("\n");
    const policyEvent = {
      message: "no",
      policyName: "pin",
      policyPackName: "p",
      enforcementLevel: "mandatory",
      resourceUrn: "urn:x",
    };
    const text = [
      ...events.slice(0, -1),
      JSON.stringify({ sequence: 900, timestamp: 0, policyEvent }),
      events.at(-1),
    ].join("\n");
    const { policyFindings } = await readPlan([source(text)], options);
    assert.deepEqual(policyFindings, [{ policy: "pin", level: "mandatory", resource: "urn:x", message: "no" }]);
  });

  it("refuses with one sentence what is no preview", async () => {
    const preview = recordedPreview("args");
    await refuses([""], /^file0: expected what `pulumi preview --json` prints, got nothing\. /u);
    await refuses(["hello\n"], /got text that is no JSON/u);
    await refuses([preview.slice(0, preview.length / 2)], /got JSON that is cut off or broken/u);
    await refuses(['{"a":1}'], /got other JSON/u);
    await refuses(["[]"], /got other JSON/u);
    await refuses(["null"], /expected what/u);
    await refuses(['{"steps":[{"op":1}]}'], /another form at steps\.0\.op/u);
    await refuses([recordedFile("base-state.json")], /expected a preview, or two states to compare, got one state/u);
    await refuses([recordedFile("base-state.json"), preview], /one state and something else/u);
    await refuses([`${"[".repeat(200_000)}${"]".repeat(200_000)}`], /expected what/u);
  });

  it("refuses a preview with operations that Pulumi does not know, and steps without what they are about", async () => {
    const text = recordedPreview("service-removed+volume-removed");
    await refuses([text.replaceAll('"delete"', '"destroy"')], /another form at steps\[urn:pulumi:[^\]]*\]\.op/u);
    await refuses([text.replaceAll('"oldState"', '"old"')], /another form at steps\[urn:pulumi:[^\]]*\]\.oldState/u);
    const volume = "urn:pulumi:dev::p::docker:index/volume:Volume::data";
    await refuses([JSON.stringify({ steps: [{ op: "create", urn: volume }] })], /\]\.newState/u);
    await refuses(['{"changeSummary":{"delete":2,"same":1}}'], /another form at steps\. /u);
    assert.equal(await fateOf('{"changeSummary":{"same":1.5}}'), "untouched");
    const events = recordedEvents("service-removed+volume-removed");
    await refuses([events.replaceAll('"op":"delete"', '"op":"destroy"')], /another form at metadata\.op/u);
  });

  it("refuses a stream that is cut off, between two events and within one", async () => {
    const text = recordedEvents("args");
    const lines = text.split("\n");
    await refuses([lines.slice(0, -1).join("\n")], /without their summary: the stream was cut off/u);
    await refuses([text.slice(0, text.length - 10)], /^file0:\d+: .*cut off/u);
    await refuses([`${lines[0] ?? ""}\n{"sequence":"x"}`], /^file0:2: .*another form at sequence/u);
    const error = '{"sequence":9,"timestamp":1,"diagnosticEvent":{"severity":"error","message":"boom"}}';
    await refuses([`${lines[0] ?? ""}\n${error}\n`], /the stream was cut off/u);
    const failed = `${error}\n{"sequence":10,"timestamp":1,"cancelEvent":{}}\n`;
    assert.deepEqual((await readPlan([source(failed)], options)).errors, ["boom"]);
  });

  it("never fails in another way, whatever it is given", () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string(), brokenPreviews()), async (text) => {
        try {
          analyse(await readPlan([source(text)], options));
        } catch (error) {
          assert.ok(error instanceof InputError, String(error));
        }
      }),
      { numRuns: 200 },
    ));
});

/** Previews in which some value was replaced by any other. */
function brokenPreviews(): fc.Arbitrary<string> {
  const steps = (JSON.parse(recordedPreview("volume-renamed")) as { steps: unknown[] }).steps;
  return fc.tuple(fc.nat(400), fc.jsonValue()).map(([count, value]) => {
    let at = 0;
    return JSON.stringify({ steps }, (_key, item: unknown) => (at++ === count ? value : item));
  });
}

describe("stack files", () => {
  const stack = (service: string): string =>
    `services:\n  cache:\n    image: redis:7\n${service}volumes:\n  data: {}\n`;
  const volume = "    volumes: ['data:/data']\n";
  const pin = "    deploy: { placement: { constraints: [node.hostname==a] } }\n";

  it("are compared as docker stack deploy would carry them out", async () => {
    assert.equal(await fateOf(stack(volume), stack(volume)), "untouched");
    assert.equal(await fateOf(stack(volume + pin), stack(`${volume}${pin}    environment: [A=1]\n`)), "interrupted");
    assert.equal(await fateOf(stack(volume), stack(`${volume}    environment: [A=1]\n`)), "at risk");
    assert.equal(await fateOf(stack(volume + pin), stack(pin)), "left behind");
    assert.equal(
      await fateOf(stack(volume + pin), stack(`${volume}${pin}    sysctls: [net.core.somaxconn=1024]\n`)),
      "interrupted",
    );
    assert.equal(await fateOf(stack(pin), stack(`${pin}    stop_grace_period: 20s\n`)), "left behind");
  });

  it("replace the task for whatever of theirs reaches it, and for nothing else", async () => {
    const extended = (service: string, top: string): string =>
      stack(`${volume}${pin}${service}`).replace("volumes:\n  data: {}", `volumes: { data: {} }\n${top}`);
    const among = async (before: [string, string], after: [string, string]): Promise<string> =>
      fateOf(extended(...before), extended(...after));
    const uses = "    configs: [conf]\n    secrets: [one, two]\n    networks: [back]\n";
    const declared = (config = "{}", secret = "{}", network = "{}"): string =>
      `configs: { conf: ${config} }\nsecrets: { one: ${secret}, two: {} }\nnetworks: { back: ${network} }\n`;
    const other = "{ name: other }";
    assert.equal(await among([uses, declared()], [uses, declared()]), "untouched");
    assert.equal(await among([uses, declared()], [uses, declared(other)]), "interrupted");
    assert.equal(await among([uses, declared()], [uses, declared("{}", other)]), "interrupted");
    assert.equal(await among([uses, declared()], [uses, declared("{}", "{}", other)]), "interrupted");
    assert.equal(await among([uses, declared()], [uses.replace("[one, two]", "[two, one]"), declared()]), "untouched");
    const secret = (mode: string): string => `    secrets: [{ source: one, mode: ${mode} }]\n`;
    const made = "secrets: { one: {} }\n";
    assert.equal(await among([secret("0400"), made], [secret("256"), made]), "untouched");
    assert.equal(await among([secret("0400"), made], [secret("400"), made]), "interrupted");
    assert.equal(await among(["    hostname: ${X}\n", ""], ["    hostname: ${X}\n", ""]), "untouched");
    const hidden = (...more: string[]): string => `    env_file: hidden.env\n    environment: [${more.join(", ")}]\n`;
    assert.equal(await among([hidden("A=1"), ""], [hidden("A=1"), ""]), "untouched");
    assert.equal(await among([hidden("A=1"), ""], [hidden("A=2"), ""]), "interrupted");
    assert.equal(await among([hidden(), ""], [hidden().replace("hidden", "other"), ""]), "interrupted");
    assert.equal(await among(["    ports: ['${P}:80']\n", ""], ["    ports: ['${Q}:80']\n", ""]), "interrupted");
    const folded = "    command: >\n      redis-server --save ''\n";
    assert.equal(await among([folded, ""], ["    command: [redis-server, --save, '']\n", ""]), "untouched");
    assert.equal(
      await among(["    cap_add: [ALL]\n", ""], ["    cap_add: [ALL, NET_ADMIN]\n    cap_drop: [all]\n", ""]),
      "untouched",
    );
    assert.equal(await among(["    hostname: ${X}\n", ""], ["    hostname: ${Y}\n", ""]), "interrupted");
    assert.equal(await among(["    labels: [a=b]\n", ""], ["    labels: { a: b }\n", ""]), "untouched");
    assert.equal(await among(["    labels: [a=b]\n", ""], ["    labels: [a=c]\n", ""]), "interrupted");
    assert.equal(await among(["", ""], ["    privileged: true\n    expose: [6379]\n", ""]), "untouched");
  });

  it("send the mounts in the order of the file, so that another order replaces the task", async () => {
    const mounts = (...list: string[]): string => stack(`    volumes: [${list.join(", ")}]\n${pin}`);
    assert.equal(await fateOf(mounts("data:/data", "data:/b"), mounts("data:/b", "data:/data")), "interrupted");
    const withOptions = mounts("data:/data").replace("data: {}", "data: { driver_opts: { type: nfs } }");
    assert.equal(await fateOf(mounts("data:/data"), withOptions), "interrupted");
  });

  it("that change a config's content under its name are refused before any service is touched", async () => {
    const uses = "    configs: [conf]\n";
    const file = (content: string): string =>
      `${stack(volume + pin + uses)}configs: { conf: { content: ${content} } }\n`;
    const plan = await readPlan([source(file("a"), "stack.yaml"), source(file("b"), "stack.yaml")], options);
    const [verdict] = analyse(plan).verdicts;
    assert.equal(verdict?.fate, "untouched");
    assert.match(verdict.causes[0]?.text ?? "", /not reached.*config <stack>_conf.*only updates to Labels/u);
    assert.deepEqual(verdict.warnings, []);
  });

  it("make another volume of one that others have made", async () => {
    const own = stack(volume + pin);
    assert.equal(await fateOf(own, own.replace("data: {}", "data: { external: true }")), "left behind");
    assert.equal(await fateOf(own, own.replace("data: {}", "data: { name: data }")), "left behind");
  });

  it("that are pruned go before anything else is looked at", async () => {
    const both = (content: string, other: string): string =>
      `services:\n  web: { image: nginx, configs: [c] }\n${other}configs: { c: { content: ${content} } }\nvolumes: { data: {} }\n`;
    const db = "  db: { image: postgres:16, volumes: ['data:/var/lib/postgresql/data'] }\n";
    const files = [both("one", db), both("two", "")].map((text) => source(text, "stack.yaml"));
    const { worst, errors } = analyse(await readPlan(files, { ...options, prune: true }));
    assert.equal(worst, "left behind");
    assert.match(errors[0]?.text ?? "", /config <stack>_c/u);
    assert.equal(errors[0]?.code, "DF707");
  });

  it("that leave a service out change nothing without --prune", async () => {
    const files = [stack(volume), "services: { other: { image: nginx } }"].map((text) => source(text, "stack.yaml"));
    assert.equal(analyse(await readPlan(files, options)).worst, "untouched");
    const again = [stack(volume), "services: { other: { image: nginx } }"].map((text) => source(text, "stack.yaml"));
    assert.equal(analyse(await readPlan(again, { ...options, prune: true })).worst, "left behind");
  });

  it("are not compared with an object that holds no facts", () => {
    for (const other of [{}, { version: 1 }, { steps: [] }])
      assert.throws(() => readFacts(other, "facts.json"), /^InputError: facts\.json: expected an object with nodes, /u);
  });

  it("are compared with what runs", async () => {
    const ofStack = { "com.docker.stack.namespace": "shop" };
    const mounts = [{ Type: "volume", Source: "shop_data", Target: "/data", VolumeOptions: { Labels: ofStack } }];
    const facts = readFacts(
      {
        nodes: [],
        networks: [{ Id: "n1", Name: "shop_default" }],
        services: [
          {
            ID: "s1",
            Spec: {
              Name: "shop_cache",
              Labels: ofStack,
              TaskTemplate: {
                ContainerSpec: { Image: "redis:7@sha256:aa", Mounts: mounts, Labels: ofStack, Privileges: {} },
                Resources: {},
                Networks: [{ Target: "n1", Aliases: ["cache"] }],
                Placement: { Constraints: ["node.hostname==a"] },
              },
              Mode: { Replicated: { Replicas: 1 } },
            },
          },
        ],
      },
      "facts",
    );
    const judged = async (text: string): Promise<string> =>
      analyse(await readPlan([source(text, "stack.yaml")], { ...options, live: facts, stack: "shop" }), {
        ...facts.live,
        nodes: [],
      }).worst;
    assert.equal(await judged(stack(volume + pin)), "untouched");
    assert.equal(await judged(stack(pin)), "left behind");
  });
});

describe("facts about a live swarm", () => {
  it("tell which task has kept an older placement than its service's, be it only starting", () => {
    const placement = (...constraints: string[]) => ({ Constraints: constraints });
    const service = { ID: "s1", Spec: { Name: "cache", TaskTemplate: { Placement: placement("node.hostname==a") } } };
    const task = (state: string, desired: string, ...constraints: string[]) => ({
      ServiceID: "s1",
      DesiredState: desired,
      Status: { State: state },
      Spec: { Placement: placement(...constraints) },
    });
    const withOther = (...tasks: object[]) =>
      readFacts({ services: [service], tasks }, "facts").live.withOtherPlacement;
    assert.deepEqual(withOther(task("running", "running", "node.hostname==a")), new Set());
    assert.deepEqual(withOther(task("starting", "running")), new Set(["cache"]));
    assert.deepEqual(withOther(task("running", "shutdown"), task("ready", "running", "node.hostname==a")), new Set());
    assert.deepEqual(withOther(), new Set());
  });
});
