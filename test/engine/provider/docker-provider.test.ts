import assert from "node:assert/strict";
import { Secret, type PropertyMap } from "../../../engine/model/property-value.ts";
import { createDockerProvider } from "../../../engine/provider/docker-provider.ts";
import { InputError } from "../../../text/input-error.ts";

const host = "unix:///nowhere/docker.sock";

describe("the settings of a docker.Provider", () => {
  it("may be the host and the registries' credentials, as JSON too, beside Pulumi's own book-keeping", () => {
    const registryAuth = [{ address: "registry.example", username: "u", password: new Secret("p") }];
    createDockerProvider({ host, registryAuth, version: "5.2.0", __internal: {} });
    createDockerProvider({ host, registryAuth: JSON.stringify([{ address: "registry.example", configFile: "f" }]) });
    createDockerProvider({ host, registryAuth: new Secret(JSON.stringify([{ address: "registry.example" }])) });
  });

  const refused: [what: string, settings: PropertyMap][] = [
    ["another setting", { host, sshOpts: ["-i", "key"] }],
    ["credentials of another kind", { host, registryAuth: [{ address: "r", token: "t" }] }],
  ];
  for (const [what, settings] of refused) {
    it(`are refused by name with ${what}`, () => {
      assert.throws(
        () => createDockerProvider(settings),
        (error) => {
          assert.ok(error instanceof InputError);
          assert.match(error.message, /got (?:sshOpts|token)\. Use the Pulumi CLI/);
          return true;
        },
      );
    });
  }

  it("are refused when they cannot be read", () => {
    assert.throws(() => createDockerProvider({ host, registryAuth: "{" }), /docker provider: registryAuth: expected/);
  });
});

describe("a resource type that the embedded provider does not know", () => {
  it("is refused by its name", async () => {
    const provider = createDockerProvider({ host });
    const identity = { urn: "", type: "docker:index/container:Container", name: "c" };
    await assert.rejects(provider.findCreated(identity, {}), /docker:index\/container:Container.*Use the Pulumi CLI/);
  });
});
