/** Projects on the disk for the tests of the state, gone when the test is over. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stack } from "../../../engine/state/stack.ts";
import { openStack } from "../../../engine/state/stack.ts";

/** Folder of recorded data. */
export const data = join(import.meta.dirname, "../../data");

/** A project in a folder of its own, removed at the end of the test that made it. */
export class StateProject implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "holdfast-state-"));

  /** An empty project, or that of the recorded file backend (passphrase `x`), whose lock is left out. */
  constructor(content: "empty" | "recorded") {
    const name = content === "empty" ? "shop" : "recording";
    writeFileSync(this.file("Pulumi.yaml"), `name: ${name}\nruntime:\n  name: nodejs\nmain: index.ts\n`);
    if (content === "empty") return;
    cpSync(join(data, "file-backend/Pulumi.dev.yaml"), this.file("Pulumi.dev.yaml"));
    cpSync(join(data, "file-backend/dot-pulumi"), this.file(".pulumi"), { recursive: true });
    rmSync(this.file(".pulumi/locks"), { recursive: true });
  }

  /** A path within the project. */
  file(path: string): string {
    return join(this.directory, path);
  }

  read(path: string): string {
    return readFileSync(this.file(path), "utf8");
  }

  /** Opens its stack `dev`. */
  stack(environment: NodeJS.ProcessEnv = { PULUMI_CONFIG_PASSPHRASE: "x" }): Promise<Stack> {
    return openStack({ projectDirectory: this.directory, stackName: "dev" }, environment);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** JSON without the white space between its parts, which says nothing; order and spelling are kept. */
export function compact(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
}

/** Whether two long texts are the same; where they differ first, if they do. */
export function assertSameText(actual: string, expected: string): void {
  let at = 0;
  while (at < expected.length && actual[at] === expected[at]) at++;
  const from = Math.max(0, at - 60);
  assert.equal(actual.slice(from, from + 120), expected.slice(from, from + 120));
  assert.equal(actual.length, expected.length);
}
