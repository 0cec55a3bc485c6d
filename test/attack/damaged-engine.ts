import { randomBytes } from "node:crypto";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** What a damaged engine, or the way to it, does with an answer. */
export const damages = {
  "hangs up": ({ socket }) => socket.destroy(),
  "never answers": () => undefined,
  "answers with a head alone": ({ response }) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
    response.flushHeaders();
  },
  "cuts the body": ({ response, socket, body }) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": String(body.length + 100) });
    response.write(body.subarray(0, Math.max(1, body.length >> 1)), () => socket.destroy());
  },
  "cuts a body in chunks": ({ response, socket, body }) => {
    response.writeHead(200, { "content-type": "application/json", "transfer-encoding": "chunked" });
    response.write(body.subarray(0, Math.max(1, body.length >> 1)), () => socket.destroy());
  },
  "falls silent midway": ({ response, body }) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": String(body.length + 1) });
    response.write(body.subarray(0, body.length >> 1));
    response.flushHeaders();
  },
  redirects: ({ response }) => {
    response.writeHead(302, { location: "http://127.0.0.1:1/elsewhere" });
    response.end();
  },
  "redirects to itself": ({ response, url }) => {
    response.writeHead(307, { location: url });
    response.end();
  },
  "speaks no HTTP": ({ socket }) => socket.end(Buffer.concat([Buffer.from([0]), randomBytes(300)])),
  "answers with a page": ({ response }) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<html><body>Welcome to nginx!</body></html>");
  },
  "answers with broken JSON": ({ response, body }) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(Buffer.concat([body.subarray(0, Math.max(1, body.length >> 1)), Buffer.from("\0}]")]));
  },
  "answers with null": ({ response }) => {
    json(response, "null");
  },
  "answers with a text": ({ response }) => {
    json(response, '"OK"');
  },
  "answers with an empty object": ({ response }) => {
    json(response, "{}");
  },
  "answers with a list of numbers": ({ response }) => {
    json(response, "[1,2,3]");
  },
  "answers without an end": ({ response, socket }) => {
    response.writeHead(200, { "content-type": "application/json" });
    const spaces = Buffer.alloc(1024 * 1024, " ");
    const more = () => {
      while (!socket.destroyed && response.write(spaces));
    };
    response.on("drain", more);
    more();
  },
  "answers with an error's page": ({ response }) => {
    response.writeHead(502, { "content-type": "text/html" });
    response.end(`<html>${"<hr>\n".repeat(10_000)}</html>`);
  },
} satisfies Readonly<Record<string, (answer: DamagedAnswer) => unknown>>;

/** The name of a damage. */
export type Damage = keyof typeof damages;

/** A damage by its name, or one of one's own. */
export type DamageOrOwn = Damage | ((answer: DamagedAnswer) => unknown);

/** An answer that is about to be damaged. */
export interface DamagedAnswer {
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly url: string;
  /** What the engine itself has answered. */
  readonly body: Buffer;
  readonly status: number;
}

/** Which requests are damaged, by method and address, such as `GET /v1.41/tasks`. */
export type Target = "every" | "all but the ping" | RegExp | ((request: string) => boolean);

/** A way to a Docker engine that damages its answers. */
export interface DamagedEngine extends AsyncDisposable {
  /** `unix://…`, as DOCKER_HOST takes it. */
  readonly host: string;
  /** How many answers have been damaged. */
  readonly count: number;
}

/**
 * Listens on a socket like a Docker engine.
 *
 * @param options.engine - the socket of the real one; without it the ping alone is answered, and everything else damaged
 */
export async function damagedEngine(options: {
  readonly socket: string;
  readonly damage: DamageOrOwn;
  readonly target: Target;
  readonly engine?: string;
}): Promise<DamagedEngine> {
  const { socket: path, damage, target, engine } = options;
  const apply: (answer: DamagedAnswer) => unknown = typeof damage === "function" ? damage : damages[damage];
  const open = new Set<Socket>();
  let count = 0;
  const server = createServer((incoming, response) => {
    const { url = "", method = "GET", headers, socket } = incoming;
    const isHit = hits(target, `${method} ${url}`);
    const spoil = (body: Buffer, status = 200) => {
      count += 1;
      apply({ response, socket, url, body, status });
    };
    if (engine === undefined) {
      incoming.resume();
      if (isHit) spoil(Buffer.from('{"ID":"0"}'));
      else response.end("OK");
      return;
    }
    const forwarded = request({ socketPath: engine, path: url, method, headers, agent: false }, (answer) => {
      if (isHit) {
        void bytesOf(answer).then(
          (body) => {
            spoil(body, answer.statusCode);
          },
          () => socket.destroy(),
        );
        return;
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
    });
    forwarded.on("error", () => socket.destroy());
    incoming.pipe(forwarded);
  });
  server.on("connection", (socket) => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    host: `unix://${path}`,
    get count() {
      return count;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function hits(target: Target, request: string): boolean {
  if (target === "every") return true;
  if (target === "all but the ping") return !request.includes("/_ping");
  return typeof target === "function" ? target(request) : target.test(request);
}

async function bytesOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function json(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(text);
}
