import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { plainValues } from "../../../components/hooks/hooks.ts";

describe("what a hook is told of a resource", () => {
  it("is read in clear text", async () => {
    const told = { name: "store", taskSpec: pulumi.secret({ env: ["a", "b"], image: "redis:7" }) };
    assert.deepEqual(await plainValues(told), { name: "store", taskSpec: { env: ["a", "b"], image: "redis:7" } });
    assert.deepEqual(await plainValues(undefined), {});
  });

  it("is read beside what a preview does not know yet, which is undefined", async () => {
    const containerSpec = { image: "redis:7", secrets: [{ secretId: pulumi.unknown, fileName: "/run/secrets/users" }] };
    const expected = { image: "redis:7", secrets: [{ secretId: undefined, fileName: "/run/secrets/users" }] };
    for (const taskSpec of [{ containerSpec }, pulumi.secret({ containerSpec })]) {
      const told = { taskSpec, auth: pulumi.unknown, labels: pulumi.secret(pulumi.unknown) };
      assert.deepEqual(await plainValues(told), {
        taskSpec: { containerSpec: expected },
        auth: undefined,
        labels: undefined,
      });
    }
  });
});
