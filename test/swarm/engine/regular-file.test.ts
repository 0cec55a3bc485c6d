import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NoRegularFileError, readNamedFile, readRegularFile } from "../../../swarm/engine/regular-file.ts";

describe("a file that is read", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-files-"));
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  const refuses = (path: string, words: string) => {
    assert.throws(() => readRegularFile(path, 1024), { name: NoRegularFileError.name, message: words });
  };

  it("is a regular one, also behind a link, and whole", () => {
    const path = join(folder, "file");
    writeFileSync(path, "ü".repeat(1_000_000));
    symlinkSync(path, join(folder, "link"));
    assert.equal(readRegularFile(join(folder, "link")), "ü".repeat(1_000_000));
    assert.equal(readRegularFile(path), "ü".repeat(1_000_000));
    assert.equal(readNamedFile(path), "ü".repeat(1_000_000));
  });

  it("is no FIFO, folder or device, and nothing without an end: those are refused at once", () => {
    execFileSync("mkfifo", [join(folder, "fifo")]);
    mkdirSync(join(folder, "folder"));
    writeFileSync(join(folder, "large"), "");
    truncateSync(join(folder, "large"), 1024 ** 4);
    refuses(join(folder, "fifo"), "a FIFO");
    refuses(join(folder, "folder"), "a folder");
    refuses("/dev/zero", "a device");
    refuses(join(folder, "large"), "more than 1 KiB");
    assert.throws(() => readNamedFile(join(folder, "fifo")), { message: "a FIFO" });
  });

  it("is no socket", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, "socket"), resolve));
    refuses(join(folder, "socket"), "a socket or a device");
    await new Promise((resolve) => server.close(resolve));
  });

  it("may grow while it is read, and no further than the limit", () => {
    // Says that it is empty, and has content.
    assert.throws(() => readRegularFile("/proc/self/maps", 100), { message: "more than 100 B" });
  });

  it("may be what a shell has opened for it", () => {
    const script = `import { readNamedFile } from ${JSON.stringify(join(import.meta.dirname, "../../../swarm/engine/regular-file.ts"))};
      process.stdout.write(readNamedFile(process.argv[1]));`;
    const shell = `exec "$0" --input-type=module-typescript --eval "$1" <(printf hello)`;
    assert.equal(execFileSync("bash", ["-c", shell, process.execPath, script], { encoding: "utf8" }), "hello");
  });
});
