/** Looks for secrets in clear where others can read them: in what Docker says, in logs, in files, in the arguments of processes. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";

/** A text, and where it was read. */
export interface ReadText {
  readonly where: string;
  readonly text: string;
}

/** The texts that hold one of the secrets, as it is or in base64. */
export function placesOf(secrets: readonly string[], texts: readonly ReadText[]): readonly string[] {
  const forms = secrets.flatMap((secret) => [secret, Buffer.from(secret).toString("base64").replace(/=+$/u, "")]);
  return texts.filter(({ text }) => forms.some((form) => text.includes(form))).map(({ where }) => where);
}

/** What a manager says of services, tasks, configurations and secrets. */
export async function managerTexts(docker: Docker): Promise<readonly ReadText[]> {
  const lists = {
    services: await docker.listServices(),
    tasks: await docker.listTasks(),
    configurations: await docker.listConfigs(),
    secrets: await docker.listSecrets(),
  };
  return Object.entries(lists).map(([where, list]) => ({ where, text: withDecoded(JSON.stringify(list)) }));
}

/** With what the contents of configurations say that are in it. */
function withDecoded(json: string): string {
  const contents = [...json.matchAll(/"Data":"([A-Za-z0-9+/=]+)"/gu)].map(([, data = ""]) => data);
  return [json, ...contents.map((data) => Buffer.from(data, "base64").toString())].join("\n");
}

/** What an engine says of its containers, with their logs. */
export async function containerTexts(docker: Docker): Promise<readonly ReadText[]> {
  const containers = await docker.listContainers({ all: true });
  const texts = await Promise.all(
    containers.map(async ({ Id, Names: [name = Id] }) => {
      const container = docker.getContainer(Id);
      // One that ends meanwhile is gone.
      const inspected = await container.inspect().catch(() => ({}));
      const log = await container.logs({ stdout: true, stderr: true }).catch(() => Buffer.alloc(0));
      return [
        { where: `container ${name}`, text: JSON.stringify(inspected) },
        { where: `log of ${name}`, text: log.toString("latin1") },
      ];
    }),
  );
  return texts.flat();
}

/** The files of a folder. */
export async function fileTexts(folder: string): Promise<readonly ReadText[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (where) => ({ where, text: await readFile(where, "latin1") })));
}

const lookEveryMs = 50;

/** Reads the arguments of all processes of the machine, again and again, until it is stopped. */
export class ArgumentsWatch {
  readonly #seen = new Set<string>();
  #isStopped = false;
  readonly #ended: Promise<void>;

  constructor() {
    this.#ended = this.#watch();
  }

  async #watch(): Promise<void> {
    while (!this.#isStopped) {
      for (const pid of await readdir("/proc")) {
        if (!/^\d+$/u.test(pid)) continue;
        const text = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
        this.#seen.add(text);
      }
      await sleep(lookEveryMs);
    }
  }

  async stop(): Promise<readonly ReadText[]> {
    this.#isStopped = true;
    await this.#ended;
    return [...this.#seen].map((text) => ({ where: `arguments ${text.replaceAll("\0", " ").slice(0, 60)}`, text }));
  }
}
