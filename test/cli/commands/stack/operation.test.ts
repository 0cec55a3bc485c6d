import assert from "node:assert/strict";
import { interruptedWords } from "../../../../cli/commands/stack/operation.ts";

describe("an operation that was interrupted", () => {
  const words = (command: string, at: Partial<Parameters<typeof interruptedWords>[1]>) =>
    interruptedWords(command, { planning: false, atOnce: false, engineName: "embedded", ...at });

  it("ends with what is true and how to go on", () => {
    assert.match(
      words("up", { planning: true }),
      /nothing in the swarm was changed\. Run `npx holdfast up` to start again\.$/u,
    );
    assert.match(words("up", {}), /are finished and in the state; .*`npx holdfast up` to continue/u);
    assert.match(words("down", { atOnce: true }), /`npx holdfast down` to find out how that ended, and continue/u);
    assert.match(
      words("up", { atOnce: true, engineName: "pulumi" }),
      /`npx holdfast up --refresh` to find out, and continue\.$/u,
    );
    assert.match(words("down", { atOnce: true, engineName: "pulumi" }), /`npx holdfast refresh` to find out\.$/u);
  });
});
