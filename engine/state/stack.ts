import { InputError } from "../../text/input-error.ts";
import { shownPath } from "./durable-file.ts";
import { namingBackup, readState } from "./file-backend.ts";
import type { HeldLock, LockHolder } from "./lock.ts";
import { readLocks, releaseLocks, StackLockedError, takeLock } from "./lock.ts";
import { PassphraseKeeper } from "./passphrase.ts";
import type { Project } from "./project-file.ts";
import { readProject } from "./project-file.ts";
import type { SecretsManager } from "./secrets-manager.ts";
import { stackFiles } from "./stack-files.ts";
import type { StackFiles } from "./stack-files.ts";
import { requireStackName } from "./stack-name.ts";
import type { ConfigValue } from "./stack-settings.ts";
import { StackSettings } from "./stack-settings.ts";

/** Where a stack's program, settings and state are. */
export interface StackLocation {
  /** The folder of Pulumi.yaml. */
  projectDirectory: string;
  stackName: string;
}

export type { ConfigValue } from "./stack-settings.ts";
export type { Project } from "./project-file.ts";

/** A stack with everything that its operations need: project, settings, secrets and the place of its state. */
export class Stack {
  readonly project: Project;
  readonly name: string;
  readonly files: StackFiles;
  readonly #keeper: PassphraseKeeper;
  #settings: StackSettings;

  /** Use {@link openStack}. */
  constructor(project: Project, name: string, settings: StackSettings, keeper: PassphraseKeeper) {
    this.project = project;
    this.name = name;
    this.files = stackFiles(project.stateDirectory, project.name, name);
    this.#settings = settings;
    this.#keeper = keeper;
  }

  /** The configuration by full key (`project:name`), decrypted. Throws InputError on a wrong passphrase. */
  async config(): Promise<Map<string, ConfigValue>> {
    return this.#settings.config(this.#settings.encrypted ? await this.#configSecrets() : undefined);
  }

  /** One value, or undefined; a key without a namespace means the project's. */
  async getConfig(key: string): Promise<ConfigValue | undefined> {
    return (await this.config()).get(key.includes(":") ? key : `${this.project.name}:${key}`);
  }

  /** Sets a value in `Pulumi.<stack>.yaml`, which keeps its comments and order; a secret is stored encrypted. */
  async setConfig(key: string, value: string, options: { secret?: boolean } = {}): Promise<void> {
    const setting = options.secret ? { ciphertext: (await this.ensureSecrets()).encrypt(value) } : { value };
    await this.#settings.set(key, setting);
    await this.#reread();
  }

  /** Removes a value; not an error when there is none. */
  async removeConfig(key: string): Promise<void> {
    await this.#settings.set(key, undefined);
    await this.#reread();
  }

  /** `Pulumi.<stack>.yaml`, whether it exists or not. */
  get settingsPath(): string {
    return this.#settings.path;
  }

  /** What the history keeps of the configuration; secrets encrypted. */
  storedConfig(): Record<string, unknown> {
    return this.#settings.storedConfig();
  }

  /** The salt that new secrets are encrypted under, once the stack has one. */
  get salt(): string | undefined {
    return this.#settings.encryptionSalt;
  }

  /** Opens the secrets manager of a salt; `path` says where it was read. */
  openSecrets(salt: string, path: string): Promise<SecretsManager> {
    return this.#keeper.open(salt, path);
  }

  /**
   * The secrets manager for new secrets. A stack without one gets that of its state, or else a new one, and the salt is
   * written into `Pulumi.<stack>.yaml`.
   */
  async ensureSecrets(): Promise<SecretsManager> {
    if (this.salt !== undefined) return await this.#configSecrets();
    const stateSalt = (await namingBackup(this.files, () => readState(this.files)))?.salt;
    const secrets =
      stateSalt === undefined ? await this.#keeper.create() : await this.openSecrets(stateSalt, this.files.state);
    await this.#settings.setEncryptionSalt(secrets.salt);
    await this.#reread();
    return secrets;
  }

  /**
   * Refuses to continue if another process is working on the stack, or was killed while it did.
   *
   * @throws StackLockedError that names the process
   */
  async requireUnlocked(): Promise<void> {
    const holders = await readLocks(this.files.locks);
    if (holders.length > 0) throw new StackLockedError(holders, this.name);
  }

  /**
   * Takes the stack's lock for several operations, and the questions and checks between them.
   *
   * @throws StackLockedError when another process has it
   */
  hold(): Promise<HeldLock & Disposable> {
    return takeLock(this.files.locks, this.name);
  }

  /** Who holds locks of the stack. */
  lockHolders(): Promise<LockHolder[]> {
    return readLocks(this.files.locks);
  }

  /** Releases these locks, by default all of the stack (`pulumi cancel`), and returns which were released. */
  async releaseLocks(holders?: readonly LockHolder[]): Promise<LockHolder[]> {
    return await releaseLocks(holders ?? (await this.lockHolders()));
  }

  async #configSecrets(): Promise<SecretsManager> {
    const { salt } = this;
    const path = shownPath(this.#settings.path);
    if (salt !== undefined) return await this.#keeper.open(salt, path);
    throw new InputError({
      path,
      expected: "`encryptionsalt`, without which encrypted values cannot be read",
      got: "none",
      fix: "Restore the line from version control",
    });
  }

  async #reread(): Promise<void> {
    this.#settings = await StackSettings.read(this.project, this.name);
  }
}

/**
 * Reads `Pulumi.yaml` and `Pulumi.<stack>.yaml`; the state itself is read by `StackState.open`.
 *
 * @throws InputError when one of them is not what Pulumi says
 */
export async function openStack(location: StackLocation, environment: NodeJS.ProcessEnv = process.env): Promise<Stack> {
  const { projectDirectory } = location;
  const stackName = requireStackName(location.stackName);
  const project = await readProject(projectDirectory, environment);
  const settings = await StackSettings.read(project, stackName);
  const keeper = new PassphraseKeeper(project.directory, environment);
  // The key is derived in the background.
  if (settings.encrypted && settings.encryptionSalt !== undefined) await keeper.prepare(settings.encryptionSalt);
  return new Stack(project, stackName, settings, keeper);
}
