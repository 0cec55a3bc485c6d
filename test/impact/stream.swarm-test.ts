import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { recordedEvents } from "./recorded.ts";

const holdfast = join(import.meta.dirname, "../../cli/holdfast.ts");
const heapMegabytes = 32;

/** About 100 MB of events about other resources, and then a service that leaves its data behind. */
function* longStream(): Iterable<string> {
  const lines = recordedEvents("mount-renamed").split("\n");
  const own = lines.find((line) => line.includes('"op":"update"')) ?? "";
  const other = own.replaceAll("docker:index/service:Service", "aws:s3/bucket:Bucket");
  for (let index = 0; index < 10_000; index++) yield `${other}\n`;
  yield lines.join("\n");
}

describe("a long stream of events", function () {
  this.timeout(120_000);

  it(`is read within ${heapMegabytes} MB`, async () => {
    const child = spawn(process.execPath, [`--max-old-space-size=${heapMegabytes}`, holdfast, "impact", "-", "--json"]);
    const [, output, errors] = await Promise.all([
      pipeline(Readable.from(longStream()), child.stdin),
      text(child.stdout),
      text(child.stderr),
      once(child, "exit"),
    ]);
    assert.equal(errors, "");
    assert.match(output, /"worst": "left behind"/u);
  });
});
