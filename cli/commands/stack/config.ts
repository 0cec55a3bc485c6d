import { isOwnSetting, ownProject, unknownSetting } from "../../../model/own-settings.ts";
import { advised } from "../../../text/advised-command.ts";
import { InputError } from "../../../text/input-error.ts";
import { SituationError } from "../../../text/situation-error.ts";
import { isSecretSetting } from "../../../text/secret-names.ts";
import { openContext, type StackOptions } from "../../context/context.ts";
import { readSecret } from "../../terminal/prompt.ts";

/** `holdfast config get <key>`: one setting; a secret only where it is asked for in clear text. */
export async function get(key: string, options: StackOptions & { showSecrets?: true }): Promise<void> {
  const { output, stack, location } = openContext(options);
  const opened = await stack();
  const setting = await opened.getConfig(key);
  if (setting === undefined)
    throw (
      unknownHere(opened.project.name, key) ??
      new SituationError({
        what: `The stack ${location.stackName} has no setting ${key}`,
        fix: `Set it with \`${advised("config set", `${key} <value>`)}\``,
      })
    );
  const value = setting.secret && !options.showSecrets ? "[secret]" : setting.value;
  if (output.json) output.document({ value, secret: setting.secret });
  output.printAsIs(value);
}

/** `holdfast config set <key> [value]`: a secret is read from the terminal or from standard input. */
export async function set(
  key: string,
  value: string | undefined,
  options: StackOptions & { secret?: true },
): Promise<void> {
  const { output, stack } = openContext(options);
  const opened = await stack();
  const unknown = unknownHere(opened.project.name, key);
  if (unknown !== undefined) throw unknown;
  if (!options.secret && ((await opened.getConfig(key))?.secret === true || isSecretSetting(key)))
    throw new InputError({
      path: `config set ${key}`,
      expected: "--secret, because this setting must be encrypted",
      got: "a value in clear text, which anyone who reads the file or the shell's history would see",
      fix: `Type or pipe in a new value: \`${advised("config set", `--secret ${key} < file`)}\``,
    });
  if (options.secret && value !== undefined)
    throw new InputError({
      path: "config set --secret",
      expected: "no value on the command line, where others can read it",
      got: "one",
      fix: `Leave it out, then type it or pipe it in: \`${advised("config set", `--secret ${key} < file`)}\``,
    });
  if (!options.secret && value === undefined)
    throw new InputError({
      path: "config set",
      expected: `a value for ${key}`,
      got: "none",
      fix: "Add it, or use --secret to type it",
    });
  const text = value ?? (await readSecret(key, output));
  if (text === "")
    throw new InputError({ path: key, expected: "a value", got: "an empty one", fix: "Give one, or use `config rm`" });
  await requirePossible(opened.project.name, key, text);
  await opened.setConfig(key, text, { secret: options.secret ?? false });
  if (output.json) output.document({ key, secret: options.secret ?? false });
  output.print(`Set ${key}${options.secret ? " (encrypted)" : ""}.`);
}

/** `holdfast config rm <key>`: the setting is gone, and its default counts. */
export async function rm(key: string, options: StackOptions): Promise<void> {
  const { output, stack } = openContext(options);
  const opened = await stack();
  const wasSet = (await opened.getConfig(key)) !== undefined;
  const unknown = wasSet ? undefined : unknownHere(opened.project.name, key);
  if (unknown !== undefined) throw unknown;
  await opened.removeConfig(key);
  if (output.json) output.document({ key, wasSet });
  output.print(wasSet ? `Removed ${key}.` : `${key} was not set.`);
}

/** `holdfast config`: all settings, secrets masked. */
export async function listSettings(options: StackOptions): Promise<void> {
  const { output, stack } = openContext(options);
  const settings = [...(await (await stack()).config())].map(([key, { value, secret }]) => ({
    key,
    value: secret ? "[secret]" : value,
    secret,
  }));
  if (output.json) output.document(settings);
  const width = Math.max(0, ...settings.map(({ key }) => key.length));
  output.printAsIs(...settings.map(({ key, value }) => `${key.padEnd(width)}  ${value}`));
}

/** Says that the program reads no such setting, where it is this project's own: of others it is not known what they read. */
function unknownHere(project: string, key: string): InputError | undefined {
  const name = ownName(project, key);
  return name === undefined ? undefined : unknownSetting(name);
}

/**
 * Refuses a value that the project's own program would refuse.
 *
 * @throws InputError
 */
async function requirePossible(project: string, key: string, value: string): Promise<void> {
  const name = ownName(project, key);
  if (name === undefined || !isOwnSetting(name)) return;
  const { requireSetting } = await import("../../../configuration.ts");
  requireSetting(name, value);
}

/** What the project's own program would call a setting; undefined for settings of other programs and providers. */
function ownName(project: string, key: string): string | undefined {
  const [namespace, name = ""] = key.includes(":") ? key.split(":", 2) : [project, key];
  return project === ownProject && namespace === project ? name : undefined;
}
