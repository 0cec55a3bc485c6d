import { readFile } from "node:fs/promises";
import { execa } from "execa";

/** Detaches what is mounted below a folder, so that removing the folder never reaches into it. */
export async function unmountBelow(directory: string): Promise<void> {
  const points = mountPointsBelow(await readFile("/proc/self/mountinfo", "utf8"), directory);
  for (const point of points) await execa("umount", ["--lazy", point]);
}

/** Reads mount points below a folder from the text of /proc/self/mountinfo (proc(5)), the innermost first. */
export function mountPointsBelow(mountinfo: string, directory: string): string[] {
  return mountinfo
    .split("\n")
    .map((line) =>
      (line.split(" ")[4] ?? "").replace(/\\(\d{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    )
    .filter((point) => point.startsWith(`${directory}/`))
    .sort((a, b) => b.length - a.length);
}
