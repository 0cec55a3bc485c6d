import assert from "node:assert/strict";
import { readStackFile } from "../../inputs/stack/file.ts";
import { scriptInFront } from "../../model/image/command.ts";
import { redisSetting, redisSettings } from "../../model/redis/settings.ts";
import { shellWords } from "../../text/shell-words.ts";

describe("what ends a command of a shell", () => {
  it("is an operator, and not what only looks so between quotation marks or behind a backslash", () => {
    const words = shellWords("a ';' \"&&\" \\| '\n'; b 2>&1 && c");
    assert.deepEqual(
      words.filter(({ isOperator }) => isOperator).map(({ text }) => text),
      [";", "&&"],
    );
  });

  it("is no value of the server's", () => {
    const command = JSON.stringify(["sh", "-c", "exec redis-server --requirepass '|' --dir /x"]);
    const [service] = readStackFile(`services: { s: { image: redis, command: ${command} } }`, {
      file: "s.yml",
    }).services;
    assert.ok(service !== undefined);
    assert.equal(redisSetting(redisSettings(service, { appendOnly: false }), "dir").value, "/x");
    assert.equal(scriptInFront(service, ["redis-server"]), undefined);
  });
});
