import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { invokeFunction } from "../../../engine/provider/functions.ts";
import { parseImageName, registryDigest } from "../../../engine/provider/registry-image.ts";
import { InputError } from "../../../model/input-error.ts";
import { connectEngine } from "../../../swarm/connection.ts";

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
      assert.deepEqual(parseImageName(name), { registry, repository, reference });
    });
  }
});

describe("getRegistryImage", () => {
  it("gives the digest that a registry of this machine has, without TLS", () =>
    withRegistry(manifest, async (address) => {
      const connection = connectEngine({ host: "unix:///nowhere", source: "argument", setting: "host" });
      const context = { connection, credentialsFor: () => undefined };
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
});

describe("a function that the embedded provider does not know", () => {
  it("is refused by its name", () => {
    const connection = connectEngine({ host: "unix:///nowhere", source: "argument", setting: "host" });
    const context = { connection, credentialsFor: () => undefined };
    assert.throws(
      () => invokeFunction(context, "docker:index/getPlugin:getPlugin", {}),
      /getPlugin.*Use the Pulumi CLI/,
    );
  });
});
