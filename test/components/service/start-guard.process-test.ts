import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { redisServerVersion } from "../../../model/redis/preparation.ts";
import {
  creationVariable,
  firstStartVariable,
  volumeLockFile,
  parseFirstStart,
  requireIdentity,
  serviceVariable,
  startScript,
  storeMarker,
} from "../../../model/service/start-guard.ts";

/** A start script that steps back for one second alone. */
function hasty(script: string): string {
  const changed = script.replace("\nstep_back_seconds=15\n", "\nstep_back_seconds=1\n");
  assert.notEqual(changed, script);
  return changed;
}

describe("the start guard", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "start guard-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (
    identity: string,
    more: { environment?: Record<string, string>; serverVersion?: string } = {},
    variables: Record<string, string> = {},
  ) => {
    const script = hasty(startScript({ identity, dataPaths: [folder], ...more }));
    const run = spawnSync("sh", ["-c", script, "start", "sh", "-c", 'echo "server ${NOTE-}"'], {
      encoding: "utf8",
      env: { ...process.env, ...variables },
    });
    return { status: run.status, out: run.stdout, error: run.stderr };
  };

  it("refuses to start on an empty volume, every time", () => {
    for (let time = 0; time < 30; time++) {
      const { status, out, error } = start("shop/prod/redis");
      assert.equal(status, 78);
      assert.equal(out, "");
      assert.equal(
        error,
        `holdfast: refused to start: ${folder}: expected the data of shop/prod/redis, got a volume without its mark. Bring the volume back, or ask for a first start.\n`,
      );
    }
  });

  const first = (identity: string, more: { serverVersion?: string } = {}) =>
    start(identity, more, { [firstStartVariable]: identity });

  it("marks the volume at a first start, which starts no server; from then on it starts without one", () => {
    assert.deepEqual(first("shop/prod/redis"), {
      status: 0,
      out: `holdfast: first start of shop/prod/redis on ${folder}\n`,
      error: "",
    });
    assert.equal(readFileSync(join(folder, storeMarker), "utf8"), "shop/prod/redis\n");
    assert.deepEqual(start("shop/prod/redis"), { status: 0, out: "server \n", error: "" });
  });

  it("is used up by the first start: the volume that is empty again a moment later is refused", () => {
    first("shop/prod/redis");
    rmSync(join(folder, storeMarker));
    assert.equal(start("shop/prod/redis").status, 78);
  });

  it("marks for the store alone that a first start names", () => {
    assert.equal(start("shop/prod/redis", {}, { [firstStartVariable]: "shop/test/redis" }).status, 78);
  });

  it("leaves another store's volume as it is at a first start, and refuses it as a server", () => {
    writeFileSync(join(folder, storeMarker), "shop/test/redis\n");
    assert.equal(first("shop/prod/redis").status, 0);
    const { status, error } = start("shop/prod/redis");
    assert.equal(status, 78);
    assert.match(error, /expected the data of shop\/prod\/redis, got that of shop\/test\/redis/u);
  });

  describe("as long as a server runs on the volume", () => {
    const servers: ChildProcess[] = [];
    afterEach(() => {
      for (const server of servers.splice(0)) server.kill("SIGKILL");
    });

    /** Starts a server that says `runs` and stays, by a shell; its name is the container that it says to run in. */
    const serve = async (
      shell: readonly [string, ...string[]],
      name: string,
      variables: Record<string, string> = {},
    ): Promise<ChildProcess> => {
      const script = hasty(startScript({ identity: "shop", dataPaths: [folder] }));
      first("shop");
      const [program, ...words] = shell;
      const server = spawn(program, [...words, "-c", script, "start", "sh", "-c", "echo runs; exec sleep 60"], {
        env: { ...process.env, HOSTNAME: name, ...variables },
        stdio: ["ignore", "pipe", "inherit"],
      });
      servers.push(server);
      let said = "";
      for await (const chunk of server.stdout) {
        said += String(chunk);
        if (said.includes("runs")) return server;
      }
      throw new Error(`ended instead of running: ${said}`);
    };

    for (const shell of [["dash"], ["bash"]] as const) {
      it(`refuses another one, lets a first start pass, and takes over from one that was killed, in ${shell[0]}`, async function () {
        this.timeout(20_000);
        const server = await serve(shell, "first");
        const { status, out, error } = start("shop");
        assert.deepEqual([status, out], [78, ""]);
        assert.equal(
          error,
          `holdfast: refused to start: ${folder}: expected data that no other server writes, got that of a server which runs in the container first. Two servers on one volume destroy its data: give this one a volume of its own, or end the other one first.\n`,
        );
        assert.equal(first("shop").status, 0);
        server.kill("SIGKILL");
        await once(server, "exit");
        assert.deepEqual(start("shop"), { status: 0, out: "server \n", error: "" });
      });
    }

    it("lets the next one in that comes while the last one ends", async function () {
      this.timeout(20_000);
      const server = await serve(["sh"], "first");
      setTimeout(() => server.kill("SIGKILL"), 500);
      const next = await serve(["sh"], "second");
      assert.equal(next.exitCode, null);
    });

    it("locks what another user's file is by reading it, and refuses only what it may neither write nor read", async function () {
      // Root may write everything: another user's server is needed.
      if (process.getuid?.() !== 0) this.skip();
      this.timeout(20_000);
      const nobody = { uid: 65_534, gid: 65_534 };
      const startAs = (user: object, variables: Record<string, string> = {}) => {
        const script = startScript({ identity: "shop", dataPaths: [folder], serverVersion: "product=redis major=8" });
        const words = ["-c", script, "start", "sh", "-c", "echo server"];
        const run = spawnSync("sh", words, { encoding: "utf8", env: { ...process.env, ...variables }, ...user });
        return { status: run.status, out: run.stdout, error: run.stderr };
      };
      first("shop");
      const server = await serve(["dash"], "first");
      writeFileSync(join(folder, `${storeMarker}.new`), "of a run that ended in between\n");
      chownSync(folder, nobody.uid, nobody.gid);
      assert.match(startAs(nobody).error, /expected data that no other server writes/u);
      server.kill("SIGKILL");
      await once(server, "exit");
      assert.deepEqual(startAs(nobody), {
        status: 0,
        out: `holdfast: redis 8 starts on ${folder}\nserver\n`,
        error: "",
      });
      for (const file of [volumeLockFile, storeMarker]) {
        chownSync(join(folder, file), 0, 0);
        chmodSync(join(folder, file), 0o600);
        const { status, error } = startAs(nobody);
        assert.equal(status, 78);
        assert.match(
          error,
          /expected a file that user 65534 may read, got another's\. Give the files of the volume to/u,
        );
        chmodSync(join(folder, file), 0o644);
      }
    });

    it("refuses the server of another service that stepped back while this one's started", async function () {
      this.timeout(20_000);
      const own = { [serviceVariable]: "own" };
      const before = await serve(["sh"], "first", own);
      before.kill("SIGKILL");
      await once(before, "exit");
      const other = serve(["sh"], "other", { [serviceVariable]: "other" });
      await Promise.all([serve(["sh"], "second", own), assert.rejects(other, /ended instead of running/u)]);
    });

    it("refuses a lock file that leads elsewhere, and writes nothing through it", () => {
      const data = join(folder, "data");
      first("shop");
      rmSync(join(folder, volumeLockFile));
      writeFileSync(data, "precious");
      symlinkSync(data, join(folder, volumeLockFile));
      const { status, error } = start("shop");
      assert.equal(status, 78);
      assert.match(error, /expected a file, got a link to another one\. Remove it; it holds no data\.\n$/u);
      assert.equal(readFileSync(data, "utf8"), "precious");
      rmSync(join(folder, volumeLockFile));
      mkdirSync(join(folder, volumeLockFile));
      assert.match(start("shop").error, /expected a file, got something else/u);
    });

    it("starts where no lock can be had, and says so", () => {
      writeFileSync(join(folder, storeMarker), "shop\n");
      for (const [flock, words] of [
        ["#!/bin/sh\necho 'flock: 9: No locks available' >&2\nexit 71\n", /no lock can be had.*No locks available\n$/u],
        [undefined, /has no program flock.*\n$/u],
      ] as const) {
        const programs = mkdtempSync(join(tmpdir(), "start-guard-programs-"));
        for (const name of ["sh", "id", "mv", "sync", "sleep"])
          symlinkSync(spawnSync("which", [name], { encoding: "utf8" }).stdout.trim(), join(programs, name));
        if (flock !== undefined) writeFileSync(join(programs, "flock"), flock, { mode: 0o755 });
        const script = startScript({ identity: "shop", dataPaths: [folder] });
        const run = spawnSync("sh", ["-c", script, "start", "sh", "-c", "echo server"], {
          encoding: "utf8",
          env: { PATH: programs },
        });
        rmSync(programs, { recursive: true });
        assert.deepEqual([run.status, run.stdout], [0, "server\n"], run.stderr);
        assert.match(run.stderr, words);
      }
    });
  });

  describe("of a service", () => {
    const serve = (service: string, identity = "shop") => start(identity, {}, { [serviceVariable]: service });
    const create = (identity = "shop") => start(identity, {}, { [creationVariable]: identity });

    const stepsBack = (run: ReturnType<typeof start>, former: string) => {
      assert.deepEqual([run.status, run.out], [0, "server \n"]);
      assert.equal(
        run.error,
        `holdfast: ${folder}: the service ${former} had this data last; this one starts in 1 s unless that one does\n`,
      );
    };
    const startsAtOnce = (run: ReturnType<typeof start>) => {
      assert.deepEqual(run, { status: 0, out: "server \n", error: "" });
    };

    it("steps back for the service that had the volume last, and starts when that one does not, once", () => {
      first("shop");
      startsAtOnce(serve("one"));
      startsAtOnce(serve("one"));
      stepsBack(serve("other"), "one");
      startsAtOnce(serve("other"));
    });

    it("starts at once on a volume that a creation has given free", () => {
      first("shop");
      serve("one");
      assert.deepEqual(create(), { status: 0, out: "", error: "" });
      startsAtOnce(serve("two"));
      stepsBack(serve("one"), "two");
    });

    it("claims nothing of another store, gives nothing of it free, and marks nothing unasked", () => {
      first("shop");
      serve("one");
      assert.equal(serve("wrong", "market").status, 78);
      assert.equal(create("market").status, 0);
      startsAtOnce(serve("one"));
      rmSync(join(folder, storeMarker));
      assert.equal(create().status, 0);
      assert.equal(serve("one").status, 78);
    });

    it("takes over what ran before services were noted", () => {
      writeFileSync(join(folder, storeMarker), "shop\n");
      writeFileSync(join(folder, volumeLockFile), "0c1d2e3f4a5b\n");
      startsAtOnce(serve("one"));
    });
  });

  it("hands its environment to the server, quotes and all", () => {
    const environment = { NOTE: "it's $HOME" };
    first("a");
    const { out } = start("a", { environment });
    assert.match(out, /server it's \$HOME/u);
  });

  describe("of a server that may change the files", () => {
    const redis = (major: string | number, product = "redis") =>
      start("shop", { serverVersion: `product=${product}; major=${major}` });
    const marker = () => readFileSync(join(folder, storeMarker), "utf8");
    const isRefused = (run: ReturnType<typeof start>) => run.status === 78 && run.out === "";

    it("notes its major version on a volume that was marked without one, and each newer one, once", () => {
      writeFileSync(join(folder, storeMarker), "shop\n");
      assert.equal(redis(7).status, 0);
      assert.equal(marker(), "shop\nredis 7\n");
      const upgraded = redis(8);
      assert.match(upgraded.out, /^holdfast: redis 8 starts on .*, on which redis 7 ran before\nserver \n$/u);
      assert.deepEqual([marker(), redis(8).out], ["shop\nredis 8\n", "server \n"]);
    });

    it("refuses to start as an older one, in words that say what to do, and changes nothing", () => {
      writeFileSync(join(folder, storeMarker), "shop\nredis 10\n");
      const { status, out, error } = redis(9);
      assert.deepEqual([status, out], [78, ""]);
      assert.equal(
        error,
        `holdfast: refused to start: ${folder}: expected redis 10 or newer, which has run on this data and may have changed its files, got redis 9. Use redis 10 again, or restore a backup from before it.\n`,
      );
      assert.equal(marker(), "shop\nredis 10\n");
    });

    it("keeps what it noted of each product, and the mark readable to a guard that knows no versions", () => {
      assert.equal(first("shop", { serverVersion: "product=redis; major=8" }).status, 0);
      assert.equal(redis(9, "valkey").status, 0);
      assert.equal(marker(), "shop\nredis 8\nvalkey 9\n");
      assert.ok(isRefused(redis(7)) && isRefused(redis(8, "valkey")));
      assert.deepEqual([start("shop").status, start("other").status], [0, 78]);
      assert.equal(marker(), "shop\nredis 8\nvalkey 9\n");
    });

    it("starts a server that does not tell its version, and beside a note that nobody understands", () => {
      writeFileSync(join(folder, storeMarker), "shop\nredis eight\n");
      assert.deepEqual([redis("''").status, redis("unknown").status, redis(8).status], [0, 0, 0]);
      assert.equal(marker(), "shop\nredis 8\n");
    });

    it("does not let a newer one begin that cannot be noted; where none was noted before, the data stays reachable", () => {
      // A folder in its place: it cannot be written, by root either.
      mkdirSync(join(folder, `${storeMarker}.new`));
      writeFileSync(join(folder, storeMarker), "shop\nredis 7\n");
      assert.ok(isRefused(redis(8)));
      assert.equal(redis(7).status, 0);
      writeFileSync(join(folder, storeMarker), "shop\n");
      assert.match(redis(8).error, /no room to note that redis 8 runs on it/u);
      assert.equal(redis(8).status, 0);
    });

    it("reads what Redis and Valkey say of themselves", () => {
      for (const [version, program, noted] of [
        ["Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64 build=5b8", "redis-server", "redis 7"],
        ["Redis server v=8.0.2 sha=0", "redis-server", "redis 8"],
        ["Valkey server v=8.1.3 sha=0", "valkey-server", "valkey 8"],
      ] as const) {
        writeFileSync(join(folder, storeMarker), "shop\n");
        for (const name of new Set(["redis-server", program])) {
          writeFileSync(join(folder, name), `#!/bin/sh\necho '${version}'\n`, { mode: 0o755 });
        }
        const serverVersion = `PATH='${folder}':$PATH\n${redisServerVersion}`;
        assert.equal(start("shop", { serverVersion }).status, 0);
        assert.equal(marker(), `shop\n${noted}\n`);
      }
    });
  });

  it("takes only an identity that a shell takes literally", () => {
    assert.equal(requireIdentity("a/b_c.d-e", "identity"), "a/b_c.d-e");
    for (const identity of ["", "a b", "$(id)", "a'b"]) {
      assert.throws(() => requireIdentity(identity, "store.identity"), { path: "store.identity" });
    }
  });

  it("takes only a time with its zone", () => {
    assert.equal(parseFirstStart("2026-11-23T12:00:00Z", "until"), 1_795_435_200);
    assert.equal(parseFirstStart("2026-11-23T13:00:00+01:00", "until"), 1_795_435_200);
    assert.equal(parseFirstStart("2026-11-23 12:00:00 +0000 UTC", "until"), 1_795_435_200);
    for (const time of [
      "",
      "tomorrow",
      "2026-11-23",
      "2026-11-23 12:00:00",
      "2026-11-23T12:00:00",
      "2026-11-23T12:00:00.5Z",
    ]) {
      assert.throws(() => parseFirstStart(time, "store.firstStartUntil"), { path: "store.firstStartUntil" }, time);
    }
  });
});
