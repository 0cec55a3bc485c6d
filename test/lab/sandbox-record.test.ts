import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRecord, recordPath, writeRecord } from "../../lab/host/record-file.ts";
import { sandboxKind, type SandboxRecord } from "../../lab/sandbox-record.ts";

describe("a sandbox's record", () => {
  const record: SandboxRecord = {
    version: 1,
    id: "0123abcd",
    network: "host",
    addressIndex: 1,
    registryPort: 5000,
    cacheDirectory: "/cache",
  };
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-record-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("is read as it was written, and absent before", async () => {
    assert.equal(readRecord(sandboxKind, directory), undefined);
    await writeRecord(sandboxKind, directory, record);
    assert.deepEqual(readRecord(sandboxKind, directory), record);
    assert.deepEqual(await readdir(directory), ["sandbox.json"]);
  });

  it("is refused when it was cut short or edited to nonsense", async () => {
    const texts = [
      "",
      '{ "version": 1',
      JSON.stringify({ ...record, registryPort: 70000 }),
      JSON.stringify({ ...record, more: 1 }),
    ];
    for (const text of texts) {
      await writeFile(recordPath(sandboxKind, directory), text);
      assert.throws(() => readRecord(sandboxKind, directory), {
        name: "InputError",
        path: recordPath(sandboxKind, directory),
        fix: "Remove the sandbox with `npx holdfast sandbox stop` and start it again",
      });
    }
  });
});
