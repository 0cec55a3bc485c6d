import type { StackLocation } from "../operations.ts";

/** A value of the stack's configuration as the language host passes it: objects and lists as JSON. */
export interface ConfigValue {
  value: string;
  secret: boolean;
}

/** `Pulumi.yaml` (sdk/go/common/workspace/project.go). */
export interface Project {
  name: string;
  directory: string;
  /** The program, relative to the directory; Pulumi's default is the directory itself. */
  main: string;
  runtime: { name: string; options: Record<string, unknown> };
}

/** A stack with everything that its operations need: project, settings, secrets and where the state lies. */
export interface Stack {
  readonly project: Project;
  readonly name: string;
  /** The folder that holds `stacks/`, `history/` and so on; by default `.pulumi` in the project. */
  readonly stateDirectory: string;
  /** The configuration, by full key (`project:name`), decrypted. Throws InputError on a wrong passphrase. */
  config(): Promise<Map<string, ConfigValue>>;
  /** One value; a key without a namespace means the project's. */
  getConfig(key: string): Promise<ConfigValue | undefined>;
  /** Sets a value in `Pulumi.<stack>.yaml`, which keeps its comments and order; a secret is stored encrypted. */
  setConfig(key: string, value: string, options?: { secret?: boolean }): Promise<void>;
  /** Removes a value; not an error when there is none. */
  removeConfig(key: string): Promise<void>;
}

/** Reads `Pulumi.yaml` and `Pulumi.<stack>.yaml`; the state itself is read by `StackState.open`. */
export function openStack(_location: StackLocation, _environment: NodeJS.ProcessEnv = process.env): Promise<Stack> {
  return Promise.reject(new Error("not yet implemented"));
}
