/**
 * A server for restic's repositories (https://restic.readthedocs.io, "REST backend"), as small as the protocol allows: files in a folder.
 *
 * `node restic-server.ts FOLDER ADDRESS PORT` runs it by itself, in the network namespace of a lab's node for example.
 */
import { createReadStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";

const kinds = ["data", "index", "keys", "locks", "snapshots"] as const;
const listType = "application/vnd.x.restic.rest.v2";

/** Answers one request for a file or a list below the folder. */
async function answer(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "GET", headers } = request;
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const path = join(folder, pathname);
  const end = (status: number) => response.writeHead(status).end();
  if (method === "POST" && searchParams.get("create") === "true") {
    for (const kind of kinds) await mkdir(join(path, kind), { recursive: true });
    end(200);
  } else if (method === "POST") {
    const content = await buffer(request);
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
    end(200);
  } else if (method === "DELETE") {
    await rm(path);
    end(200);
  } else if (pathname.endsWith("/")) {
    const names = (await readdir(path)).filter((name) => !name.endsWith(".new"));
    const files = await Promise.all(names.map(async (name) => ({ name, size: (await stat(join(path, name))).size })));
    response.writeHead(200, { "Content-Type": listType }).end(JSON.stringify(files));
  } else {
    const { size } = await stat(path);
    const [, from = "0", to = String(size - 1)] = /^bytes=(\d+)-(\d+)?$/u.exec(headers.range ?? "") ?? [];
    const length = Number(to) - Number(from) + 1;
    response.writeHead(headers.range === undefined ? 200 : 206, { "Content-Length": length });
    if (method === "HEAD" || length === 0) response.end();
    else createReadStream(path, { start: Number(from), end: Number(to) }).pipe(response);
  }
}

const [folder = ".", address, port] = process.argv.slice(2);
createServer((request, response) => {
  answer(folder, request, response).catch((error: unknown) => {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    response.writeHead(isMissing ? 404 : 500).end();
  });
}).listen(Number(port), address, () => {
  process.stdout.write("listening\n");
});
// Whoever has started it is gone with its standard input.
process.stdin.on("end", () => process.exit()).resume();
