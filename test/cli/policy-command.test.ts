import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PolicyOptions } from "../../cli/commands/policy/command.ts";
import { policy } from "../../cli/commands/policy/run.ts";
import { Exit } from "../../cli/terminal/exit-code.ts";
import { asLiveSwarm, asPlan, asResources, asStackFile, asState } from "../policies/drafts.ts";
import { store } from "../policies/sample-services.ts";

describe("holdfast policy", () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-policy-"));
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const good = write("good.yml", asStackFile([store()]));
  const bad = write("bad.yml", asStackFile([store({ constraints: [] })]));

  /** Runs the command in this process; answers with its exit code and what it printed. */
  const run = async (
    files: string[],
    options: Partial<PolicyOptions> = {},
  ): Promise<{ code: number; printed: string }> => {
    const printed: string[] = [];
    const streams = process.stdout.write.bind(process.stdout);
    process.stdout.write = (chunk: unknown) => printed.push(String(chunk)) > 0;
    try {
      await policy(files, { failOn: "error", image: [], ...options });
      return { code: 0, printed: printed.join("") };
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      return { code: error.code, printed: printed.join("") };
    } finally {
      process.stdout.write = streams;
    }
  };
  const rulesIn = (printed: string): string[] =>
    (JSON.parse(printed) as { findings: { rule: string; result: string }[] }).findings
      .filter(({ result }) => result === "fail")
      .map(({ rule }) => rule);

  it("ends with 0 for what is right and with 1 for what is not", async () => {
    assert.equal((await run([good])).code, 0);
    assert.equal((await run([bad])).code, 1);
    assert.equal((await run([bad], { failOn: "never" })).code, 0);
    assert.equal((await run([good], { failOn: "warning" })).code, 1);
  });

  it("judges several files, states and plans alike", async () => {
    const state = write("state.json", asState(asResources([store({ constraints: [] })])));
    const before = asResources([store()]);
    const plan = write("plan.json", asPlan(before, asResources([store({ constraints: [] })])));
    assert.deepEqual(rulesIn((await run([good, bad], { json: true })).printed), ["SS201"]);
    assert.deepEqual(rulesIn((await run([state], { json: true })).printed), ["SS201"]);
    const { services } = asLiveSwarm([store({ constraints: [] })]);
    const inspected = write("inspected.json", JSON.stringify(services));
    assert.ok(rulesIn((await run([inspected], { json: true })).printed).includes("SS201"));
    const stackInJson = write("stack.json", JSON.stringify({ networks: {}, services: { r: { image: "redis:7" } } }));
    assert.ok(rulesIn((await run([stackInJson], { json: true })).printed).includes("SS101"));
    assert.deepEqual(rulesIn((await run([plan], { json: true })).printed), ["SS201", "SS602"]);
  });

  it("reads what a stack file names, beside it", async () => {
    write("redis.conf", 'save ""\n');
    write("base.yml", 'services: { base: { image: "redis:7", volumes: ["d:/data"], env_file: settings.env } }');
    write("settings.env", "# a comment\nREDIS_PASSWORD=hunter2hunter2\n");
    const main = write(
      "main.yml",
      "services:\n  r: { extends: { file: base.yml, service: base }, command: [redis-server, /etc/r.conf], configs: [{ source: c, target: /etc/r.conf }] }\nconfigs: { c: { file: redis.conf } }\n",
    );
    const rules = rulesIn((await run([main], { json: true })).printed);
    for (const rule of ["SS402", "SS502", "SS201"]) assert.ok(rules.includes(rule), rules.join());
  });

  it("writes a baseline, and leaves out what stands in one", async () => {
    const baseline = join(folder, "baseline.json");
    assert.equal((await run([bad], { writeBaseline: baseline })).code, 0);
    assert.equal((await run([bad], { baseline })).code, 0);
    const worse = write("worse.yml", asStackFile([store({ constraints: [], replicas: 3 })]));
    assert.deepEqual(rulesIn((await run([worse], { baseline, json: true })).printed), ["SS301"]);
  });

  it("writes SARIF beside what it prints", async () => {
    const sarif = join(folder, "findings.sarif");
    const { printed } = await run([bad], { sarif });
    assert.match(printed, /SS201 local-volume-unpinned/);
    assert.equal((JSON.parse(readFileSync(sarif, "utf8")) as { version: string }).version, "2.1.0");
    assert.equal((JSON.parse((await run([bad], { sarif: true })).printed) as { version: string }).version, "2.1.0");
    assert.match((await run([bad], { markdown: true })).printed, /^\| error \| SS201/m);
  });

  it("answers bad input with one error in the usual form", async () => {
    const refused = async (files: string[], options: Partial<PolicyOptions>, message: string) => {
      await assert.rejects(run(files, options), { message });
    };
    await refused(
      [],
      {},
      "command line: expected a file, or --swarm, got neither. Name a stack file, a Pulumi state or a plan.",
    );
    const absent = join(folder, "absent.yml");
    await refused(
      [absent],
      {},
      `${absent}: expected a file that can be read, got ENOENT. Name an existing file that you may read.`,
    );
    await refused(
      [good],
      { image: ["x=y"] },
      '--image: expected the name of an image, =, and a catalogue entry, got "x=y". Write it as in corp/cache=redis.',
    );
    const list = write("list.json", "[1]");
    await refused(
      [list],
      {},
      `${list}: expected what \`docker service inspect\` prints, got another list. Give a stack file, a Pulumi state or a plan, or that list.`,
    );
    const cut = write("cut.json", asState(asResources([store()])).slice(0, 200));
    await refused(
      [cut],
      {},
      `${cut}: expected a state (\`pulumi stack export\`) or a plan (\`pulumi preview --json\`), got JSON that is cut off or broken. Write it again with that command.`,
    );
    const wrong = write("wrong.yml", "services:\n  a:\n    image: redis\n    ports: 3\n");
    await refused(
      [wrong],
      {},
      `${wrong}:4:5: services.a.ports: expected a list, got number 3. Write it in the form of the Compose file reference.`,
    );
  });
});
