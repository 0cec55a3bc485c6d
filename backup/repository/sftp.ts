/** A repository that is reached by SFTP: restic lets `ssh` do it, which reads its key and the hosts that it trusts from files. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../../text/input-error.ts";

/** The credentials of a repository that is reached by SFTP. Each is a file's text, or that in base64. */
export const sftpCredentials = { key: "SFTP_PRIVATE_KEY", knownHosts: "SFTP_KNOWN_HOSTS" } as const;

const files = { [sftpCredentials.key]: "key", [sftpCredentials.knownHosts]: "known_hosts" } as const;

/** Whether a repository is reached by SFTP. */
export function isSftp(repository: string): boolean {
  return repository.startsWith("sftp:");
}

/** Whether a credential is the text of a file that `ssh` reads. */
export function isSftpCredential(name: string): boolean {
  return Object.hasOwn(files, name);
}

/** How restic reaches a repository by SFTP. */
export interface SftpAccess {
  /** Restic's options. */
  readonly options: readonly string[];
  /** What `ssh` has said since this was asked last: restic may end before it has said it. */
  takeLog(): Promise<string>;
}

/**
 * Writes the files that `ssh` reads, for this user alone. Nothing else of the machine is believed: no configuration, no agent, no other
 * key; and nobody is asked.
 *
 * @param temporaryFolder - in the companion's container it is memory
 * @throws InputError where a credential is missing
 */
export async function prepareSftp(
  credentials: Readonly<Record<string, string>>,
  temporaryFolder: string,
): Promise<SftpAccess> {
  const folder = await mkdtemp(join(temporaryFolder, "holdfast-sftp-"));
  for (const name of Object.values(sftpCredentials)) {
    const text = credentials[name];
    if (text === undefined) throw missing(name);
    await writeFile(join(folder, files[name]), plainText(text), { mode: 0o600 });
  }
  const options = {
    IdentityFile: join(folder, files[sftpCredentials.key]),
    IdentitiesOnly: "yes",
    IdentityAgent: "none",
    UserKnownHostsFile: join(folder, files[sftpCredentials.knownHosts]),
    GlobalKnownHostsFile: "none",
    StrictHostKeyChecking: "yes",
    BatchMode: "yes",
    // A server that takes a connection and says nothing, and one that is gone in the middle.
    ConnectTimeout: "20",
    ServerAliveInterval: "10",
    ServerAliveCountMax: "3",
  };
  const words = Object.entries(options).map(([name, value]) => `-o '${name}=${value}'`);
  const log = join(folder, "log");
  return {
    options: ["-o", `sftp.args=-F none -E '${log}' ${words.join(" ")}`],
    takeLog: async () => {
      let text = "";
      // Restic does not wait for its end.
      for (let left = 10; left > 0 && text === ""; left--) {
        text = await readFile(log, "utf8").catch(() => "");
        if (text === "") await sleep(100);
      }
      await rm(log, { force: true });
      return text;
    },
  };
}

/** The text of a file, which may be given in base64; `ssh` wants a line's end behind a key. */
function plainText(text: string): string {
  const isEncoded = /^[A-Za-z0-9+/]+={0,2}$/u.test(text.replaceAll(/[\r\n]/gu, ""));
  return `${(isEncoded ? Buffer.from(text, "base64").toString("utf8") : text).trimEnd()}\n`;
}

function missing(name: (typeof sftpCredentials)[keyof typeof sftpCredentials]): InputError {
  const isKey = name === sftpCredentials.key;
  return new InputError({
    path: `the repository's credential ${name}`,
    expected: isKey ? "the private key by which the server knows the companion" : "the server's host key",
    got: "nothing",
    fix: isKey
      ? "Make a key without a passphrase by `ssh-keygen -t ed25519 -N ''`, and give its private part"
      : "Give the line that `ssh-keyscan HOST` prints, after you have compared it with the server's own",
  });
}
