import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import type Docker from "dockerode";
import { takeInventory } from "../../../live/inventory.ts";
import { planRescue } from "../../../live/rescue/plan.ts";
import { withArchives } from "../../../live/volume-archive.ts";
import { helperLabel } from "../../../model/service/object-labels.ts";
import { findEngine } from "../../../swarm/engine/connection.ts";
import { sandboxStartMs, sharedSandbox } from "../../support/sandbox.ts";

describe("volumes through the engine's archive API", function () {
  this.timeout(sandboxStartMs);
  this.slow(10_000);
  let docker: Docker;
  let dockerHost: string;
  let image: string;
  let imageCount: number;

  before(async () => {
    const sandbox = await sharedSandbox();
    ({ dockerHost } = sandbox);
    docker = findEngine({ host: sandbox.dockerHost }).docker;
    image = sandbox.redisImage;
    await docker.pull(image).then((progress) => finished(progress.resume()));
    imageCount = (await docker.listImages()).length;
  });
  beforeEach(async () => {
    for (const Name of ["original", "copy"]) await docker.createVolume({ Name });
    await shell(
      "original",
      "echo one > a; mkdir -p b/c; echo two > b/c/d; ln -s a link; ln b/c/d hard; echo > '\u001b[31m ü'",
    );
    await shell("original", "chown 999:998 b/c/d; chmod 4750 a; chmod 1777 b; touch -d '2001-02-03 04:05:06' a b .");
  });
  afterEach(async () => {
    for (const name of ["original", "copy"]) await docker.getVolume(name).remove();
    const filters = { label: [helperLabel] };
    assert.deepEqual(await docker.listContainers({ all: true, filters }), []);
    assert.equal((await docker.listImages()).length, imageCount);
  });

  /** Runs a script in a volume. */
  const shell = async (volume: string, script: string) => {
    const [, container] = (await docker.run(image, ["-c", script], new PassThrough(), {
      Entrypoint: ["/bin/sh"],
      User: "0",
      WorkingDir: "/volume",
      HostConfig: { Binds: [`${volume}:/volume`] },
    })) as [{ StatusCode: number }, Docker.Container];
    await container.remove({ v: true });
  };
  const digest = (volume: string) =>
    withArchives(docker, (open) => open(volume, { readOnly: true }, (archive) => archive.digest()));
  const copy = () =>
    withArchives(docker, (open) =>
      open("original", { readOnly: true }, (from) => open("copy", { readOnly: false }, (to) => from.copyTo(to))),
    );

  it("are copied with owners, modes, times, links and names as they are", async () => {
    const before = await digest("original");
    assert.equal(before.entryCount, 8);
    assert.deepEqual(await copy(), before);
    assert.deepEqual(await digest("copy"), before);
    assert.deepEqual(await digest("original"), before);
  });

  const changes: [string, string][] = [
    ["a byte", "printf x | dd of=b/c/d conv=notrunc && touch -d '2001-02-03 04:05:06' a b/c/d ."],
    ["an owner", "chown 0 b/c/d"],
    ["a mode", "chmod 700 a"],
    ["a time", "touch -d '2001-02-03 04:05:07' a"],
    ["a link", "ln -sfn b link && touch -d '2001-02-03 04:05:06' ."],
    ["the folder's own mode", "chmod 700 ."],
  ];
  it("have another digest after any change", async () => {
    const { digest: original } = await copy();
    for (const [what, script] of changes) {
      await shell("copy", script);
      const changed = await digest("copy");
      assert.notEqual(changed.digest, original, what);
      assert.equal((await copy()).digest, original);
    }
  });

  it("are listed with their first bytes, or as far as was asked for", async () => {
    const { files, isWhole } = await withArchives(docker, (open) =>
      open("original", { readOnly: true }, (archive) => archive.list()),
    );
    assert.equal(isWhole, true);
    assert.deepEqual(
      files.map(({ path, isFile }) => [path, isFile]),
      [
        ["", false],
        ["\u001b[31m ü", true],
        ["a", true],
        ["b", false],
        ["b/c", false],
        ["b/c/d", true],
        ["hard", false],
        ["link", false],
      ],
    );
    assert.equal(Buffer.from(files[5]?.head ?? []).toString(), "two\n");
    assert.equal(files[2]?.modifiedAt, "2001-02-03T04:05:06.000Z");
    const part = await withArchives(docker, (open) =>
      open("original", { readOnly: true }, (archive) => archive.list({ limitBytes: 0 })),
    );
    assert.equal(part.isWhole, false);
  });

  it("are not rescued where the copy has no room, and not where a link leads out of them", async () => {
    const signal = AbortSignal.timeout(60_000);
    const plan = async () =>
      planRescue(
        await takeInventory([findEngine({ host: dockerHost })]),
        { volume: "original", to: "rescued" },
        signal,
      );
    await shell("original", "truncate -s 5497558138880 sparse");
    await assert.rejects(plan(), { name: "SituationError", what: /^The copy needs 5/ });
    await shell("original", "rm sparse; ln -s ../../../outside b/out");
    const refusal = { name: "InputError", path: 'link "b/out"', got: /"\.\.\/\.\.\/\.\.\/outside"/ };
    await assert.rejects(plan(), refusal);
    await assert.rejects(copy(), refusal);
  });

  it("cannot be written to when they were opened for reading", async () => {
    await withArchives(docker, (open) =>
      open("original", { readOnly: true }, async (archive) => {
        await assert.rejects(archive.copyTo(archive));
      }),
    );
  });
});
