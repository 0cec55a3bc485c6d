import assert from "node:assert/strict";
import { readLiveSwarm } from "../../../inputs/swarm/definitions.ts";
import { whyNotLoaded } from "../../../live/rescue/redis-fit.ts";
import { dataKeeper } from "../../../model/storage/data-location.ts";
import type { VolumeContent } from "../../../model/storage/volume-content.ts";

describe("whether a Redis loads what lies in a volume", () => {
  const snapshot = {
    path: "dump.rdb",
    sizeBytes: 9,
    serverVersion: "7",
    createdAt: undefined,
    firstDatabaseKeys: 1,
  };
  const appendOnly = { path: "appendonlydir", base: undefined, appendedBytes: 1 };
  const why = (args: string, content: Partial<Pick<VolumeContent, "snapshot" | "appendOnly">>) => {
    const estate = readLiveSwarm({
      services: [
        {
          ID: "id",
          Spec: {
            Name: "cache",
            TaskTemplate: { ContainerSpec: { Image: "redis:7", Args: args === "" ? [] : args.split(" ") } },
            Mode: { Replicated: { Replicas: 1 } },
          },
        },
      ],
      nodes: [],
    });
    const [service] = estate.services;
    assert.ok(service);
    const { redis, entry } = dataKeeper(service, estate);
    assert.ok(redis && entry?.redis);
    return whyNotLoaded({ snapshot: undefined, appendOnly: undefined, ...content }, redis, entry.redis);
  };

  it("does where it reads the files that are there", () => {
    assert.equal(why("", { snapshot }), undefined);
    assert.equal(why("--appendonly yes", { appendOnly, snapshot }), undefined);
    assert.equal(why("--dbfilename my.rdb", { snapshot: { ...snapshot, path: "my.rdb" } }), undefined);
    assert.equal(
      why("--appendonly yes --appenddirname logs", { appendOnly: { ...appendOnly, path: "logs" } }),
      undefined,
    );
    assert.equal(why("--appendonly yes", { appendOnly: { ...appendOnly, path: "appendonly.aof" } }), undefined);
  });

  it("does not where its append-only file is on and the volume has a snapshot alone", () => {
    assert.match(why("--appendonly yes", { snapshot }) ?? "", /^its append-only file is on, so that it ignores/);
  });

  it("does not where its append-only file is off and the volume has nothing else", () => {
    assert.match(why("", { appendOnly }) ?? "", /^its append-only file is off/);
  });

  it("does not where it looks for files of other names", () => {
    assert.match(why("--dbfilename my.rdb", { snapshot }) ?? "", /^it reads my\.rdb/);
    assert.match(why("--appendonly yes --appenddirname logs", { appendOnly }) ?? "", /^it reads logs/);
  });

  it("cannot be said where a file that is not seen decides", () => {
    assert.equal(why("/etc/redis.conf", { appendOnly }), undefined);
  });
});
