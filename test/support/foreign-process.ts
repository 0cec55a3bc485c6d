import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * A process outside of Docker that listens on the node of a private engine, at an address that nobody else reaches; it ends with this
 * process, or when it is ended.
 */
export async function listenOnNode(
  { dockerHost }: { dockerHost: string },
  port: number,
): Promise<{ end: () => Promise<void> }> {
  const pid = await readFile(join(dirname(dockerHost.replace("unix://", "")), "dockerd.pid"), "utf8");
  const listen = `require("node:net").createServer().listen(${port}, "127.0.0.1", () => console.log("listening")); process.stdin.resume().on("end", () => process.exit())`;
  const child = spawn("nsenter", [`--net=/proc/${pid.trim()}/ns/net`, process.execPath, "-e", listen], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return {
    end: async () => {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}
