/** The settings of the bundled program, `holdfast:<name>` in `Pulumi.<stack>.yaml`, and which of them are secret. */
import { InputError } from "../text/input-error.ts";
import { nearestName } from "../text/nearest-name.ts";

/** The project whose program reads these settings; other programs define their own. */
export const ownProject = "holdfast";

/** Settings that are passwords and keys. */
export const secretSettings = [
  "password",
  "previousPassword",
  "operationsPassword",
  "previousOperationsPassword",
  "backupPassword",
  "backupCredentials",
] as const;

/** All settings. */
export const ownSettings = [
  "service",
  "image",
  "port",
  "publishMode",
  "volume",
  "volumeCreatedBy",
  "identity",
  "nodes",
  "node",
  "memoryLimit",
  "scripts",
  "persistence",
  "backup",
  "backupTo",
  "backupImage",
  "firstStartUntil",
  ...secretSettings,
] as const;

/** The name of a setting of the bundled program. */
export type OwnSetting = (typeof ownSettings)[number];

/** Whether a name is a setting of the program. */
export function isOwnSetting(name: string): name is OwnSetting {
  return (ownSettings as readonly string[]).includes(name);
}

/**
 * Reports a name that is not a setting of the program, most likely a typo.
 *
 * @returns undefined for a known setting
 */
export function unknownSetting(name: string): InputError | undefined {
  if (isOwnSetting(name)) return undefined;
  const meant = nearestName(name, ownSettings);
  return new InputError({
    path: `${ownProject}:${name}`,
    expected: "a setting of this program",
    got: "another",
    fix: meant === undefined ? `The settings are ${ownSettings.join(", ")}` : `Did you mean ${meant}?`,
  });
}
