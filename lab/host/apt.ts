/**
 * Only a download into a folder of ours: apt's own locks guard the installation of packages, which does not happen, and
 * the folder is guarded by the toolbox' lock.
 */
export const aptOptions = [
  "--yes",
  "--no-install-recommends",
  ...["APT::Sandbox::User=root", "APT::Status-Fd=1", "Acquire::Retries=1"].flatMap((option) => ["-o", option]),
  ...["http", "https"].flatMap((scheme) => ["-o", `Acquire::${scheme}::Timeout=10`]),
];

/** The environment of apt: its output is read. */
export const aptEnvironment = { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };

/** What apt says is wrong, in one line. */
export function aptError(output: string): string {
  const lines = output.split("\n");
  const errors = lines.filter((line) => line.startsWith("E: "));
  return (errors.length > 0 ? errors : lines.slice(-1)).slice(0, 3).join(" ").replaceAll("E: ", "").trim();
}
