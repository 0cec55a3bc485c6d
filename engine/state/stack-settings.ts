/**
 * `Pulumi.<stack>.yaml`: a stack's configuration and the salt of its secrets (sdk/go/common/workspace/project.go,
 * `ProjectStack`; sdk/go/common/resource/config). Written back, it keeps its comments, order and indentation.
 */
import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Document, Scalar, YAMLMap, isMap, isNode, isScalar, isSeq } from "yaml";
import { advised } from "../../text/advised-command.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { readTextFile, removeTemporaries, shownPath, writeDurably } from "./durable-file.ts";
import type { Project } from "./project-file.ts";
import { configText, type YamlValue } from "./pulumi-yaml.ts";
import type { SecretsManager } from "./secrets-manager.ts";
import { WrittenText, isNothing, readYaml, yamlOptions, yamlValue, type YamlFile } from "./yaml-file.ts";

/** A value of the stack's configuration as the language host passes it: objects and lists as JSON. */
export interface ConfigValue {
  value: string;
  secret: boolean;
}

/** A line of the file's configuration. */
interface Setting {
  key: string;
  keyNode: unknown;
  fullKey: string;
  node: unknown;
}

/** A stack's settings as they were read; reading again shows what others have written since. */
export class StackSettings {
  readonly path: string;
  readonly #project: Project;
  readonly #file: YamlFile | undefined;

  private constructor(path: string, project: Project, file: YamlFile | undefined) {
    this.path = path;
    this.#project = project;
    this.#file = file;
  }

  /**
   * Reads the settings of a stack; one without a file has none.
   *
   * @throws InputError when the file is not one, or asks for what only Pulumi itself has
   */
  static async read(project: Project, stackName: string): Promise<StackSettings> {
    const path = join(project.settingsDirectory, `Pulumi.${stackName}.yaml`);
    const settings = new StackSettings(path, project, await readYaml(path));
    settings.#refuse("secretsprovider", (value) => value !== "passphrase" && value !== "default");
    settings.#refuse("environment", (value) => !Array.isArray(value) || value.length > 0);
    return settings;
  }

  #refuse(key: string, isRefused: (value: YamlValue) => boolean): void {
    const file = this.#file;
    const node = file?.document.get(key, true);
    if (file === undefined || isNothing(node)) return;
    const value = yamlValue(file, node, key);
    if (!isRefused(value)) return;
    throw new InputError({
      path: `${file.place(node)}: ${key}`,
      expected: "no secrets provider but a passphrase, and no Pulumi environment",
      got: showValue(value),
      fix: "Use the Pulumi CLI for this stack, or take it out",
    });
  }

  /** The salt of the stack's secrets, once it has any. */
  get encryptionSalt(): string | undefined {
    const salt: unknown = this.#file?.document.get("encryptionsalt");
    return typeof salt === "string" && salt !== "" ? salt : undefined;
  }

  /** Whether any value of the configuration is encrypted. */
  get encrypted(): boolean {
    return this.#settings().some(({ node }) => holdsSecret(node));
  }

  /**
   * The configuration by full key (`project:name`), the project's own defaults among it.
   *
   * @param secrets - needed where {@link encrypted}
   * @throws InputError that names file, line and key of a value that is not one
   */
  config(secrets: SecretsManager | undefined): Map<string, ConfigValue> {
    const config = new Map<string, ConfigValue>();
    for (const [key, { value, secret }] of this.#project.defaultConfig)
      config.set(key, { value: configText(value), secret });
    for (const setting of this.#settings())
      config.set(setting.fullKey, decodeConfig(this.#valueOf(setting), this.#pathOf(setting), secrets));
    return config;
  }

  /** What the history keeps of the configuration: secrets as they are in the file (config.Value, `MarshalJSON`). */
  storedConfig(): Record<string, unknown> {
    return Object.fromEntries(
      this.#settings().map((setting) => {
        const value = this.#valueOf(setting);
        return [setting.fullKey, isPlain(value) ? configText(value) : value];
      }),
    );
  }

  /** Sets a value, or with undefined removes it, and writes the file; `ciphertext` in place of a secret's value. */
  async set(key: string, setting: { value: string } | { ciphertext: string } | undefined): Promise<void> {
    await this.#write((document) => {
      const block = configBlock(document);
      const existing = block.items.find((pair) => this.#fullKey(String(pair.key)) === this.#fullKey(key));
      if (setting === undefined) {
        if (existing !== undefined) block.delete(existing.key);
        return;
      }
      const node = "value" in setting ? written(setting.value) : document.createNode({ secure: setting.ciphertext });
      if (isNode(existing?.value) && existing.value.comment) node.comment = existing.value.comment;
      block.set(existing?.key ?? written(this.#fullKey(key)), node);
    });
  }

  /** Writes the salt of a secrets manager that was made for this stack. */
  async setEncryptionSalt(salt: string): Promise<void> {
    await this.#write((document) => {
      const top = document.contents;
      if (!isMap(top)) throw new Error("settings without a top");
      top.delete("encryptionsalt");
      top.items.unshift(document.createPair("encryptionsalt", written(salt)));
    });
  }

  /** Changes the file as it is now, which may be newer than what this object has read. */
  async #write(change: (document: Document) => void): Promise<void> {
    const target = await realpath(this.path).catch(() => this.path);
    const text = (await readTextFile(target)) ?? "";
    const document = (await readYaml(target))?.document ?? new Document(undefined, yamlOptions);
    if (!isMap(document.contents)) document.contents = new YAMLMap();
    change(document);
    const indent = /^( +)[^\s#-]/m.exec(text)?.[1]?.length ?? 2;
    await removeTemporaries(dirname(target), `${basename(target)}.`, 60_000);
    await writeDurably(target, document.toString({ lineWidth: 0, indent }), { kind: "settings" });
  }

  #settings(): Setting[] {
    const block = this.#file?.document.get("config", true);
    if (this.#file === undefined || isNothing(block)) return [];
    if (!isMap(block))
      throw new InputError({
        path: `${this.#place(block)}: config`,
        expected: "keys and values",
        got: showValue(isScalar(block) ? block.value : "a list"),
        fix: "Write it as `project:key: value` lines",
      });
    return block.items.map((pair) => {
      const key = String(pair.key);
      return { key, keyNode: pair.key, fullKey: this.#fullKey(key), node: pair.value };
    });
  }

  #valueOf(setting: Setting): YamlValue {
    if (this.#file === undefined || isNothing(setting.node))
      throw new InputError({
        path: this.#pathOf(setting),
        expected: "a value",
        got: "none",
        fix: `Write one, "" for an empty text, or remove the line`,
      });
    return yamlValue(this.#file, setting.node, setting.key);
  }

  #pathOf({ key, keyNode }: Setting): string {
    return `${this.#place(keyNode)}: ${key}`;
  }

  /** `name` and `project:config:name` mean what `project:name` says (config.ParseKey). */
  #fullKey(key: string): string {
    const parts = key.split(":");
    if (parts.length === 1) return `${this.#project.name}:${key}`;
    return parts.length === 3 && parts[1] === "config" ? `${parts[0] ?? ""}:${parts[2] ?? ""}` : key;
  }

  #place(node: unknown): string {
    return this.#file?.place(node) ?? shownPath(this.path);
  }
}

