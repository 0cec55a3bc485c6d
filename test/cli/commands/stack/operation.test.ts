import assert from "node:assert/strict";
import { interruptedWords } from "../../../../cli/commands/stack/operation.ts";

describe("an operation that was interrupted", () => {
  const words = (command: string, at: Partial<Parameters<typeof interruptedWords>[1]>) =>
    interruptedWords(command, { planning: false, atOnce: false, engineName: "embedded", ...at });

  it("ends with what is true and how to go on", () => {
    assert.match(
      words("up", { planning: true }),
      /nothing in the swarm has been changed\. `npx holdfast up` starts again\.$/u,
    );
    assert.match(words("up", {}), /is done and in the state, .*`npx holdfast up` goes on/u);
    assert.match(words("down", { atOnce: true }), /`npx holdfast down` finds out what came of it, and goes on/u);
    assert.match(
      words("up", { atOnce: true, engineName: "pulumi" }),
      /`npx holdfast up --refresh` finds out, and goes on\.$/u,
    );
    assert.match(words("down", { atOnce: true, engineName: "pulumi" }), /`npx holdfast refresh` finds out\.$/u);
  });
});
