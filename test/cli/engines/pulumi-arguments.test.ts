import assert from "node:assert/strict";
import {
  pulumiArguments,
  pulumiEnvironment,
  selectArguments,
  type PulumiRequest,
} from "../../../cli/engines/pulumi-arguments.ts";

describe("the arguments for the Pulumi CLI", () => {
  const request: PulumiRequest = {
    kind: "update",
    stackName: "dev",
    planning: false,
    events: false,
    diff: false,
    policyPacks: [],
  };
  const words = (changes: Partial<PulumiRequest>) => pulumiArguments({ ...request, ...changes }).join(" ");

  it("carry out what has been agreed to, without asking again", () => {
    assert.equal(words({}), "up --stack dev --yes --skip-preview --non-interactive");
    assert.equal(
      words({ kind: "destroy" }),
      "destroy --stack dev --yes --skip-preview --exclude-protected --non-interactive",
    );
    assert.equal(words({ kind: "refresh" }), "refresh --stack dev --yes --skip-preview --non-interactive");
  });

  it("never agree to anything while planning", () => {
    assert.equal(words({ planning: true, events: true }), "preview --stack dev --json --non-interactive");
    for (const kind of ["destroy", "refresh"] as const) {
      const planned = words({ kind, planning: true, events: true });
      assert.match(planned, /--preview-only/);
      assert.doesNotMatch(planned, /--yes|--skip-preview/);
    }
  });

  it("refresh first where that is asked for, in the plan and in the update", () => {
    assert.equal(
      words({ planning: true, events: true, refresh: true }),
      "preview --stack dev --json --refresh --non-interactive",
    );
    assert.equal(words({ refresh: true }), "up --stack dev --yes --skip-preview --refresh --non-interactive");
  });

  it("name policy packs with their configuration", () => {
    const policyPacks = [{ directory: "policies", configurationFile: "policy.json" }, { directory: "more" }];
    assert.equal(
      words({ policyPacks, diff: true }),
      "up --stack dev --yes --skip-preview --diff --policy-pack policies --policy-pack-config policy.json --policy-pack more --non-interactive",
    );
  });

  it("create the stack where it does not exist", () => {
    assert.equal(selectArguments("dev").join(" "), "stack select --create --stack dev --non-interactive");
  });
});

describe("the environment for the Pulumi CLI", () => {
  const given = {
    projectDirectory: "/srv/a b",
    passphraseFile: "/srv/a b/.holdfast/passphrase",
    dockerHost: "tcp://a:1",
  };

  it("keeps the state beside the program and brings the generated passphrase", () => {
    const environment = pulumiEnvironment({ PATH: "/bin", DOCKER_HOST: "tcp://b:1" }, given);
    assert.equal(environment["PULUMI_BACKEND_URL"], "file:///srv/a%20b");
    assert.equal(environment["PULUMI_CONFIG_PASSPHRASE_FILE"], given.passphraseFile);
    assert.equal(environment["DOCKER_HOST"], "tcp://a:1");
    assert.equal(environment["PATH"], "/bin");
  });

  it("leaves a backend and a passphrase that are set as they are, an empty one too", () => {
    const environment = pulumiEnvironment({ PULUMI_BACKEND_URL: "s3://state", PULUMI_CONFIG_PASSPHRASE: "" }, given);
    assert.equal(environment["PULUMI_BACKEND_URL"], "s3://state");
    assert.equal(environment["PULUMI_CONFIG_PASSPHRASE_FILE"], undefined);
  });
});
