import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readPulumiEstate } from "../../../inputs/pulumi/estate.ts";
import { settlePulumiValue } from "../../../inputs/pulumi/values.ts";
import { isKnown, notKnown, secretMark, type ServiceDefinition } from "../../../model/service/definition.ts";
import { asPlan, asResources, asState } from "../../policies/drafts.ts";
import { store, without } from "../../policies/sample-services.ts";

const recordings = new URL("../../data/recordings/", import.meta.url);

describe("Pulumi's own files", () => {
  it("tell the same of a service, as state, plan and stream of events", () => {
    const resources = asResources([store()]);
    const events = resources
      .map((resource, sequence) =>
        JSON.stringify({
          sequence,
          timestamp: 1,
          resourcePreEvent: { metadata: { op: "create", urn: resource.urn, type: resource.type, new: resource } },
        }),
      )
      .concat(JSON.stringify({ sequence: 9, timestamp: 2, summaryEvent: {} }));
    const read = (text: string) => readPulumiEstate(text, "file");
    const fromState = read(asState(resources));
    assert.equal(fromState.services.length, 1);
    assert.deepEqual(read(asPlan([], resources)), fromState);
    assert.deepEqual(read(events.join("\n")), fromState);
    assert.deepEqual(read(JSON.stringify({ version: 3, checkpoint: { latest: { resources } } })), fromState);
  });

  it("tell what a service was before, and leave out what is deleted", () => {
    const [config, service] = asResources([store()]);
    assert.ok(config !== undefined && service !== undefined);
    const steps = [
      { op: "delete", urn: config.urn, oldState: config },
      { op: "update", urn: service.urn, oldState: service, newState: service },
    ];
    const { services, previous } = readPulumiEstate(JSON.stringify({ steps }), "plan");
    assert.deepEqual([...previous.keys()], [service.urn]);
    assert.deepEqual(
      services.map(({ id }) => id),
      [service.urn],
    );
  });

  it("are read as Pulumi wrote them", () => {
    const { services, volumes } = readPulumiEstate(
      readFileSync(new URL("base-state.json", recordings), "utf8"),
      "base-state.json",
    );
    assert.deepEqual(
      services.map(({ name, image, stopGraceSeconds }) => [name, image.tag, stopGraceSeconds]),
      [["stateful", "7", 30]],
    );
    assert.deepEqual(services[0]?.configs !== notKnown && services[0]?.configs.map(({ content }) => content), [
      "save 900 1\n",
    ]);
    assert.deepEqual(
      volumes.map(({ name, protect, retainOnDelete }) => [name, protect, retainOnDelete]),
      [["foobarstore", false, false]],
    );
  });

  it("keep what the provider keeps: a pin that the program no longer has is there, and is told as one that it has not", () => {
    const [config, service] = asResources([store()]);
    const [, unpinned] = asResources([without(store(), "constraints")]);
    assert.ok(config !== undefined && service !== undefined && unpinned !== undefined);
    const pinsOf = (text: string): unknown => {
      const { services, written } = readPulumiEstate(text, "plan");
      const [{ id, constraints } = assert.fail("there is no service")] = services;
      const counted = (all: ServiceDefinition["constraints"] = []) => isKnown(all) && all.length;
      return [counted(constraints), counted(written?.get(id)?.constraints)];
    };
    const step = { op: "update", urn: service.urn, oldState: service, newState: unpinned };
    assert.deepEqual(pinsOf(JSON.stringify({ steps: [step] })), [1, 0]);
    assert.deepEqual(
      pinsOf(JSON.stringify({ steps: [{ ...step, detailedDiff: { "taskSpec.placement": {} } }] })),
      [0, 0],
    );
    const replaced = { ...step, op: "replace" };
    assert.deepEqual(pinsOf(JSON.stringify({ steps: [replaced] })), [0, 0]);
    // The same, an update later: the pin is in what the provider found alone.
    const state = { ...unpinned, outputs: { ...(service.inputs as object), id: "x" } }; // A draft's inputs are an object.
    assert.deepEqual(pinsOf(asState([state])), [1, 0]);
  });

  it("are refused when they are others, cut off, or of a form that nobody knows", () => {
    const refused = (text: string, message: string) => {
      assert.throws(() => readPulumiEstate(text, "f.json"), { name: "InputError", message });
    };
    const what = "expected a state (`pulumi stack export`) or a plan (`pulumi preview --json`), got";
    refused("[]", `f.json: ${what} other JSON. Write it again with that command.`);
    refused("nonsense", `f.json: ${what} text that is no JSON. Write it again with that command.`);
    const preview = "expected what `pulumi preview --json` prints, got";
    const again = "Write it again with that command (Pulumi 3), and give the whole of it.";
    const first = '{"sequence":1,"timestamp":1}';
    refused(
      `${first}\n{"sequence":2,"resourcePre`,
      `f.json:2: ${preview} text that is no JSON: the file may be cut off. ${again}`,
    );
    refused(`${first}\n`, `f.json: ${preview} events without their summary: the stream was cut off. ${again}`);
    const [config, service] = asResources([store()]);
    assert.ok(config !== undefined && service !== undefined);
    const { urn } = service;
    const form = (at: string) => `f.json: ${preview} another form at ${at}. ${again}`;
    refused(
      JSON.stringify({ steps: [{ op: "transmogrify", urn, oldState: service, newState: service }] }),
      form(`steps[${urn}].op`),
    );
    refused(JSON.stringify({ steps: [{ op: "update", urn, newState: service }] }), form(`steps[${urn}].oldState`));
  });

  it("are read where nothing changes, and not where the preview failed first", () => {
    assert.deepEqual(readPulumiEstate('{"changeSummary":{"same":1}}', "f").services, []);
    const diagnostics = [{ severity: "error", message: "error: no such stack" }];
    assert.throws(() => readPulumiEstate(JSON.stringify({ diagnostics }), "f.json"), {
      message: /got a preview that failed before it planned anything/u,
    });
  });

  it("mark what is not known and what is secret in many ways", () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:x" };
    const throwing = Object.defineProperty({}, "a", {
      enumerable: true,
      get: () => {
        throw new Error("unknown");
      },
    });
    assert.deepEqual(settlePulumiValue({ a: unknown, b: [unknown, secret], __defaults: [], c: null, d: throwing }), {
      a: notKnown,
      b: [notKnown, secretMark],
      c: undefined,
      d: { a: notKnown },
    });
  });
});
