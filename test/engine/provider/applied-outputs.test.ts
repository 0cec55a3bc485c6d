import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { PropertyMap } from "../../../engine/model/property-value.ts";
import { decodeWire, encodeWire } from "../../../engine/model/wire-value.ts";
import { planOutputs } from "../../../engine/provider/plan/plan.ts";
import { stateOutputs } from "../../../engine/provider/plan/state.ts";
import { plainProperties } from "../../../engine/provider/resources/managed-type.ts";
import { networkAttributes } from "../../../engine/provider/resources/network.ts";
import { volumeAttributes } from "../../../engine/provider/resources/volume.ts";
import { networkSchema, serviceSchema, volumeSchema } from "../../../swarm/api/objects.ts";
import { serviceAttributes } from "../../../swarm/service/attributes.ts";
import { servicePropertiesSchema } from "../../../swarm/service/properties.ts";
import { isMadeFrom } from "../../../swarm/service/spec-comparison.ts";
import { serviceSpec } from "../../../swarm/service/spec.ts";
import { recordedCalls, type RecordedCall } from "../../support/recordings.ts";

/** What a real swarm showed of the recorded resources, with the recording's names, ids, image and addresses put in. */
const inspected = (file: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../data/inspect/${file}`, import.meta.url), "utf8"));

const map = (value: unknown): PropertyMap => decodeWire((value ?? {}) as Record<string, unknown>);

const recorded = (name: string, method: "Create" | "Update" | "Read", type: string): RecordedCall => {
  const found = recordedCalls(`lifecycle/${name}`).find(
    ({ method: one, request }) =>
      one === `ResourceProvider/${method}` && request["type"] === `docker:index/${type}` && request["preview"] !== true,
  );
  assert.ok(found, `no ${method} of ${type} in ${name}`);
  return found;
};

/** The recorded text with the service's and the secret's ids and names as they were after the first creation. */
function withFirstIds(properties: unknown): unknown {
  const later = recorded("06-refresh-drift", "Read", "service:Service").response["properties"];
  const first = recorded("01-up-create", "Create", "service:Service").response["properties"];
  const pairs = idsOf(later).map((id, index): [string, string] => [id, idsOf(first)[index] ?? ""]);
  const text = pairs.reduce((result, [from, to]) => result.replaceAll(from, to), JSON.stringify(properties));
  return JSON.parse(text);
}

function idsOf(properties: unknown): string[] {
  const text = JSON.stringify(properties);
  return ["id", "secretId", "secretName"].map((name) => {
    // `id` comes twice: the network's stands inside `taskSpec`.
    const found = [...text.matchAll(new RegExp(`"${name}":"([^"]+)"`, "g"))].map(([, id]) => id ?? "");
    return found.find((id) => id !== "d1rxjv3c49hvi7dg7xv821pq6") ?? "";
  });
}

const serviceType = "docker:index/service:Service";
const unreadable = { auth: null, convergeConfig: { delay: "1s", timeout: "60s" } };
const readService = (file: string): PropertyMap => {
  const service = serviceSchema.parse(inspected(file));
  return { ...unreadable, ...serviceAttributes(service), id: service.ID };
};
const wire = (outputs: PropertyMap) => encodeWire(outputs, { secrets: true, outputs: false, resources: false });

describe("what Docker shows becomes the outputs that the provider stored", () => {
  it("of a network just created", () => {
    const { request, response } = recorded("01-up-create", "Create", "network:Network");
    const type = "docker:index/network:Network";
    const planned = planOutputs(type, { news: map(request["properties"]), ignoreChanges: [] });
    const read = networkAttributes(networkSchema.parse(inspected("network.json")));
    assert.deepEqual(wire(stateOutputs(type, { ...read }, planned)), response["properties"]);
  });

  it("of a volume just created, and of one read later", () => {
    const { request, response } = recorded("01-up-create", "Create", "volume:Volume");
    const type = "docker:index/volume:Volume";
    const planned = planOutputs(type, { news: map(request["properties"]), ignoreChanges: [] });
    const read = volumeAttributes(volumeSchema.parse(inspected("volume.json")));
    assert.deepEqual(wire(stateOutputs(type, { ...read }, planned)), response["properties"]);
    const later = recorded("06-refresh-drift", "Read", "volume:Volume").response["properties"];
    assert.deepEqual(wire(stateOutputs(type, { ...read })), later);
  });

  it("of a service just created: the platforms that the creation added do not show yet", () => {
    const { request, response } = recorded("01-up-create", "Create", "service:Service");
    const planned = planOutputs(serviceType, { news: map(request["properties"]), ignoreChanges: [] });
    assert.deepEqual(
      wire(stateOutputs(serviceType, readService("service-created.json"), planned)),
      response["properties"],
    );
  });

  it("of a service whose limit was changed by hand: the drift shows", () => {
    const answer = recorded("06-refresh-drift", "Read", "service:Service");
    assert.deepEqual(
      wire(stateOutputs(serviceType, readService("service-limit-changed.json"))),
      withFirstIds(answer.response["properties"]),
    );
  });

  it("of a service updated back to what was declared", () => {
    const answer = recorded("07-up-repairs", "Update", "service:Service");
    const { request } = answer;
    const old = { id: String(request["id"]), inputs: map(request["oldInputs"]), outputs: map(request["olds"]) };
    const planned = planOutputs(serviceType, { news: map(request["news"]), old, ignoreChanges: [] });
    const read = readService("service-repaired.json");
    const expected = withFirstIds(answer.response["properties"]);
    const samePlan = map(withFirstIds(wire(planned)));
    assert.deepEqual(wire(stateOutputs(serviceType, read, samePlan)), expected);
  });
});

describe("a service sent to Docker", () => {
  it("is recognised in what Docker then shows", () => {
    const { request } = recorded("01-up-create", "Create", "service:Service");
    const planned = planOutputs(serviceType, { news: map(request["properties"]), ignoreChanges: [] });
    const sent = serviceSpec(servicePropertiesSchema.parse(plainProperties(planned)));
    assert.ok(isMadeFrom(serviceSchema.parse(inspected("service-created.json")).Spec, sent));
    assert.ok(!isMadeFrom(serviceSchema.parse(inspected("service-limit-changed.json")).Spec, sent));
  });

  it("leaves nothing of the drift in Docker", () => {
    const { Spec, PreviousSpec } = serviceSchema.parse(inspected("service-repaired.json"));
    assert.equal(Spec.TaskTemplate.Resources?.Limits?.MemoryBytes, 104857600);
    assert.equal(Spec.TaskTemplate.Placement?.Platforms, undefined);
    assert.equal(PreviousSpec?.TaskTemplate.Resources?.Limits?.MemoryBytes, 314572800);
  });
});
