/** Stops a run at one of its steps: each call of a program that the backups start is counted, and one of them meets a fault. */
import { access, chmod, constants, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";

/**
 * What happens to whom, and when. The caller is the companion or the task, the program what it has called; all are both of them. The
 * server is the one whose data is backed up. Who stands still goes on after a while.
 */
export interface StepFault {
  readonly who: "program" | "caller" | "all" | "server";
  readonly what: "is killed" | "stands still";
  readonly when: "before" | "in the middle" | "after";
}

const fault = (who: StepFault["who"], what: StepFault["what"], when: StepFault["when"]): StepFault => ({
  who,
  what,
  when,
});

/** Those of a command that ends by itself. */
export const taskFaults: readonly StepFault[] = [
  fault("program", "is killed", "before"),
  fault("program", "is killed", "in the middle"),
  fault("program", "is killed", "after"),
  fault("caller", "is killed", "in the middle"),
  fault("all", "is killed", "before"),
  fault("all", "is killed", "in the middle"),
  fault("all", "is killed", "after"),
  fault("program", "stands still", "in the middle"),
];

/** Those of a companion. */
export const companionFaults: readonly StepFault[] = [
  // Whoever kills all before a step kills them after the one before it.
  ...taskFaults.filter(({ when }) => when !== "before"),
  fault("caller", "stands still", "in the middle"),
  fault("server", "is killed", "in the middle"),
  fault("server", "stands still", "in the middle"),
];

/** Whether it can happen there: a server does not end by itself. */
export function isPossible({ when }: StepFault, { name }: Step): boolean {
  return when !== "after" || !name.endsWith("-server");
}

/** In words. */
export function faultWords({ who, what, when }: StepFault): string {
  return `${who} ${who === "all" ? what.replace("is", "are") : what} ${when}`;
}

/** A place in a run. */
export interface Step {
  /** From 1. */
  readonly nth: number;
  /** The program and its command, such as `restic backup`. */
  readonly name: string;
}

/** What a call of restic is known by; options with values may come before it. */
const resticCommands = ["version", "init", "snapshots", "backup", "dump", "forget", "prune", "unlock", "list", "cat"];

/** So long somebody stands still. */
const stillSeconds = 3;

/** Stands before a program, and then becomes it: its caller sees the same process, arguments, streams and end. */
const script = (real: string, folder: string): string => `#!/bin/sh
name=\${0##*/}
for word in "$@"; do case $word in ${resticCommands.join("|")}) command=\${command:-$word} ;; esac; done
exec 9>>'${folder}/lock'
flock 9
echo "$name $command" >> '${folder}/calls'
nth=$(wc -l < '${folder}/calls')
IFS=, read -r wanted delay who what when < '${folder}/fault' 2>/dev/null || wanted=0
flock -u 9
exec 9>&-
[ "$nth" = "$wanted" ] || exec '${real}' "$@"
strike() {
  case $who in
    program) them=$$ ;;
    caller) them=$PPID ;;
    all) them="$PPID $$" ;;
    server) them=$(cat '${folder}/server') ;;
  esac
  echo "$nth" > '${folder}/happened'
  case $what in
    'is killed') kill -9 $them ;;
    'stands still') kill -STOP $them; sleep ${stillSeconds}; kill -CONT $them ;;
  esac
}
case $when in
  before) strike ;;
  after) '${real}' "$@" > '${folder}/lost' 2>&1; strike ;;
  'in the middle')
    {
      sleep "$delay"
      kill -0 $$ && strike
      # A server that has lost its caller ends with its container.
      case $who$what$name in 'calleris killed'*-server) sleep 1; kill -9 $$ ;; esac
    } < /dev/null > /dev/null 2>&1 & ;;
esac
exec '${real}' "$@"
`;

/** The steps of what a rig runs. */
export class Steps {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Puts itself before programs.
   *
   * @param folder - the first one of the path
   */
  static async install(folder: string, path: string, programs: readonly string[]): Promise<Steps> {
    await mkdir(folder, { recursive: true });
    for (const program of programs) {
      const real = await firstOf(path.split(delimiter).map((each) => join(each, program)));
      await writeFile(join(folder, program), script(real, folder));
      await chmod(join(folder, program), 0o755);
    }
    return new Steps(folder);
  }

  /** Counts from 1 again, and lets a fault happen at a step. */
  async arm(step?: { nth: number; fault: StepFault; delaySeconds: number }): Promise<void> {
    for (const name of ["calls", "fault", "happened"]) await rm(join(this.#folder, name), { force: true });
    if (!step) return;
    const { who, what, when } = step.fault;
    const words = [step.nth, step.delaySeconds.toFixed(3), who, what, when];
    await writeFile(join(this.#folder, "fault"), `${words.join(",")}\n`);
  }

  /** Says which process the server is. */
  async know(server: { readonly pid?: number | undefined }): Promise<void> {
    await writeFile(join(this.#folder, "server"), String(server.pid ?? ""));
  }

  /** The steps so far. */
  async passed(): Promise<readonly Step[]> {
    const text = await readFile(join(this.#folder, "calls"), "utf8").catch(() => "");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line, index) => ({ nth: index + 1, name: line.trim() }));
  }

  /** Whether the fault has happened. */
  async hasHappened(): Promise<boolean> {
    return (await readFile(join(this.#folder, "happened"), "utf8").catch(() => "")) !== "";
  }
}

async function firstOf(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  throw new Error(`none of ${paths.join(", ")} is there`);
}
