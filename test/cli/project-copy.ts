/** A copy of this project in a folder of its own, and its command run as a person runs it. */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What is no part of the program and its tools, or is linked instead of copied. */
const leftOut = new Set([
  "node_modules",
  ".git",
  ".holdfast",
  ".pulumi",
  "test",
  "bench",
  "docs",
  "examples",
  "coverage",
]);

/** Runs a command on a terminal of its own (util-linux). */
export const terminalProgram = "script";

/** How a command ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Fulfilled when standard output holds the text; rejected when the command ends before. */
  printed(part: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** A copy of the project. */
export class ProjectCopy implements AsyncDisposable {
  readonly directory: string;
  /** All that any command has printed. */
  readonly printed: string[] = [];
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(directory: string, environment: NodeJS.ProcessEnv) {
    this.directory = directory;
    this.#environment = environment;
  }

  /** Copies the project; `environment` is added to that of each command. */
  static async make(environment: NodeJS.ProcessEnv): Promise<ProjectCopy> {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-project-"));
    for (const name of await readdir(root))
      if (!leftOut.has(name)) await cp(join(root, name), join(directory, name), { recursive: true });
    await symlink(join(root, "node_modules"), join(directory, "node_modules"));
    return new ProjectCopy(directory, environment);
  }

  /** Writes the settings of a stack anew. */
  async configure(stackName: string, settings: Readonly<Record<string, string | number>>): Promise<void> {
    const lines = Object.entries(settings).map(
      ([key, value]) => `  holdfast:${key}: ${JSON.stringify(String(value))}\n`,
    );
    await writeFile(join(this.directory, `Pulumi.${stackName}.yaml`), `config:\n${lines.join("")}`);
  }

  /** Starts `holdfast`. */
  start(words: readonly string[], input = "", environment: NodeJS.ProcessEnv = {}): Running {
    const { PULUMI_CONFIG_PASSPHRASE: _text, PULUMI_CONFIG_PASSPHRASE_FILE: _file, ...inherited } = process.env;
    const child = spawn(process.execPath, [join(this.directory, "cli", "holdfast.ts"), ...words], {
      cwd: this.directory,
      env: { ...inherited, ...this.#environment, ...environment },
      stdio: "pipe",
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    let soFar = "";
    child.stdout.on("data", (chunk: Buffer) => {
      soFar += chunk.toString();
    });
    const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const ended = Promise.all([exit, text(child.stdout), text(child.stderr)]).then(([code, stdout, stderr]) => {
      this.printed.push(stdout, stderr);
      return { code, stdout, stderr };
    });
    const printed = (part: string) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          if (soFar.includes(part)) resolve();
        };
        child.stdout.on("data", look);
        look();
        void ended.then(({ stderr }) => {
          reject(new Error(`ended without printing ${JSON.stringify(part)}: ${soFar}${stderr}`));
        });
      });
    return {
      pid: child.pid ?? 0,
      ended,
      printed,
      kill: (signal) => {
        child.kill(signal);
      },
    };
  }

  /** Runs `holdfast` to its end. */
  run(words: readonly string[], input = "", environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return this.start(words, input, environment).ended;
  }

  /** Runs `holdfast` on a terminal of 120 columns on which somebody types; what it draws comes back as standard output. */
  async runOnTerminal(words: readonly string[], typed: string, environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const command = [process.execPath, join(this.directory, "cli", "holdfast.ts"), ...words].join(" ");
    const child = spawn(terminalProgram, ["-qec", `stty cols 120 rows 40; exec ${command}`, "/dev/null"], {
      cwd: this.directory,
      // Node draws no colours where CI is set; a person's terminal has none of these.
      env: { ...process.env, CI: undefined, NO_COLOR: undefined, TERM: "xterm", ...this.#environment, ...environment },
      stdio: "pipe",
    });
    child.stdin.end(typed);
    const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const [code, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
    this.printed.push(stdout, stderr);
    return { code, stdout, stderr };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }
}
