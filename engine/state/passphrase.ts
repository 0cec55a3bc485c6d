/** Where the passphrase of a stack comes from, and the secrets manager that it opens. */
import { randomBytes } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import { closeToOthers, makePrivateFolder } from "../../swarm/engine/private-folder.ts";
import { InputError } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import { readTextFile, removeTemporaries, writeDurably } from "./durable-file.ts";
import type { SecretsManager } from "./secrets-manager.ts";
import { beginToDerive, createSecretsManager, openSecretsManager } from "./secrets-manager.ts";

/** A passphrase and where it was found, for messages. */
interface Passphrase {
  text: string;
  source: string;
}

const passphraseFile = join(".holdfast", "passphrase");

/** Opens secrets managers for the salts of one project, deriving each key once and only when asked to. */
export class PassphraseKeeper {
  readonly #projectDirectory: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #managers = new Map<string, Promise<SecretsManager>>();
  #found: Promise<Passphrase[]> | undefined;

  constructor(projectDirectory: string, environment: NodeJS.ProcessEnv) {
    this.#projectDirectory = projectDirectory;
    this.#environment = environment;
  }

  /**
   * The secrets manager of a salt that is in use.
   *
   * @param path - the file that holds the salt, for messages
   * @throws InputError when no passphrase is set, or a wrong one
   */
  open(salt: string, path: string): Promise<SecretsManager> {
    const opened = this.#managers.get(salt) ?? this.#open(salt, path);
    this.#managers.set(salt, opened);
    return opened;
  }

  /** Starts deriving the key of a salt, and returns at once; {@link open} reports errors. */
  async prepare(salt: string): Promise<void> {
    const [passphrase] = await this.#set().catch(() => []);
    if (passphrase !== undefined) beginToDerive(passphrase.text, salt);
  }

  /**
   * A secrets manager with a new salt, for a stack that has no secret yet. Where no passphrase is set, one is generated
   * into `.holdfast/passphrase`, for this user's eyes only.
   */
  async create(): Promise<SecretsManager> {
    const [passphrase = await this.#generate()] = await this.#set();
    const created = await createSecretsManager(passphrase.text);
    this.#managers.set(created.salt, Promise.resolve(created));
    return created;
  }

  async #open(salt: string, path: string): Promise<SecretsManager> {
    const [passphrase, ...others] = await this.#set();
    if (passphrase === undefined)
      throw new SituationError({
        what: `The secrets in ${path} are encrypted, but no passphrase is set`,
        fix: `Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE, or put it into ${passphraseFile}`,
      });
    const manager = await tryPassphrase(passphrase, salt, path);
    if (manager !== undefined) return manager;
    const right = await findAsync(others, async (other) => (await tryPassphrase(other, salt, path)) !== undefined);
    throw new InputError({
      path: passphrase.source,
      expected: `the passphrase that the secrets of ${path} are encrypted under`,
      got: right === undefined ? "another one" : `another one, while that of ${right.source} is right`,
      fix:
        right === undefined
          ? "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the right one"
          : `Unset ${passphrase.source}, which goes before ${right.source}`,
    });
  }

  /** {@link #find}, once: a file may be a pipe. */
  #set(): Promise<Passphrase[]> {
    return (this.#found ??= this.#find());
  }

  /** The passphrases that are set, the one that counts first (Pulumi: pkg/secrets/passphrase, `readPassphrase`). */
  async #find(): Promise<Passphrase[]> {
    const { PULUMI_CONFIG_PASSPHRASE: text, PULUMI_CONFIG_PASSPHRASE_FILE: file } = this.#environment;
    const found: Passphrase[] = [];
    // An empty passphrase counts.
    if (text !== undefined) found.push({ text, source: "PULUMI_CONFIG_PASSPHRASE" });
    if (file !== undefined && file !== "") {
      const content = await readTextFile(resolve(file));
      // A missing file stops the run only if it would be used.
      if (content === undefined && found.length === 0)
        throw new InputError({
          path: "PULUMI_CONFIG_PASSPHRASE_FILE",
          expected: "a file with the passphrase",
          got: `${file}, which does not exist`,
          fix: "Create it, or unset the variable",
        });
      if (content !== undefined) found.push({ text: content.trim(), source: "PULUMI_CONFIG_PASSPHRASE_FILE" });
    }
    const path = join(this.#projectDirectory, passphraseFile);
    const own = await readTextFile(path);
    if (own !== undefined) for (const each of [dirname(path), path]) closeToOthers(each);
    if (own !== undefined && own.trim() !== "") found.push({ text: own.trim(), source: passphraseFile });
    return found;
  }

  async #generate(): Promise<Passphrase> {
    const text = randomBytes(32).toString("base64url");
    const path = join(this.#projectDirectory, passphraseFile);
    makePrivateFolder(dirname(path));
    await removeTemporaries(dirname(path), "passphrase.", 60_000);
    await writeDurably(path, `${text}\n`, { kind: "passphrase", mode: 0o600 });
    this.#found = undefined;
    return { text, source: passphraseFile };
  }
}

async function tryPassphrase(passphrase: Passphrase, salt: string, path: string): Promise<SecretsManager | undefined> {
  try {
    return await openSecretsManager(passphrase.text, salt);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InputError({
      path,
      expected: "a salt of the form v1:<salt>:v1:<nonce>:<ciphertext>",
      got: "another text",
      fix: "Restore the line `encryptionsalt` from version control, or the state from a backup",
    });
  }
}

async function findAsync<T>(items: readonly T[], matches: (item: T) => Promise<boolean>): Promise<T | undefined> {
  for (const item of items) if (await matches(item)) return item;
  return undefined;
}
