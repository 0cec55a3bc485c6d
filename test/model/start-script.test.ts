import assert from "node:assert/strict";
import fc from "fast-check";
import { preparedFile, redisPreparation, redisServerVersion } from "../../model/redis/preparation.ts";
import { readStartScript, startScript, type StartGuard } from "../../model/service/start-guard.ts";

const guards = (): fc.Arbitrary<StartGuard> =>
  fc.record(
    {
      identity: fc.stringMatching(/^[\w./-]+$/u),
      dataPaths: fc.array(
        fc.string({ minLength: 1 }).filter((path) => !/\n/u.test(path)),
        { minLength: 1, maxLength: 3 },
      ),
      serverVersion: fc.constantFrom(redisServerVersion, "product=postgres\nmajor=16"),
      preparation: fc.constantFrom(
        redisPreparation("durable"),
        redisPreparation("snapshot", "/other"),
        "touch /data/a\n",
      ),
    },
    { requiredKeys: ["identity", "dataPaths"], noNullPrototype: true },
  );

describe("a start script", () => {
  it("is read back as it was written", () => {
    fc.assert(
      fc.property(guards(), (guard) => {
        assert.deepEqual(readStartScript(startScript(guard)), guard);
      }),
    );
  });

  it("is not recognised once anything in it is another", () => {
    const script = startScript({
      identity: "a",
      dataPaths: ["/data"],
      serverVersion: redisServerVersion,
      preparation: redisPreparation("snapshot"),
    });
    assert.equal(preparedFile(script, "/data"), "snapshot");
    for (const [index, line] of script.split("\n").entries()) {
      const lines = script.split("\n");
      for (const other of [["exit 0", line], [`# ${line}`]])
        assert.equal(preparedFile(lines.toSpliced(index, 1, ...other).join("\n"), "/data"), undefined, line);
    }
  });

  it("prepares the files of its own data path alone", () => {
    const script = startScript({ identity: "a", dataPaths: ["/data"], preparation: redisPreparation("durable") });
    assert.equal(preparedFile(script, "/data"), "append-only file");
    assert.equal(preparedFile(script, "/data/db"), undefined);
    assert.equal(preparedFile(startScript({ identity: "a", dataPaths: ["/data"] }), "/data"), undefined);
  });
});