function configBlock(document: Document): YAMLMap {
  const block = document.get("config", true);
  if (isMap(block)) return block;
  const made = new YAMLMap();
  document.set("config", made);
  return made;
}

/** A text to be written to the file. */
function written(text: string): Scalar {
  return new Scalar(new WrittenText(text));
}

/** Whether a node has a `secure: …` in it; unlike its value, this can be said of one that is wrong. */
function holdsSecret(node: unknown): boolean {
  if (isSeq(node)) return node.items.some(holdsSecret);
  if (!isMap(node)) return false;
  const [pair] = node.items;
  const isSecret =
    node.items.length === 1 && isScalar(pair?.key) && pair.key.value === "secure" && isScalar(pair.value);
  return isSecret || node.items.some(({ value }) => holdsSecret(value));
}

function decodeConfig(value: YamlValue, path: string, secrets: SecretsManager | undefined): ConfigValue {
  const ciphertext = secureText(value);
  if (ciphertext !== undefined) return { value: decryptConfig(ciphertext, path, secrets), secret: true };
  return { value: configText(decryptWithin(value, path, secrets)), secret: containsSecure(value) };
}

function decryptWithin(value: YamlValue, path: string, secrets: SecretsManager | undefined): YamlValue {
  if (isPlain(value)) return value;
  const ciphertext = secureText(value);
  if (ciphertext !== undefined) return decryptConfig(ciphertext, path, secrets);
  if (Array.isArray(value)) return value.map((item) => decryptWithin(item, path, secrets));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, decryptWithin(item, `${path}.${key}`, secrets)]),
  );
}

function decryptConfig(ciphertext: string, path: string, secrets: SecretsManager | undefined): string {
  try {
    if (secrets !== undefined) return secrets.decrypt(ciphertext);
  } catch {
    // reported below
  }
  throw new InputError({
    path,
    expected: "a secret encrypted under the passphrase and salt of this file",
    got: "one that they do not decrypt",
    fix: `Set it again with \`${advised("config set", "--secret")}\``,
  });
}

/** The ciphertext of `{secure: …}`. */
function secureText(value: YamlValue): string | undefined {
  if (isPlain(value) || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  const [[key, text] = []] = entries;
  return entries.length === 1 && key === "secure" && typeof text === "string" ? text : undefined;
}

function containsSecure(value: YamlValue): boolean {
  if (isPlain(value)) return false;
  return secureText(value) !== undefined || Object.values(value).some(containsSecure);
}

function isPlain(value: YamlValue): value is string | boolean | number | bigint | null {
  return typeof value !== "object" || value === null;
}
