import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { InputError } from "../../text/input-error.ts";
import { aptEnvironment, aptError, aptOptions } from "./apt.ts";

/** A release of a distribution that a package is taken from, whichever one the machine has. */
export interface OtherRelease {
  /** Such as `trixie`. */
  readonly codename: string;
  /** The part of it that has the package. */
  readonly component: string;
}

/** The machine's distribution, and its release. */
export interface OwnRelease {
  /** Such as `debian`. */
  readonly id: string;
  readonly codename: string;
}

/**
 * Downloads packages of another release from the mirror that this machine uses, and nothing that they depend on. apt's own lists stay
 * as they are.
 *
 * @param directory - where the packages are put
 * @throws InputError when apt does not get them
 */
export async function downloadFromRelease(
  packages: readonly string[],
  directory: string,
  release: OtherRelease,
  own: OwnRelease,
): Promise<void> {
  const apt = join(directory, "apt");
  await mkdir(join(apt, "lists/partial"), { recursive: true });
  const { stdout } = await execa("apt-get", ["indextargets", "--format", targetFormat, "Created-By: Packages"], {
    env: aptEnvironment,
  });
  const keyring = `/usr/share/keyrings/${own.id}-archive-keyring.gpg`;
  await writeFile(
    join(apt, "sources.list"),
    sourceLine(mirrorOf(stdout, own), release, existsSync(keyring) ? keyring : undefined),
  );
  const settings = [
    `Dir::Etc::sourcelist=${join(apt, "sources.list")}`,
    "Dir::Etc::sourceparts=-",
    `Dir::State::lists=${join(apt, "lists")}`,
    "Dir::Cache::pkgcache=",
    "Dir::Cache::srcpkgcache=",
    "Acquire::Languages=none",
    "Debug::NoLocking=1",
  ].flatMap((setting) => ["-o", setting]);
  for (const command of [["update"], ["download", ...packages]]) {
    const { failed, all } = await execa("apt-get", [...aptOptions, ...settings, ...command], {
      cwd: directory,
      env: aptEnvironment,
      reject: false,
      all: true,
    });
    if (failed) throw notThere(packages, release, aptError(all));
  }
  await rm(apt, { recursive: true });
}

const targetFormat = "$(COMPONENT) $(RELEASE) $(REPO_URI)";

/**
 * The mirror that apt takes the machine's release from, or the distribution where its release has another name there, such as `stable`.
 *
 * @param targets - its index targets, a line each: component, release, address
 * @throws InputError when there is none
 */
export function mirrorOf(targets: string, { id, codename }: OwnRelease): string {
  const main = targets
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([component]) => component === "main");
  const own = main.find(([, release]) => release === codename);
  const [, , mirror] = own ?? main.find(([, , address]) => address?.endsWith(`/${id}/`)) ?? [];
  if (mirror !== undefined) return mirror;
  throw new InputError({
    path: "sandbox packages",
    expected: "a mirror of the distribution among apt's sources",
    got: "none",
    fix: "Add it to /etc/apt/sources.list.d",
  });
}

/** The one source of a release, signed as the distribution is. */
export function sourceLine(mirror: string, { codename, component }: OtherRelease, keyring: string | undefined): string {
  return `deb ${keyring === undefined ? "" : `[signed-by=${keyring}] `}${mirror} ${codename} ${component}\n`;
}

function notThere(packages: readonly string[], { codename }: OtherRelease, got: string): InputError {
  return new InputError({
    path: "sandbox packages",
    expected: `apt-get to download ${packages.join(", ")} of ${codename}`,
    got,
    fix: "Check the network and apt's mirror (`apt-get update`)",
  });
}
