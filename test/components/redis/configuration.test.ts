import assert from "node:assert/strict";
import { findSettingMistake, redisConfigurationFile } from "../../../components/redis/configuration.ts";

describe("the configuration of Redis", () => {
  const common = { maxMemoryBytes: 62_914_560, clientMemoryBytes: 15_728_640, aclFile: "/run/secrets/users.acl" };

  it("says how the data is kept, profile by profile", () => {
    const lines = (persistence: "durable" | "balanced" | "snapshot" | "cache") =>
      redisConfigurationFile({ ...common, persistence })
        .split("\n")
        .filter((line) => /^(?:append|save|maxmemory-policy)/u.test(line));
    assert.deepEqual(lines("durable"), [
      "appendonly yes",
      "appendfsync always",
      'save ""',
      "maxmemory-policy noeviction",
    ]);
    assert.deepEqual(lines("balanced"), [
      "appendonly yes",
      "appendfsync everysec",
      "save 3600 1 300 100 60 10000",
      "maxmemory-policy noeviction",
    ]);
    assert.deepEqual(lines("snapshot"), [
      "appendonly no",
      "save 3600 1 300 100 60 10000",
      "maxmemory-policy noeviction",
    ]);
    assert.deepEqual(lines("cache"), ["appendonly no", 'save ""', "maxmemory-policy allkeys-lru"]);
  });

  it("serves nothing in clear where certificates are given", () => {
    const tls = { certificateFile: "/c", keyFile: "/k", authorityFile: "/a" };
    const text = redisConfigurationFile({ ...common, persistence: "durable", tls });
    assert.match(text, /^port 0$/mu);
    assert.match(text, /^tls-port 6379$/mu);
    assert.match(text, /^tls-protocols "TLSv1.2 TLSv1.3"$/mu);
    const ciphers = /^tls-ciphers (.+)$/mu.exec(text)?.[1]?.split(":") ?? [];
    assert.equal(ciphers.length, 6);
    for (const cipher of ciphers) assert.match(cipher, /^ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM|CHACHA20-POLY1305)/u);
  });

  it("bounds what clients may take, and what they may send", () => {
    const lines = redisConfigurationFile({ ...common, persistence: "durable" }).split("\n");
    for (const line of [
      "maxmemory-clients 15728640",
      "client-output-buffer-limit normal 15728640 0 0",
      "client-output-buffer-limit pubsub 15728640 0 0",
      "client-query-buffer-limit 15728640",
      "proto-max-bulk-len 15728640",
    ])
      assert.ok(lines.includes(line), line);
  });

  it("takes further settings", () => {
    const text = redisConfigurationFile({ ...common, persistence: "durable", settings: { hz: "20" } });
    assert.match(text, /^hz 20$/mu);
  });

  it("refuses settings that arguments decide, whatever their case", () => {
    for (const name of ["appendonly", "SAVE", "dir", "maxmemory", "aclfile", "port", "include"]) {
      assert.equal(findSettingMistake(name, "x", "store.settings")?.path, `store.settings.${name}`);
    }
  });

  it("takes what leaves the data alone, and nothing else: every directive that is not known to is refused by its name", () => {
    const refused = (name: string): string | undefined => findSettingMistake(name, "x", "settings")?.fix;
    for (const name of ["timeout", "HZ", "maxclients", "search-threads", "client-output-buffer-limit", "io-threads"])
      assert.equal(refused(name), undefined, name);
    for (const [name, way] of [
      ["replicaof", /a replica discards its own data/],
      ["SlaveOf", /a replica discards its own data/],
      ["replica-serve-stale-data", /a replica/],
      ["masterauth", /a replica/],
      ["min-replicas-to-write", /would refuse every write/],
      ["cluster-enabled", /one server/],
      ["pidfile", /the container decides it/],
      ["unixsocket", /the container decides it/],
      ["loadmodule", /the container decides it/],
      ["logfile", /logDriver/],
      ["enable-debug-command", /keeps from them/],
      ["enable-protected-configs", /keeps from them/],
      ["rdb-del-sync-files", /loses data/],
      ["aof-load-truncated", /loses data/],
      ["rdbchecksum", /loses data/],
      ["shutdown-on-sigint", /loses data/],
      ["tls-key-file", /argument tls/],
      ["tls-ca-cert-dir", /argument tls/],
      ["tls-auth-clients", /argument tls/],
      ["rename-command", /password/],
      ["appenddirname", /persistence profile/],
      ["dbfilename", /persistence profile/],
      ["save", /persistence profile/],
      // Tried with 7.0: `SELECT 3` of the append-only file is an error that nobody hears of, and key "k" of 3 took the place of that of 0.
      ["databases", /written into the first/],
      ["ignore-warnings", /would damage/],
      ["search-ext-load", /loads a file/],
      ["search-what-is-to-come", /StatefulService/],
      ["ts-retention-policy", /TS\.CREATE/],
      ["timeuot", /^Did you mean timeout\?$/],
      ["what-is-still-to-come", /StatefulService/],
    ] as const)
      assert.match(refused(name) ?? "taken", way, name);
  });

  it("refuses what would be more than one line", () => {
    assert.equal(findSettingMistake("hz", "20\nappendonly no", "settings")?.path, "settings.hz");
    assert.equal(findSettingMistake("hz 20\nsave", "1 1", "settings")?.name, "InputError");
  });
});
