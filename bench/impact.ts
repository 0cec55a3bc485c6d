import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { comparePaired, row, type Work } from "./paired.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const command = join(root, "bin/holdfast.js");
const holdfast = join(root, "cli/holdfast.ts");

/** What `holdfast impact` costs over starting Node and parsing, how it grows, and how much memory a stream takes. */
export async function* compareImpact(): AsyncGenerator<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-bench-impact-"));
  try {
    const preview = async (name: string, all: readonly unknown[]): Promise<string> => {
      const file = join(folder, `${name}.json`);
      await writeFile(file, JSON.stringify({ steps: all, changeSummary: {} }, undefined, 4));
      return file;
    };
    const judge = (file: string): Work => node(command, "impact", file, "--json");
    const floor = (file: string): Work =>
      node(
        "-e",
        `for (const _ of [1, 2]) require("node:child_process").execFileSync(process.execPath, ["-e", "0"]); JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"))`,
        file,
      );
    const mixed = await preview("1000", steps(1000));
    yield row(
      "impact of 1,000 steps / starting Node three times and parsing",
      await comparePaired(judge(mixed), floor(mixed)),
      "1",
    );
    const services = await preview(
      "services",
      Array.from({ length: 1000 }, (_, index) => numbered(service, index)),
    );
    yield row("the same where each step changes a service", await comparePaired(judge(services), floor(services)), "");
    const many = await preview("10000", steps(10_000));
    yield row("impact of 10,000 steps / 1,000", await comparePaired(judge(many), judge(mixed)), "12");
    for (const count of [1000, 10_000, 100_000]) {
      const stream = join(folder, `${count}.ndjson`);
      await writeFile(stream, streamOf(count));
      yield `| a stream of ${count} steps of other resources and one service | | bounded | ${await peakMegabytes(stream)} MB | |`;
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

function node(...arguments_: string[]): Work {
  return async () => {
    await run(process.execPath, arguments_, { maxBuffer: 256 * 1024 * 1024 });
  };
}

interface RecordedStep {
  urn: string;
  op: string;
  oldState: object;
  newState: object;
}

/** The steps of a recorded preview. */
function recorded(): readonly RecordedStep[] {
  const path = join(root, "test/data/recordings/changes/volume-renamed/preview.json");
  // The file is ours, and bench/ is no border.
  return (JSON.parse(readFileSync(path, "utf8")) as { steps: RecordedStep[] }).steps;
}

const [, volume, service] = recorded();

/** As many steps, of which one in ten is a service that changes and one in ten its volume. */
function steps(count: number): unknown[] {
  return Array.from({ length: count }, (_, index) => {
    const kind = index % 10;
    if (kind > 1) return { ...service, urn: `urn:pulumi:dev::p::aws:s3/bucket:Bucket::b${index}` };
    return numbered(kind === 0 ? volume : service, Math.floor(index / 10));
  });
}

/** A step that is about another service, or another volume, than the recorded one. */
function numbered(step: RecordedStep | undefined, number: number): unknown {
  return JSON.parse(
    JSON.stringify(step)
      .replaceAll("::redis", `::redis${number}`)
      .replaceAll("::data", `::data${number}`)
      .replaceAll('"stateful"', `"stateful${number}"`)
      .replaceAll("foobarstore", `foobarstore${number}`)
      .replaceAll('"publishedPort":10000', `"publishedPort":${10_000 + number}`),
  ) as unknown;
}

/** Written piece by piece: the whole would be longer than a string can be. */
function* streamOf(count: number): Iterable<string> {
  const event = (sequence: number, urn: string, type: string): string => {
    const metadata = { op: "update", urn, type, old: service?.oldState, new: service?.newState };
    return `${JSON.stringify({ sequence, timestamp: 0, resourcePreEvent: { metadata } })}\n`;
  };
  for (let index = 0; index < count; index++) {
    yield event(index, `urn:pulumi:dev::p::aws:s3/bucket:Bucket::b${index}`, "aws:s3/bucket:Bucket");
  }
  yield event(count, service?.urn ?? "", "docker:index/service:Service");
  yield `${JSON.stringify({ sequence: count + 1, timestamp: 0, summaryEvent: {} })}\n`;
}

async function peakMegabytes(stream: string): Promise<number> {
  const source = `
    process.argv.push("impact", ${JSON.stringify(stream)}, "--json");
    const { readFileSync } = await import("node:fs");
    // Unlike maxRSS, this does not begin with what the process that starts this one has needed.
    process.on("exit", () => process.stderr.write(/VmHWM:\\s+(\\d+)/u.exec(readFileSync("/proc/self/status", "utf8"))[1]));
    await import(${JSON.stringify(holdfast)});
  `;
  const { stderr } = await run(process.execPath, ["--input-type=module", "-e", source]);
  return Math.round(Number(/\d+$/u.exec(stderr)?.[0]) / 1024);
}
