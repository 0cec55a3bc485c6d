import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { invokeFunction } from "../../../../engine/provider/functions/functions.ts";
import { locateImage, registryDigest } from "../../../../engine/provider/functions/registry-image.ts";
import { connectEngine } from "../../../../swarm/engine/connection.ts";
import { InputError } from "../../../../text/input-error.ts";

const digest = `sha256:${"ab".repeat(32)}`;

/** Runs a registry on this machine for the time of a test. */
async function withRegistry(answer: RequestListener, use: (address: string) => Promise<void>): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    // An address of a TCP server is never a path.
    await use(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const manifest: RequestListener = (request, response) => {
  const isThere = request.url === "/v2/team/redis/manifests/7";
  response.writeHead(isThere ? 200 : 404, isThere ? { "docker-content-digest": digest } : {}).end();
};

describe("an image's name", () => {
  for (const [name, registry, repository, reference] of [
    ["redis", "registry-1.docker.io", "library/redis", "latest"],
    ["docker.io/team/redis:7", "registry-1.docker.io", "team/redis", "7"],
    ["localhost:5000/redis:7", "localhost:5000", "redis", "7"],
    [`ghcr.io/a/b@${digest}`, "ghcr.io", "a/b", digest],
  ] as const) {
    it(`${name} is taken apart as Docker does it`, () => {
      assert.deepEqual(locateImage(name), { registry, repository, reference });
    });
  }
});

describe("getRegistryImage", () => {
  it("gives the digest that a registry of this machine has, without TLS", () =>
    withRegistry(manifest, async (address) => {
      const connection = connectEngine({ host: "unix:///nowhere", source: "argument", setting: "host" });
      const context = { connection, credentialsFor: () => Promise.resolve(undefined) };
      const name = `${address}/team/redis:7`;
      const result = await invokeFunction(context, "docker:index/getRegistryImage:getRegistryImage", { name });
      assert.deepEqual(result, { id: digest, name, sha256Digest: digest, insecureSkipVerify: false });
    }));

  it("fetches a token with the credentials where the registry asks for one", () =>
    withRegistry(
      (request, response) => {
        const { authorization = "" } = request.headers;
        const [path = "", query = ""] = (request.url ?? "").split("?");
        if (path === "/token") {
          const isAsked =
            query.includes("scope=repository%3Ateam%2Fredis%3Apull") && authorization.startsWith("Basic ");
          response.end(JSON.stringify(isAsked ? { token: "ticket" } : {}));
        } else if (authorization === "Bearer ticket") {
          manifest(request, response);
        } else {
          const realm = `http://${request.headers.host ?? ""}/token`;
          const challenge = `Bearer realm="${realm}",service="s",scope="repository:team/redis:pull"`;
          response.writeHead(401, { "www-authenticate": challenge }).end();
        }
      },
      async (address) => {
        const credentials = { serveraddress: address, username: "u", password: "p" };
        assert.equal(await registryDigest(`${address}/team/redis:7`, credentials), digest);
      },
    ));

  it("names the image and the registry that does not have it", () =>
    withRegistry(manifest, async (address) => {
      await assert.rejects(registryDigest(`${address}/team/redis:8`, undefined), (error) => {
        assert.ok(error instanceof InputError);
        assert.equal(error.expected, `an image that the registry ${address} has`);
        assert.match(error.got, /redis:8": 404 Not Found$/);
        return true;
      });
    }));

  it("waits no longer than it may for a registry that does not answer", () =>
    withRegistry(
      () => undefined,
      async (address) => {
        const asked = registryDigest(`${address}/redis:7`, undefined, 300);
        await assert.rejects(asked, /got "127\.0\.0\.1:\d+\/redis:7": no answer within 0\.3 s/);
      },
    ));

  const refusals: readonly (readonly [name: string, answer: RequestListener, words: RegExp])[] = [
    [
      "is no image",
      (_request, response) => response.end("<html>Welcome to nginx!</html>"),
      /something that is no manifest/,
    ],
    ["has no end", (request, response) => void withoutEnd(request.method, response), /more than 4 MiB/],
    ["is cut off", cutOff, /terminated|socket|closed/u],
    [
      "is another's status",
      (_request, response) => response.writeHead(500, "a\u00a0b").end(),
      /500 Internal Server Error/,
    ],
    ["has a digest that is none", digestOf("latest"), /a digest that is none/],
    ["leads to itself", redirectTo("/v2/again"), /more than 5 redirects/],
    [
      "leads to another machine without TLS",
      redirectTo("http://198.51.100.1/x"),
      /a redirect to http:\/\/198\.51\.100\.1, which is not asked/,
    ],
    ["leads to a file", redirectTo("file:///etc/passwd"), /a redirect to null, which is not asked/],
    [
      "wants credentials for another machine without TLS",
      challengeAt("http://198.51.100.1/token"),
      /a realm at http:\/\/198\.51\.100\.1, which is not asked/,
    ],
    ["wants credentials for nowhere", challengeAt("nowhere"), /a challenge without a realm/],
    ["gives a token that is none", challengeAt("/token", "[]"), /no token from/],
    ["gives a token that breaks a header", challengeAt("/token", JSON.stringify({ token: "a\r\nb" })), /no token from/],
    ["gives no JSON for a token", challengeAt("/token", "{"), /no token from/],
  ];

  for (const [name, answer, words] of refusals) {
    it(`refuses an answer by one line where it ${name}`, () =>
      withRegistry(answer, async (address) => {
        const credentials = { serveraddress: address, username: "u", password: "a secret" };
        await assert.rejects(registryDigest(`${address}/redis:7`, credentials), (error) => {
          assert.ok(error instanceof InputError);
          assert.match(error.got, words);
          assert.doesNotMatch(error.message, /\n|a secret/u);
          assert.ok(error.message.length < 400, error.message);
          return true;
        });
      }));
  }

  it("follows a registry that sends on, and keeps the credentials from another one", () =>
    withRegistry(
      (request, response) => {
        if (request.headers.authorization === undefined)
          response.writeHead(200, { "docker-content-digest": digest }).end();
        else response.writeHead(403).end();
      },
      (other) =>
        withRegistry(
          (request, response) => {
            const isSignedIn = request.headers.authorization?.startsWith("Basic ") === true;
            response.writeHead(isSignedIn ? 307 : 401, { location: `http://${other}/v2/team/redis/manifests/7` }).end();
          },
          async (address) => {
            const credentials = { serveraddress: address, username: "u", password: "p" };
            assert.equal(await registryDigest(`${address}/team/redis:7`, credentials), digest);
          },
        ),
    ));
});

async function withoutEnd(method: string | undefined, response: ServerResponse): Promise<void> {
  response.writeHead(200);
  if (method === "HEAD") response.end();
  while (!response.destroyed && !response.writableEnded) {
    response.write(Buffer.alloc(256 * 1024, " "));
    await sleep(1);
  }
}

function cutOff(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { "content-length": "1000" });
  if (request.method === "HEAD") response.end();
  else response.write("{", () => request.socket.destroy());
}

function digestOf(text: string): RequestListener {
  return (_request, response) => response.writeHead(200, { "docker-content-digest": text }).end();
}

function redirectTo(location: string): RequestListener {
  return (_request, response) => response.writeHead(302, { location }).end();
}

/** Asks for a token, and gives one. */
function challengeAt(realm: string, token = "{}"): RequestListener {
  return (request, response) => {
    const address = realm.startsWith("/") ? `http://${request.headers.host ?? ""}${realm}` : realm;
    if (request.url?.startsWith("/token") === true) response.end(token);
    else response.writeHead(401, { "www-authenticate": `Bearer realm="${address}",service="s"` }).end();
  };
}

describe("a function that the embedded provider does not know", () => {
  it("is refused by its name", () => {
    const connection = connectEngine({ host: "unix:///nowhere", source: "argument", setting: "host" });
    const context = { connection, credentialsFor: () => Promise.resolve(undefined) };
    assert.throws(
      () => invokeFunction(context, "docker:index/getPlugin:getPlugin", {}),
      /getPlugin.*Use the Pulumi CLI/,
    );
  });
});
