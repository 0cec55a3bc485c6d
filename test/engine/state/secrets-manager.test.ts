import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { createSecretsManager, openSecretsManager } from "../../../engine/state/secrets-manager.ts";
import { data } from "./state-project.ts";

const recordedSalt =
  /encryptionsalt: (.*)/.exec(readFileSync(join(data, "file-backend/Pulumi.dev.yaml"), "utf8"))?.[1] ?? "";

describe("the passphrase secrets manager", function () {
  this.timeout(20_000);

  it("opens a salt that Pulumi made, by the right passphrase alone", async () => {
    const [right, wrong] = await Promise.all([
      openSecretsManager("x", recordedSalt),
      openSecretsManager("y", recordedSalt),
    ]);
    assert.equal(right?.salt, recordedSalt);
    assert.equal(wrong, undefined);
    const state = readFileSync(join(data, "file-backend/dot-pulumi/stacks/recording/dev.json"), "utf8");
    const ciphertexts = [...state.matchAll(/"ciphertext": "([^"]*)"/g)].map(([, ciphertext]) => ciphertext ?? "");
    assert.deepEqual(
      ciphertexts.map((ciphertext) => right.decrypt(ciphertext)),
      ['"aHVudGVyMg=="', '"aHVudGVyMg=="'],
    );
  });

  it("makes salts that open again, for an empty passphrase, too", async () => {
    const made = await createSecretsManager("");
    assert.match(made.salt, /^v1:[A-Za-z0-9+/]{11}=:v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]{30}==$/);
    const opened = await openSecretsManager("", made.salt);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const ciphertext = made.encrypt(text);
        assert.equal(opened?.decrypt(ciphertext), text);
        assert.notEqual(made.encrypt(text), ciphertext);
      }),
    );
    const broken = made.encrypt("secret").replace(/.(?=[^:]*$)/, (first) => (first === "A" ? "B" : "A"));
    assert.throws(() => made.decrypt(broken));
    assert.throws(() => made.decrypt("v1:AAAA"), SyntaxError);
  });

  it("does not take another text for a salt", async () => {
    await assert.rejects(openSecretsManager("x", "v2:abc"), SyntaxError);
  });
});
