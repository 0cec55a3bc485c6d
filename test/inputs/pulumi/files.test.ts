import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { estateAfter, readPulumiFile } from "../../../inputs/pulumi/files.ts";
import { settlePulumiValue } from "../../../inputs/pulumi/values.ts";
import { notKnown, secretMark } from "../../../model/service/definition.ts";
import { asPlan, asResources, asState } from "../../policies/drafts.ts";
import { store } from "../../policies/sample-services.ts";

const recordings = new URL("../../data/recordings/", import.meta.url);

describe("Pulumi's own files", () => {
  it("tell the same of a service, as state, plan and stream of events", () => {
    const resources = asResources([store()]);
    const events = resources
      .map((resource, sequence) =>
        JSON.stringify({
          sequence,
          resourcePreEvent: { metadata: { op: "create", urn: resource.urn, type: resource.type, new: resource } },
        }),
      )
      .concat(JSON.stringify({ sequence: 9, summaryEvent: {} }));
    const read = (text: string) => estateAfter(readPulumiFile(text, "file"));
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
    const { services, previous } = estateAfter(readPulumiFile(JSON.stringify({ steps }), "plan"));
    assert.deepEqual([...previous.keys()], [service.urn]);
    assert.deepEqual(
      services.map(({ id }) => id),
      [service.urn],
    );
  });

  it("are read as Pulumi wrote them", () => {
    const { services, volumes } = estateAfter(
      readPulumiFile(readFileSync(new URL("base-state.json", recordings), "utf8"), "base-state.json"),
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

  it("are refused when they are others, or cut off", () => {
    const refused = (text: string, got: string) => {
      assert.throws(() => readPulumiFile(text, "f.json"), {
        name: "InputError",
        message: `${got}. Write it again with that command.`,
      });
    };
    const what = "expected a state (`pulumi stack export`) or a plan (`pulumi preview --json`), got";
    refused("[]", `f.json: ${what} other JSON`);
    refused("nonsense", `f.json:1: ${what} text that is no JSON`);
    refused(
      '{"sequence":1}\n{"sequence":2,"resourcePre',
      `f.json:2: ${what} a line that is no event: the file may be cut off`,
    );
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
