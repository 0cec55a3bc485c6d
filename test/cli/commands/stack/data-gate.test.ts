import assert from "node:assert/strict";
import { requireProtectedKept } from "../../../../cli/commands/stack/data-gate.ts";
import { readDigest } from "../../../../inputs/pulumi/preview.ts";
import type { Plan } from "../../../../model/plan/plan.ts";
import { previewOf, type Change } from "../../../impact/changes.ts";

interface Preview {
  steps: { urn: string; oldState?: object; newState?: object }[];
  diagnostics: object[];
}

/** The plan of a change that Pulumi refuses for the protected volume in it. */
function refused(of: Change, words: string): Plan {
  const preview = JSON.parse(previewOf(of)) as Preview; // It was made just now.
  const volume = preview.steps.find(({ urn }) => urn.endsWith("::data"));
  for (const state of [volume?.oldState, volume?.newState])
    Object.assign(state ?? {}, { protect: true, retainOnDelete: true });
  preview.diagnostics = [{ urn: volume?.urn, message: `error: resource "${volume?.urn}" ${words}`, severity: "error" }];
  return readDigest(preview, "preview", "pulumi");
}

describe("a change of a protected volume", () => {
  it("is refused with where the data stays and how to go on, and not with how to take the protection off", () => {
    const replaced = refused({ volume: "replaced" }, "unable to replace");
    assert.throws(() => {
      requireProtectedKept(replaced);
    }, /this change gives it another name, \w+, which would create a new volume without the data\. .*the data is still in the volume foobarstore\. Declare it as it was/u);
    const deleted = refused({ volume: "deleted" }, "cannot be deleted");
    assert.throws(() => {
      requireProtectedKept(deleted);
    }, /removes it from the program\. .*Put it back in the program/u);
    assert.throws(
      () => {
        requireProtectedKept(deleted);
      },
      (error: Error) => !/unprotect|flag|--accept/u.test(error.message),
    );
    requireProtectedKept(readDigest(JSON.parse(previewOf({ volume: "same" })), "preview", "pulumi"));
  });
});
