import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeInventory } from "../../../live/inventory.ts";
import { locateEngine, locateProviderEngine } from "../../../swarm/engine/address.ts";
import { findEngine, orSandbox, pingEngine, requireManager } from "../../../swarm/engine/connection.ts";

describe("the Docker engine", () => {
  let home: string;
  const endings: (() => void)[] = [];

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "holdfast-connection-"));
  });
  afterEach(async () => {
    for (const end of endings.splice(0)) end();
    await rm(home, { recursive: true });
  });

  /** Listens on a socket until the end of the test. */
  async function listening(server: Server, path: string): Promise<void> {
    await new Promise<void>((resolve) => server.listen(path, resolve));
    server.on("connection", (socket) => endings.push(() => socket.destroy()));
    endings.push(() => server.close());
  }

  async function writeContext(name: string, metadata: object, certificates?: Record<string, string>): Promise<void> {
    const id = createHash("sha256").update(name).digest("hex");
    const meta = join(home, ".docker/contexts/meta", id);
    await mkdir(meta, { recursive: true });
    await writeFile(join(meta, "meta.json"), JSON.stringify({ Name: name, Metadata: {}, ...metadata }));
    const tls = join(home, ".docker/contexts/tls", id, "docker");
    await mkdir(tls, { recursive: true });
    for (const [file, text] of Object.entries(certificates ?? {})) await writeFile(join(tls, file), text);
  }
  const endpoint = (docker: object) => ({ Endpoints: { docker } });
  const locate = (environment: Record<string, string>, host?: string) =>
    locateEngine({ environment, homeDirectory: home, host });

  describe("of the Docker provider", () => {
    const host = (settings: object, environment: Record<string, string> = {}) =>
      locateProviderEngine(settings, { DOCKER_CONFIG: join(home, ".docker"), ...environment }).host;

    it("is the context of its settings or its environment before any host", async () => {
      await writeContext("build", endpoint({ Host: "tcp://10.0.0.1:2375" }));
      const environment = { DOCKER_HOST: "tcp://10.0.0.2:2375" };
      assert.equal(host({ context: "build", host: "tcp://10.0.0.3:2375" }, environment), "tcp://10.0.0.1:2375");
      assert.equal(host({}, { ...environment, DOCKER_CONTEXT: "build" }), "tcp://10.0.0.1:2375");
    });

    it("is its host, then DOCKER_HOST, then the default socket, and never the docker CLI's current context", async () => {
      await writeContext("build", endpoint({ Host: "tcp://10.0.0.1:2375" }));
      await writeFile(join(home, ".docker/config.json"), JSON.stringify({ currentContext: "build" }));
      const environment = { DOCKER_HOST: "tcp://10.0.0.2:2375" };
      assert.equal(host({ host: "tcp://10.0.0.3:2375" }, environment), "tcp://10.0.0.3:2375");
      assert.equal(host({}, environment), "tcp://10.0.0.2:2375");
      assert.equal(host({}), "unix:///var/run/docker.sock");
    });

    it("is asked with the provider's own certificates, or those of its folder", async () => {
      const material = { caMaterial: "CA", certMaterial: "CERT", keyMaterial: "KEY" };
      assert.deepEqual(locateProviderEngine(material, {}).certificates, { ca: "CA", cert: "CERT", key: "KEY" });
      for (const [file, text] of [
        ["ca.pem", "ca"],
        ["cert.pem", "cert"],
        ["key.pem", "key"],
      ] as const)
        await writeFile(join(home, file), text);
      const expected = { ca: "ca", cert: "cert", key: "key" };
      assert.deepEqual(locateProviderEngine({ certPath: home }, {}).certificates, expected);
      assert.deepEqual(locateProviderEngine({}, { DOCKER_CERT_PATH: home }).certificates, expected);
    });
  });

  describe("is found where the docker CLI would look", () => {
    it("at Docker's default socket when nothing is set", () => {
      assert.deepEqual(locate({}), {
        host: "unix:///var/run/docker.sock",
        source: "default socket",
        setting: "Docker's default socket",
      });
    });

    it("at the host that was named, whatever is set besides", async () => {
      await writeContext("build", endpoint({ Host: "tcp://10.0.0.1:2375" }));
      const environment = { DOCKER_HOST: "tcp://10.0.0.2:2375", DOCKER_CONTEXT: "build" };
      assert.equal(locate(environment, "unix:///x.sock").host, "unix:///x.sock");
    });

    it("at DOCKER_HOST before any context", async () => {
      await writeContext("build", endpoint({ Host: "tcp://10.0.0.1:2375" }));
      const found = locate({ DOCKER_HOST: "tcp://10.0.0.2:2375", DOCKER_CONTEXT: "build" });
      assert.deepEqual([found.host, found.source], ["tcp://10.0.0.2:2375", "DOCKER_HOST"]);
    });

    it("at the context that was named, whatever is set besides", async () => {
      await writeContext("build", endpoint({ Host: "ssh://me@build" }));
      const environment = { DOCKER_HOST: "tcp://10.0.0.2:2375" };
      const found = locateEngine({ environment, homeDirectory: home, context: "build" });
      assert.deepEqual([found.host, found.setting], ["ssh://me@build", 'docker context "build"']);
    });

    it("at the context of DOCKER_CONTEXT before the current one of config.json", async () => {
      await writeContext("build", endpoint({ Host: "ssh://me@build" }));
      await writeContext("other", endpoint({ Host: "tcp://10.0.0.3:2375" }));
      await writeFile(join(home, ".docker/config.json"), JSON.stringify({ currentContext: "other", auths: {} }));
      assert.deepEqual(locate({ DOCKER_CONTEXT: "build" }), {
        host: "ssh://me@build",
        source: "context",
        setting: 'docker context "build"',
      });
      assert.equal(locate({}).host, "tcp://10.0.0.3:2375");
      assert.equal(locate({ DOCKER_CONTEXT: "default" }).source, "default socket");
    });

    it("in the folder of DOCKER_CONFIG", async () => {
      await writeContext("build", endpoint({ Host: "tcp://10.0.0.1:2375" }));
      const found = locateEngine({
        environment: { DOCKER_CONFIG: join(home, ".docker"), DOCKER_CONTEXT: "build" },
        homeDirectory: "/nowhere",
      });
      assert.equal(found.host, "tcp://10.0.0.1:2375");
    });

    it("with the certificates of its context or of DOCKER_CERT_PATH", async () => {
      const pem = { "ca.pem": "CA", "cert.pem": "CERT", "key.pem": "KEY" };
      const certificates = { ca: "CA", cert: "CERT", key: "KEY" };
      await writeContext("build", endpoint({ Host: "tcp://10.0.0.1:2376" }), pem);
      assert.deepEqual(locate({ DOCKER_CONTEXT: "build" }).certificates, certificates);

      for (const [file, text] of Object.entries(pem)) await writeFile(join(home, file), text);
      const environment = { DOCKER_HOST: "tcp://10.0.0.1:2376", DOCKER_CERT_PATH: home };
      assert.deepEqual(locate({ ...environment, DOCKER_TLS_VERIFY: "1" }).certificates, certificates);
      assert.equal(locate(environment).certificates, undefined);
    });
  });

  describe("is refused when it cannot be located", () => {
    it("through a context that does not exist", () => {
      assert.throws(() => locate({ DOCKER_CONTEXT: "gone" }), {
        name: "InputError",
        message:
          'docker context: expected a context that exists, got "gone". ' +
          "Choose one of `docker context ls` with `docker context use`, or unset DOCKER_CONTEXT.",
      });
    });

    it("through a context or config.json that is not as the docker CLI writes it", async () => {
      await writeContext("build", { Endpoints: {} });
      assert.throws(
        () => locate({ DOCKER_CONTEXT: "build" }),
        /meta\.json: expected a file as the docker CLI writes it/,
      );
      await writeFile(join(home, ".docker/config.json"), "{ currentContext");
      assert.throws(() => locate({}), /config\.json: expected .*, got text that is not JSON/);
    });

    it("without the certificates that it asks for", () => {
      assert.throws(
        () => locate({ DOCKER_HOST: "tcp://10.0.0.1:2376", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: home }),
        /DOCKER_TLS_VERIFY: expected ca.pem, cert.pem and key.pem in/,
      );
    });

    it("by an address of another form", () => {
      for (const host of ["here", "unix://", "fd://", "tcp://"]) {
        assert.throws(() => findEngine({ host }), /^InputError: host: expected an engine's address/);
      }
    });
  });

  describe("is asked for a sign of life", () => {
    const ping = (path: string, limitMs?: number) => pingEngine(findEngine({ host: `unix://${path}` }), limitMs);

    it("and is not reachable when nothing listens", async () => {
      await assert.rejects(ping(join(home, "none.sock")), {
        problem: "not reachable",
        message: `host (unix://${home}/none.sock): expected a Docker engine that answers, got connect ENOENT ${home}/none.sock. Correct host, or start the engine there.`,
      });
    });

    it("and is reachable where it answers while a busy machine gives this process no turn", async () => {
      const path = join(home, "engine.sock");
      const serve = `require("node:http").createServer((_, response) => response.end("OK"))
        .listen(process.argv[1], () => console.log("listens"))`;
      const engine = spawn(process.execPath, ["-e", serve, path], { stdio: ["ignore", "pipe", "inherit"] });
      endings.push(() => engine.kill("SIGKILL"));
      await once(engine.stdout, "data");
      await ping(path);
      const answer = ping(path, 200);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      await answer;
    });

    it("and is replaced by a sandbox only for who may start one", () => {
      assert.equal(
        orSandbox(["Start Docker", "point DOCKER_HOST at an engine"], true),
        "Start Docker, point DOCKER_HOST at an engine, or use Holdfast's throwaway swarm: `npx holdfast sandbox start`",
      );
      assert.equal(
        orSandbox(["Start Docker", "point DOCKER_HOST at an engine"], false),
        "Start Docker, or point DOCKER_HOST at an engine",
      );
      assert.equal(orSandbox(["Run `docker swarm init` on it"], false), "Run `docker swarm init` on it");
    });

    it("and is not reachable when it does not answer in time", async () => {
      const path = join(home, "silent.sock");
      await listening(
        createServer((socket) => socket.on("error", () => undefined)),
        path,
      );
      const begun = performance.now();
      await assert.rejects(ping(path, 200), { problem: "not reachable" });
      assert.ok(performance.now() - begun < 1000);
    });

    it("and gives no permission when this user may not open the socket", async function () {
      const path = join(home, "closed.sock");
      await listening(createServer(), path);
      await chmod(path, 0o600);
      await chmod(home, 0o755);
      const user = process.geteuid?.();
      try {
        if (user === 0) process.seteuid?.("nobody");
        else await chmod(path, 0);
        await assert.rejects(ping(path), { problem: "no permission" });
        // What the doctor says of it.
        const { engines } = await takeInventory([findEngine({ host: `unix://${path}` })]);
        assert.partialDeepStrictEqual(engines, [{ problem: "permission denied" }]);
        assert.match(engines[0] !== undefined && "fix" in engines[0] ? engines[0].fix : "", /group of the socket/u);
      } finally {
        if (user === 0) process.seteuid?.(user);
      }
    });
  });

  describe("must be a manager of a swarm", () => {
    const states = [
      { state: "inactive", isManager: false, problem: "not in a swarm" },
      { state: "pending", isManager: false, problem: "not in a swarm" },
      { state: "error", isManager: false, problem: "not in a swarm" },
      { state: "locked", isManager: false, problem: "swarm locked" },
      { state: "active", isManager: false, problem: "not a manager" },
      { state: "active", isManager: true, problem: undefined },
    ];
    for (const { state, isManager, problem } of states) {
      it(`${problem ?? "and is"}: ${state}, control ${isManager ? "" : "not "}available`, async () => {
        const path = join(home, "docker.sock");
        const swarm = { NodeID: "n1", NodeAddr: "10.0.0.1", LocalNodeState: state, ControlAvailable: isManager };
        const info = JSON.stringify({ Name: "vm", ServerVersion: "20.10.24", Swarm: swarm });
        const engine = createHttpServer((request, response) => response.end(request.url === "/info" ? info : "OK"));
        await listening(engine, path);
        const asked = requireManager(findEngine({ host: `unix://${path}` }));
        if (problem === undefined) assert.equal((await asked).nodeId, "n1");
        else await assert.rejects(asked, { name: "InputError", problem });
      });
    }
  });
});
