import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pulumiEngine } from "../../../cli/engines/pulumi.ts";
import { listenForInterrupts } from "../../../cli/terminal/interrupts.ts";
import type { EngineEvent } from "../../../engine/model/events.ts";

/** Stands in for a CLI that cannot be had here: notes what it is asked, and knows no stack that nobody has selected. */
const standIn = `#!/bin/sh
echo "$*" >> calls
case "$1 $2" in
  "stack select") [ ! -e broken ] && touch stack ;;
  "stack export") [ -e stack ] && echo '{"version":3,"deployment":null}' ;;
  "destroy --stack") ;;
  "stack output") [ -e stack ] && echo '{"port":10000}' ;;
  "preview --stack") ;;
  "refresh --stack")
    printf '%s\\n' '{"sequence":1,"timestamp":1,"diagnosticEvent":{"message":"<{%reset%}>error: the stack is locked\\nby 1 lock<{%reset%}>","severity":"error"}}'
    exit 255 ;;
  *) exit 1 ;;
esac
`;

describe("the Pulumi CLI on a stack that does not exist yet", () => {
  let projectDirectory: string;
  const path = process.env["PATH"] ?? "";

  beforeEach(async () => {
    projectDirectory = await mkdtemp(join(tmpdir(), "holdfast-pulumi-"));
    await writeFile(join(projectDirectory, "pulumi"), standIn, { mode: 0o755 });
    process.env["PATH"] = `${projectDirectory}${delimiter}${path}`;
  });
  afterEach(async () => {
    process.env["PATH"] = path;
    await rm(projectDirectory, { recursive: true });
  });

  it("creates it, once, before it asks what it holds", async () => {
    const engine = pulumiEngine(false);
    const location = { projectDirectory, stackName: "dev" };
    assert.deepEqual((await engine.state(location)).resources, []);
    assert.deepEqual(await engine.outputs(location, false), { port: 10000 });
    assert.deepEqual((await readFile(join(projectDirectory, "calls"), "utf8")).trimEnd().split("\n"), [
      "stack select --create --stack dev --non-interactive",
      "stack export --show-secrets --stack dev",
      "stack output --json --stack dev",
    ]);
  });

  it("plans to destroy nothing where nothing is left but what is protected, of which Pulumi prints no event", async () => {
    using interrupts = listenForInterrupts(() => undefined);
    const events: EngineEvent[] = [];
    const { succeeded, changes } = await pulumiEngine(false).plan("destroy", {
      location: { projectDirectory, stackName: "dev" },
      dockerHost: undefined,
      policyPacks: [],
      diff: false,
      includeProtected: [],
      interrupts,
      onEvent: (event) => events.push(event),
    });
    assert.deepEqual([succeeded, changes], [true, {}]);
    assert.deepEqual(
      events.map(({ summaryEvent }) => summaryEvent?.resourceChanges),
      [{}],
    );
  });

  it("says why what really runs was not looked at", async () => {
    using interrupts = listenForInterrupts(() => undefined);
    const looked = async (answers: boolean) => {
      const { unseen } = await pulumiEngine(false).plan("update", {
        location: { projectDirectory, stackName: "dev" },
        dockerHost: undefined,
        policyPacks: [],
        diff: false,
        includeProtected: [],
        interrupts,
        look: Promise.resolve(answers),
        onEvent: () => undefined,
      });
      return unseen;
    };
    assert.equal(await looked(true), "`pulumi refresh --preview-only` ended with exit code 255: the stack is locked");
    assert.equal(await looked(false), "no Docker engine answered");
  });

  it("stops with one error where it cannot be created", async () => {
    await writeFile(join(projectDirectory, "broken"), "");
    await assert.rejects(pulumiEngine(false).state({ projectDirectory, stackName: "dev" }), {
      name: "SituationError",
      message: "`pulumi stack select` failed with exit code 1. See its message above, or use --engine embedded.",
    });
  });
});
