import { join } from "node:path";

/** Where the files of one stack lie. */
export interface StackFiles {
  /** The checkpoint. */
  state: string;
  /** The checkpoint before the last write. */
  previous: string;
  backups: string;
  history: string;
  locks: string;
  /** Where newer versions of Pulumi may keep steps that are not in the checkpoint yet. */
  journal: string;
  meta: string;
}

/** The layout of version 1: one folder a project. */
export function stackFiles(stateDirectory: string, project: string, stack: string): StackFiles {
  const state = join(stateDirectory, "stacks", project, `${stack}.json`);
  return {
    state,
    previous: `${state}.bak`,
    backups: join(stateDirectory, "backups", project, stack),
    history: join(stateDirectory, "history", project, stack),
    locks: join(stateDirectory, "locks", "organization", project, stack),
    journal: join(stateDirectory, "journal", project, stack),
    meta: join(stateDirectory, "meta.yaml"),
  };
}
