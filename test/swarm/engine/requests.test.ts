import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInContainer } from "../../../live/container-command.ts";
import { listServices, listTasks } from "../../../swarm/api/reads.ts";
import { connectEngine, swarmMembership, type EngineConnection } from "../../../swarm/engine/connection.ts";
import {
  EngineAnswerError,
  limitSilence,
  type AnswerProblem,
  type RequestLimits,
} from "../../../swarm/engine/requests.ts";
import { damagedEngine, type Damage } from "../../attack/damaged-engine.ts";

const limits: RequestLimits = { connectMs: 2000, silenceMs: 200, wholeMs: 2000, bytes: 8 * 1024 * 1024 };

describe("a request to a Docker engine", () => {
  let folder: string;
  /** What {@link waits} came to. */
  let waited: ReadonlyMap<string, Promise<void>>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-requests-"));
    waited = new Map(Object.entries(waits).map(([name, wait]) => [name, wait()]));
    // Its own test tells of it.
    for (const each of waited.values()) each.catch(() => undefined);
  });

  after(async () => {
    await Promise.allSettled(waited.values());
    await rm(folder, { recursive: true });
  });

  const connect = (host: string, own: Partial<RequestLimits> = {}) =>
    connectEngine({ host, source: "DOCKER_HOST", setting: "DOCKER_HOST" }, { ...limits, ...own });

  /** An engine that answers nothing but a list of services, and how long it is waited for with a limit for silence. */
  const withMuteEngine = async (
    name: string,
    use: (silent: (silenceMs: number) => Promise<number>, host: string) => Promise<void>,
  ): Promise<void> => {
    await using engine = await damagedEngine({
      socket: join(folder, name),
      damage: "never answers",
      target: /^(?!GET .*\/services)/,
    });
    await use(async (silenceMs) => {
      const startedAt = performance.now();
      const { docker } = connect(engine.host, { wholeMs: Infinity, silenceMs });
      await assert.rejects(docker.info() as Promise<unknown>, EngineAnswerError);
      return performance.now() - startedAt;
    }, engine.host);
  };

  /** What takes seconds: all of it is waited for at the same time, beside the other tests. */
  const waits: Readonly<Record<string, () => Promise<void>>> = {
    "is sent again where the connection breaks and nothing is changed by it, and then given up": async () => {
      await using engine = await damagedEngine({
        socket: join(folder, "cut.sock"),
        damage: "cuts the body",
        target: /GET .*\/tasks/,
      });
      await assert.rejects(listTasks(connect(engine.host).docker, "id"), EngineAnswerError);
      assert.equal(engine.count, 6);
    },
    "is waited for no longer than 3 s where the engine has just let a whole limit pass": () =>
      withMuteEngine("mute.sock", async (silent) => {
        await silent(100);
        const borneMs = await silent(30_000);
        assert.ok(borneMs > 2900 && borneMs < 10_000, `${borneMs} ms`);
      }),
    "is waited for as long as ever where something was heard of the engine since then": () =>
      withMuteEngine("mute-before.sock", async (silent, host) => {
        await silent(100);
        // What is not JSON is an answer, too.
        await assert.rejects(listServices(connect(host).docker));
        assert.ok((await silent(3300)) > 3200);
      }),
  };

  const problems: readonly (readonly [Damage, AnswerProblem, RegExp])[] = [
    ["never answers", "silent", /got nothing for 0\.2 s\./],
    ["answers with a head alone", "silent", /got nothing for 0\.2 s\./],
    ["cuts the body", "cut off", /got one that broke off\./],
    ["cuts a body in chunks", "cut off", /got one that broke off\./],
    ["redirects", "redirect", /got a redirect to "http:\/\/127\.0\.0\.1:1\/elsewhere"\./],
    ["redirects to itself", "redirect", /got a redirect to "\/.*info"\./],
    ["speaks no HTTP", "not Docker's", /got something that is not HTTP/],
    ["answers with a page", "not Docker's", /got a web page\./],
    ["answers with broken JSON", "not Docker's", /got invalid JSON\./],
    ["answers with null", "not Docker's", /got null instead of an object\./],
    ["answers with a text", "not Docker's", /got a string instead of an object\./],
    ["answers with an empty object", "not Docker's", /got Name: expected string, received undefined\./],
    ["answers with a list of numbers", "not Docker's", /got a list instead of an object\./],
    ["answers without an end", "too large", /got more than 8 MiB\./],
  ];

  for (const [damage, problem, words] of problems) {
    it(`is an error that names the engine where that ${damage}`, async () => {
      const socket = join(folder, "engine.sock");
      await using engine = await damagedEngine({ socket, damage, target: "every" });
      await assert.rejects(swarmMembership(connect(engine.host)), (error) => {
        assert(error instanceof EngineAnswerError);
        assert.equal(error.problem, problem);
        assert.match(error.message, words);
        assert(error.message.startsWith(`DOCKER_HOST (unix://${socket}): GET /info: `));
        return true;
      });
    });
  }

  it("is a short error where somebody else's page of errors comes", async () => {
    await using engine = await damagedEngine({
      socket: join(folder, "engine.sock"),
      damage: "answers with an error's page",
      target: "every",
    });
    await assert.rejects(swarmMembership(connect(engine.host)), ({ message }: Error) => message.length < 200);
  });

  it("is not sent again where nothing came: that would be waited for several times", async () => {
    await using engine = await damagedEngine({
      socket: join(folder, "engine.sock"),
      damage: "never answers",
      target: "all but the ping",
    });
    await assert.rejects(listServices(connect(engine.host).docker), EngineAnswerError);
    assert.equal(engine.count, 1);
  });

  for (const name of Object.keys(waits)) it(name, () => waited.get(name)).timeout(20_000);

  describe("at an engine of its own", () => {
    /** Answers as `answer` says, and gives a connection to it. */
    async function engineThat(
      answer: Parameters<typeof createServer>[1],
      use: (connection: EngineConnection) => Promise<void>,
    ): Promise<void> {
      const socket = join(folder, "own.sock");
      const server = createServer(answer as Parameters<typeof createServer>[0] & object);
      await new Promise<void>((resolve) => server.listen(socket, resolve));
      try {
        await use(connect(`unix://${socket}`));
      } finally {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    }

    it("may take longer than the silence that is borne, as long as something comes", () =>
      engineThat(
        (_request, response) => {
          response.writeHead(200, { "content-type": "application/json" });
          const parts = ["[", " ", " ", " ", " ", "]"];
          const timer = setInterval(() => {
            response.write(parts.shift() ?? "");
            if (parts.length > 0) return;
            clearInterval(timer);
            response.end();
          }, 100);
        },
        async ({ docker }) => {
          assert.deepEqual(await listServices(docker), []);
        },
      ));

    it("is an error where it drips for ever", () =>
      engineThat(
        (_request, response) => {
          response.writeHead(200, { "content-type": "application/json" });
          const timer = setInterval(() => response.write(" "), 50);
          response.on("close", () => {
            clearInterval(timer);
          });
        },
        async (connection) => {
          const { docker } = connectEngine(connection, { ...limits, wholeMs: 500 });
          await assert.rejects(listServices(docker), /got no end within 0\.5 s\./);
        },
      ));

    it("is an error for whoever reads a stream that falls silent, and where its last frame is not whole", () =>
      engineThat(
        (request, response) => {
          if (request.url?.includes("/containers/")) {
            response.writeHead(201, { "content-type": "application/json" });
            response.end('{"Id":"one"}');
          } else if (request.url?.includes("/start")) {
            response.writeHead(200, { "content-type": "application/vnd.docker.raw-stream" });
            // A frame of 9 bytes, of which 2 come.
            response.write(Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 79, 75]));
            if (request.url.includes("/exec/one/")) setTimeout(() => response.end(), 50);
          } else {
            response.writeHead(200, { "content-type": "application/json" });
            response.end('{"ExitCode":0}');
          }
        },
        async ({ docker }) => {
          await assert.rejects(runInContainer(docker, "c", ["true"]), /expected all of it, got 7 bytes less\./);
        },
      ));

    it("is given up where a command in a container takes longer than it may, though something comes of it", () =>
      engineThat(
        (request, response) => {
          if (request.url?.endsWith("/start") !== true) {
            response.writeHead(201, { "content-type": "application/json" }).end('{"Id":"1"}');
            return;
          }
          response.writeHead(200, { "content-type": "application/vnd.docker.raw-stream" });
          const timer = setInterval(() => response.write(Buffer.from([1, 0, 0, 0, 0, 0, 0, 1, 46])), 20);
          response.once("close", () => {
            clearInterval(timer);
          });
        },
        ({ docker }) =>
          assert.rejects(
            runInContainer(docker, "1", ["redis-cli"], { limitMs: 300 }),
            /redis-cli in a container: .* within 0\.3 s/u,
          ),
      ));

    it("takes the limit that a caller sets for silence", () =>
      engineThat(
        () => undefined,
        async (connection) => {
          const patient = connectEngine(connection, { connectMs: 2000 });
          limitSilence(patient.docker, 100);
          await assert.rejects(swarmMembership(patient), /got nothing for 0\.1 s\./);
        },
      ));
  });
});
