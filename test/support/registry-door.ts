import { once } from "node:events";
import { createServer, request } from "node:http";
import { z } from "zod";

/** A registry that tells nothing to whoever does not know its password. */
export interface RegistryDoor {
  /** `host:port`; it speaks plain HTTP. */
  readonly address: string;
  readonly username: string;
  readonly password: string;
  close: () => void;
}

/** Puts a door (basic authentication, RFC 7617) in front of a registry. */
export async function openRegistryDoor(registryAddress: string): Promise<RegistryDoor> {
  const [host = "", port = ""] = registryAddress.split(":");
  const [username, password] = ["reader", "the-registry's:word"];
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const server = createServer((asked, answer) => {
    if (asked.headers.authorization !== expected) {
      answer.writeHead(401, { "www-authenticate": 'Basic realm="private"', "content-type": "application/json" });
      answer.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
      return;
    }
    const { method, url, headers } = asked;
    const passed = request({ host, port, method, path: url, headers }, (found) => {
      answer.writeHead(found.statusCode ?? 502, found.headers);
      found.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  });
  server.listen(0, host);
  await once(server, "listening");
  const { port: own } = z.object({ port: z.number() }).parse(server.address());
  return { address: `${host}:${own}`, username, password, close: () => server.close() };
}
