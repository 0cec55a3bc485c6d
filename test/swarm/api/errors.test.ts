import assert from "node:assert/strict";
import { dockerWords } from "../../../swarm/api/errors.ts";

describe("an engine's words for what went wrong", () => {
  it("say once what a registry says twice", () => {
    for (const [said, words] of [
      ["manifest unknown: manifest unknown", "manifest unknown"],
      ["rpc error: code = NotFound desc = denied: denied: see above", "denied: see above"],
      ["listen tcp :80: bind: address already in use", "listen tcp :80: bind: address already in use"],
    ] as const)
      assert.equal(dockerWords({ statusCode: 404, json: { message: said } }), words);
  });
});
