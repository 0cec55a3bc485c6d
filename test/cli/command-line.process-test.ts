import assert from "node:assert/strict";
import { execFile, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CommanderError } from "commander";
import { createProgram } from "../../cli/program.ts";
import { usageMistake } from "../../cli/terminal/failure.ts";
import { damagedEngine } from "../attack/damaged-engine.ts";

const entry = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));

describe("the command line", function () {
  this.timeout(30_000);

  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-cli-"));
  });
  after(() => rm(folder, { recursive: true }));

  const cases: [words: string[], message: string][] = [
    [
      ["frob"],
      'command line: expected a holdfast command, got "frob". Run it with --help to see its arguments and options.',
    ],
    [["previe"], 'command line: expected a holdfast command, got "previe". Did you mean preview?'],
    [["up", "--jso"], 'command line: expected an option of this command, got "--jso". Did you mean --json?'],
    [
      ["up", "now"],
      'command line: expected no further argument, got "now". Run it with --help to see its arguments and options.',
    ],
    [
      ["up", "--engine", "x"],
      '--engine: expected one of pulumi, embedded, got "x". Run it with --help to see its arguments and options.',
    ],
    [["up", "--stack"], "--stack: expected a value, got none. Run it with --help to see its arguments and options."],
    [
      ["config", "get"],
      "command line: expected a value for <key>, got none. Run it with --help to see its arguments and options.",
    ],
  ];
  for (const [words, message] of cases) {
    it(`refuses "${words.join(" ")}" in one line`, async () => {
      await assert.rejects(createProgram().parseAsync(words, { from: "user" }), (error) => {
        assert.ok(error instanceof CommanderError);
        assert.equal(usageMistake(error).message, message);
        return true;
      });
    });
  }

  it("starts without what only some commands need", async () => {
    const withoutZod = `data:text/javascript,${encodeURIComponent(`
      import { registerHooks } from "node:module";
      const refused = (name) => { throw new Error("loaded: " + name); };
      registerHooks({ resolve: (name, context, next) => (name === "zod" ? refused(name) : next(name, context)) });
    `)}`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", withoutZod, entry, "--version"]);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/u);
  });

  it("ends when the process that has started it is gone", async () => {
    await using engine = await damagedEngine({
      socket: join(folder, "engine.sock"),
      damage: "never answers",
      target: "every",
    });
    const environment = { ...process.env, DOCKER_HOST: engine.host };
    const child = fork(entry, ["policy", "--swarm"], { cwd: folder, env: environment, silent: true });
    while (engine.count === 0) await setTimeout(20);
    child.disconnect();
    assert.deepEqual(await once(child, "exit"), [null, "SIGTERM"]);
  });

  it("refuses to print two documents", async () => {
    const words = ["impact", "plan.json", "--json", "--markdown"];
    await assert.rejects(createProgram().parseAsync(words, { from: "user" }), {
      message:
        "command line: expected one document on standard output, got --json and --markdown. Leave out all but one, or have the others write to a file if they can.",
    });
  });

  it("ends a slip with one line and exit code 2", async () => {
    const stderr = 'error: command line: expected a holdfast command, got "previe". Did you mean preview?\n';
    assert.deepEqual(await holdfast(["previe"]), { code: 2, stdout: "", stderr });
  });

  it("refuses a folder without a project, as JSON where that is wanted", async () => {
    const { code, stdout, stderr } = await holdfast(["up", "--json"]);
    assert.equal(code, 2);
    assert.match(stderr, /^error: .*: expected a folder that has a Pulumi.yaml in it or above it, got none\. .*\n$/);
    const document: unknown = JSON.parse(stdout);
    assert.deepEqual(document, {
      error: {
        message: stderr.slice("error: ".length, -1),
        path: folder,
        expected: "a folder that has a Pulumi.yaml in it or above it",
        got: "none",
        fix: "Change to the project folder, or name it with --cwd",
      },
      exitCode: 2,
    });
  });

  it("refuses a secret on the command line without repeating it", async () => {
    await writeFile(join(folder, "Pulumi.yaml"), "name: holdfast\nruntime: nodejs\n");
    const { code, stdout, stderr } = await holdfast(["config", "set", "--secret", "password", "correct-horse-battery"]);
    assert.equal(code, 2);
    assert.match(stderr, /expected no value on the command line, where others can read it/);
    assert.doesNotMatch(stdout + stderr, /correct-horse/);
  });

  it("keeps a secret from standard input encrypted and masked, and gives it only where it is asked for", async () => {
    await writeFile(join(folder, "Pulumi.yaml"), "name: holdfast\nruntime: nodejs\n");
    const set = await holdfast(["config", "set", "--secret", "password"], "correct-horse-battery\n");
    assert.deepEqual(set, { code: 0, stdout: "Set password (encrypted).\n", stderr: "" });
    assert.equal((await holdfast(["config", "get", "password"])).stdout, "[secret]\n");
    assert.equal((await holdfast(["config", "get", "--show-secrets", "password"])).stdout, "correct-horse-battery\n");
  });

  it("says of a file that it cannot write where and how to mend it", async () => {
    await writeFile(join(folder, "Pulumi.yaml"), "name: holdfast\nruntime: nodejs\n");
    assert.deepEqual(await holdfast(["export", "--file", "missing/state.json"]), {
      code: 2,
      stdout: "",
      stderr:
        'error: --file: expected a file that can be written, got "missing/state.json" (ENOENT). Name a file in an existing folder that you may write to.\n',
    });
  });

  it("ends with 0 after --help and --version, of a command too", async () => {
    for (const words of [["--version"], ["config", "set", "--help"]]) {
      const { code, stdout, stderr } = await holdfast(words);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" }, words.join(" "));
      assert.notEqual(stdout, "");
    }
  });

  it("ends only when all that it prints was taken, however slowly", async () => {
    // More than a pipe holds.
    const errors = Array.from({ length: 50_000 }, (_, index) => ({ severity: "error", message: `mistake ${index}` }));
    const child = spawn(process.execPath, [entry, "impact", "--json"], { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.end(JSON.stringify({ diagnostics: errors }));
    await once(child.stdout, "readable");
    await setTimeout(300);
    assert.equal(child.exitCode, null);
    const document: unknown = JSON.parse(await text(child.stdout));
    assert.partialDeepStrictEqual(document, { errors: errors.map(({ message }) => message) });
  });

  it("fails in one line where what it prints is not taken, and with its own exit code where nobody reads on", async () => {
    const plan = fileURLToPath(new URL("../data/recordings/changes/force-update/preview.json", import.meta.url));
    const impact = `"${process.execPath}" "${entry}" impact "${plan}" --json`;
    const full = "error: Standard output could not be written completely ";
    const cases: [script: string, code: number, stderr: string][] = [
      [`exec ${impact} > /dev/full`, 1, `${full}(ENOSPC). Redirect it somewhere else.\n`],
      // A file that may not grow is first written in part.
      [`trap '' XFSZ; ulimit -f 1; exec ${impact} > cut.json`, 1, `${full}(EFBIG). Redirect it somewhere else.\n`],
      [`{ ${impact} --fail-on interrupted 2> /dev/null; echo $? >&2; } | true`, 0, "1\n"],
    ];
    for (const [script, code, stderr] of cases) {
      const child = spawn("sh", ["-c", script], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
      const [said] = await Promise.all([text(child.stderr), once(child, "close"), text(child.stdout)]);
      assert.deepEqual({ code: child.exitCode, stderr: said }, { code, stderr }, script);
    }
  });

  function holdfast(words: string[], input = ""): Promise<{ code: number; stdout: string; stderr: string }> {
    const { PULUMI_CONFIG_PASSPHRASE: _text, PULUMI_CONFIG_PASSPHRASE_FILE: _file, ...environment } = process.env;
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [entry, ...words],
        { cwd: folder, env: environment },
        (error, stdout, stderr) => {
          resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
        },
      );
      child.stdin?.end(input);
    });
  }
});
