import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync, mkdirSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { z } from "zod";
import { recordedEvents } from "./recorded.ts";

const repository = join(import.meta.dirname, "../..");
const examples = join(repository, "examples/pull-requests");

/** A comment on a pull request. */
interface Comment {
  id: number;
  body: string;
}

/** Answers as the comments' part of GitHub's and GitLab's APIs does. */
class CommentServer {
  readonly comments: Comment[] = [];
  readonly requests: string[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(([status, body]) => {
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    // A listening TCP server has an address with a port.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage): Promise<[number, unknown]> {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    const { method = "" } = request;
    this.requests.push(`${method} ${pathname}`);
    const isAllowed =
      request.headers.authorization === "Bearer github-token" || request.headers["private-token"] === "gitlab-token";
    if (!isAllowed) return [401, { message: "no" }];
    if (method === "GET") {
      const page = Number(searchParams.get("page"));
      return [200, this.comments.slice((page - 1) * 100, page * 100)];
    }
    const parts: string[] = [];
    for await (const chunk of request) parts.push(String(chunk));
    const { body } = z.object({ body: z.string() }).parse(JSON.parse(parts.join("")));
    if (method === "POST") {
      const comment = { id: this.comments.length + 1, body };
      this.comments.push(comment);
      return [201, comment];
    }
    const comment = this.comments.find(({ id }) => pathname.endsWith(`/${id}`));
    if (comment === undefined) return [404, {}];
    comment.body = body;
    return [200, comment];
  }
}

const workflow = z.object({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(
    z.string(),
    z.object({ env: z.record(z.string(), z.string()), steps: z.array(z.object({ run: z.string().optional() })) }),
  ),
});
const pipeline = z.object({
  impact: z.object({ script: z.array(z.string()), variables: z.record(z.string(), z.string()) }),
});

/** What each of the two runs, but for the installation, and how it is told where it runs. */
function scripts(url: string): Record<string, { script: string; environment: Record<string, string> }> {
  const [job] = Object.values(workflow.parse(parse(readFileSync(join(examples, "github-actions.yml"), "utf8"))).jobs);
  const { impact } = pipeline.parse(parse(readFileSync(join(examples, "gitlab-ci.yml"), "utf8")));
  const steps = (job?.steps ?? []).flatMap(({ run }) => (run === undefined || run === "npm ci" ? [] : [run]));
  return {
    "github-actions.yml": {
      // Each step is a shell of its own, and passes variables on through a file.
      script: steps
        .map((step) => `(set -eo pipefail\n${step}\n) || exit $?\nset -a; . "$GITHUB_ENV"; set +a`)
        .join("\n"),
      environment: {
        ...job?.env,
        GITHUB_API_URL: url,
        GITHUB_REPOSITORY: "o/r",
        GITHUB_TOKEN: "github-token",
        PULL_REQUEST: "7",
      },
    },
    "gitlab-ci.yml": {
      script: ["set -eo pipefail", ...impact.script].join("\n"),
      environment: {
        ...impact.variables,
        CI_API_V4_URL: `${url}/api/v4`,
        CI_PROJECT_ID: "12",
        CI_MERGE_REQUEST_IID: "7",
        GITLAB_COMMENT_TOKEN: "gitlab-token",
      },
    },
  };
}

describe("the examples for pull requests", function () {
  this.timeout(60_000);
  this.slow(15_000);
  let folder: string;
  let server: CommentServer;
  let url: string;
  /** What the last run has written to standard error. */
  let said: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "holdfast-pull-request-"));
    mkdirSync(join(folder, "bin"));
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(repository, join(folder, "node_modules/holdfast"));
    // What is not Holdfast's: a preview that was recorded, and npx as it runs an installed package.
    program("pulumi", `cat "$PREVIEW"; exit "\${PULUMI_STATUS:-0}"`);
    program("npx", `shift; exec "${process.execPath}" "${join(repository, "cli/holdfast.ts")}" "$@"`);
    writeFileSync(join(folder, "env"), "");
    server = new CommentServer();
    url = await server.start();
  });
  afterEach(() => {
    server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function program(name: string, text: string): void {
    const path = join(folder, "bin", name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  }

  async function run(name: string, preview: string, more: Record<string, string> = {}): Promise<number> {
    const { script, environment } = scripts(url)[name] ?? { script: "exit 99", environment: {} };
    writeFileSync(join(folder, "recorded.ndjson"), preview);
    const env = {
      ...environment,
      PATH: `${join(folder, "bin")}:${join(process.execPath, "..")}:${process.env["PATH"] ?? ""}`,
      HOME: folder,
      PREVIEW: join(folder, "recorded.ndjson"),
      GITHUB_ENV: join(folder, "env"),
      ...more,
    };
    return promisify(execFile)("bash", ["-c", script], { cwd: folder, env }).then(
      () => 0,
      (error: unknown) => {
        const ended = z.object({ code: z.number(), stderr: z.string() }).parse(error);
        said = ended.stderr;
        return ended.code;
      },
    );
  }

  for (const name of ["github-actions.yml", "gitlab-ci.yml"]) {
    it(`${name} writes one comment, renews it, and fails only where data would be lost`, async () => {
      server.comments.push(...Array.from({ length: 120 }, (_, index) => ({ id: 1000 + index, body: "looks good" })));
      assert.equal(await run(name, recordedEvents("mount-renamed")), 1);
      const [comment] = server.comments.filter(({ body }) => body.startsWith("<!-- holdfast-impact -->"));
      assert.match(comment?.body ?? "", /## 🔴 Data: left behind/u);
      assert.match(readFileSync(join(folder, "impact.sarif"), "utf8"), /data-left-behind/u);
      assert.match(readFileSync(join(folder, "impact.html"), "utf8"), /<svg/u);

      assert.equal(await run(name, recordedEvents("memory-limit")), 0);
      assert.equal(server.comments.length, 121);
      assert.match(comment?.body ?? "", /## 🟡 Data: interrupted[^]*### New in this run/u);
    });
  }

  it("let a loss pass by the word that a run has printed, and no other loss of the same service", async () => {
    const lost = recordedEvents("mount-renamed");
    assert.equal(await run("gitlab-ci.yml", lost, { ACCEPT: "--accept-data-loss stateful" }), 1);
    const [accepting = ""] = /--accept-data-loss stateful@\S+/u.exec(said) ?? [];
    assert.equal(await run("gitlab-ci.yml", lost, { ACCEPT: accepting }), 0);
    assert.equal(
      await run("gitlab-ci.yml", recordedEvents("service-removed+volume-removed"), { ACCEPT: accepting }),
      1,
    );
  });

  it("fail where the preview does, and tell of its policies", async () => {
    const lines = recordedEvents("memory-limit").split("\n");
    const policyEvent = {
      message: "pin it",
      policyName: "pin-local-volumes",
      policyPackName: "p",
      enforcementLevel: "mandatory",
    };
    const preview = [
      ...lines.slice(0, -1),
      JSON.stringify({ sequence: 99, timestamp: 0, policyEvent }),
      lines.at(-1),
    ].join("\n");
    assert.equal(await run("github-actions.yml", preview, { PULUMI_STATUS: "255" }), 1);
    assert.match(server.comments[0]?.body ?? "", /### Policies[^]*pin\\-local\\-volumes/u);
  });

  it("fail with one sentence where the comments' API refuses", async () => {
    const failure = await promisify(execFile)(process.execPath, [join(examples, "comment.mjs"), "fetch", "x"], {
      cwd: folder,
      env: { GITHUB_API_URL: url, GITHUB_REPOSITORY: "o/r", GITHUB_TOKEN: "wrong", PULL_REQUEST: "7" },
    }).catch((error: unknown) => z.object({ stderr: z.string(), code: z.number() }).parse(error));
    assert.deepEqual(failure, {
      stderr: "comment: GET /repos/o/r/issues/7/comments was answered with 401 Unauthorized\n",
      code: 1,
    });
  });
});
