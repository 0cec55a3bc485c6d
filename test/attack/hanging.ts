import assert from "node:assert/strict";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { newFolder, shared, type AttackCase } from "./case.ts";
import { damagedEngine, type Damage } from "./damaged-engine.ts";
import { damagedLab } from "./damaged-lab.ts";
import { midway, mustHaveEnded } from "./damaged-midway.ts";
import { wrongValues } from "./wrong-values.ts";

const entry = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));
const packages = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** What asks an engine. */
const commands: readonly (readonly string[])[] = [
  ["up", "--yes", "--engine", "embedded"],
  ["preview", "--engine", "embedded"],
  ["refresh", "--engine", "embedded"],
  ["down", "--yes", "--engine", "embedded"],
  ["redis", "ping"],
  ["policy", "--swarm"],
  ["impact", "stack.yaml", "--swarm"],
  ["audit"],
  ["doctor"],
  ["verify", "shop"],
  ["rescue"],
];

/** What the engine does, and whether a command can know at once. */
const trials: readonly { readonly damage: Damage; readonly isSilent: boolean }[] = [
  { damage: "hangs up", isSilent: false },
  { damage: "never answers", isSilent: true },
  { damage: "answers with a head alone", isSilent: true },
  { damage: "falls silent midway", isSilent: true },
  { damage: "cuts the body", isSilent: false },
  { damage: "cuts a body in chunks", isSilent: false },
  { damage: "redirects", isSilent: false },
  { damage: "speaks no HTTP", isSilent: false },
  { damage: "answers with broken JSON", isSilent: false },
  { damage: "answers with null", isSilent: false },
  { damage: "answers with an empty object", isSilent: false },
  { damage: "answers with an error's page", isSilent: false },
];

/** A project whose program makes a volume. */
const project = shared(async (): Promise<string> => {
  const made = await newFolder();
  await writeFile(join(made, "Pulumi.yaml"), "name: attacked\nruntime: nodejs\nmain: index.ts\n");
  await writeFile(join(made, "package.json"), '{"type":"module"}');
  await writeFile(join(made, "index.ts"), 'import { Volume } from "@pulumi/docker";\nnew Volume("data");\n');
  await writeFile(join(made, "stack.yaml"), "services:\n  shop:\n    image: redis:7\n");
  await symlink(packages, join(made, "node_modules"));
  return made;
});

let count = 0;

async function end(command: readonly string[], damage: Damage): Promise<void> {
  const directory = await project();
  await using engine = await damagedEngine({
    socket: join(directory, `${++count}.sock`),
    damage,
    target: "all but the ping",
  });
  const { exitCode, signal, stdout, stderr, timedOut } = await execa(process.execPath, [entry, ...command], {
    cwd: directory,
    // A stack of its own, so that one does not wait for another's lock.
    env: { DOCKER_HOST: engine.host, PULUMI_CONFIG_PASSPHRASE: "attacked", PULUMI_STACK: `s${count}` },
    stdin: "ignore",
    reject: false,
    timeout: 220_000,
    killSignal: "SIGKILL",
  });
  assert(!timedOut && signal === undefined, `it hangs: ${stdout}${stderr}`);
  mustHaveEnded({ code: exitCode ?? null, stdout, stderr });
}

let silent: ReadonlyMap<string, Promise<void>> | undefined;

/** All that has to wait waits at the same time. */
function endTogether(name: string): Promise<void> {
  silent ??= new Map(
    trials
      .filter(({ isSilent }) => isSilent)
      .flatMap(({ damage }) =>
        commands.map((command) => {
          const ended = end(command, damage);
          // Whoever asks for it is told.
          ended.catch(() => undefined);
          return [nameOf(command, damage), ended] as const;
        }),
      ),
  );
  return silent.get(name) ?? Promise.reject(new Error(`no attack is called ${name}`));
}

function nameOf([command = ""]: readonly string[], damage: Damage): string {
  return `${command} ends with words where the engine ${damage}`;
}

const fromTheStart = trials.flatMap(({ damage, isSilent }) =>
  commands.map((command): AttackCase => {
    const name = nameOf(command, damage);
    return {
      group: "hanging engines",
      name,
      limitSeconds: 240,
      sample: damage === "cuts the body" && command[0] === "policy",
      run: () => (isSilent ? endTogether(name) : end(command, damage)),
    };
  }),
);

/** Every command that asks an engine, and every damage to what that answers: to all of it, or in the middle. */
export const cases: readonly AttackCase[] = [...fromTheStart, ...damagedLab, ...midway, ...wrongValues];
