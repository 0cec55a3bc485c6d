import assert from "node:assert/strict";
import fc from "fast-check";
import { type PostgresqlDefinition, postgresqlSpec } from "../../../components/postgresql/postgresql-spec.ts";
import { passwordFileFor } from "../../../backup/postgresql/access.ts";
import { backupPassword } from "../../../model/service/password.ts";
import { readStartScript } from "../../../model/service/start-guard.ts";
import { PostgreSQL, type PostgreSQLArgs } from "../../../components/postgresql/postgresql.ts";
import { LocalVolume } from "../../../components/volumes/local-volume.ts";
import { validPostgresql } from "../definitions.ts";
import { recordProgram } from "../program.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const definition = {
  majorVersion: 17,
  memoryLimit: "512M",
  username: "shop",
  database: "orders",
  identity: "shop/postgres",
  firstStartUntil: undefined,
  publishedPort: 5432,
  publishMode: undefined,
};

function recordPostgreSQL(more: Partial<PostgreSQLArgs> = {}) {
  return recordProgram(() => {
    const volume = new LocalVolume("data", { pin: { hostname: "vm" } });
    const image = `postgres:17@${digest}`;
    new PostgreSQL("orders", { image, majorVersion: 17, volume, memoryLimit: "512M", password: "pass", ...more });
  });
}

describe("PostgreSQL", () => {
  it("makes children that are all parented and all prefixed", async () => {
    const children = (await recordPostgreSQL()).filter(({ type }) => type.startsWith("docker:"));
    assert.equal(children.length, 4);
    for (const { name, parent } of children) assert.ok(parent !== "" && name.startsWith(`${parent}-`), name);
  });

  it("keeps its data below the mount, where each version's image declares its volume", () => {
    const at = (majorVersion: number) => {
      const { mount, startScript } = postgresqlSpec({ ...definition, majorVersion }, "orders");
      return [mount, /^export PGDATA='(?<data>.*)'$/mu.exec(startScript)?.groups?.["data"]];
    };
    assert.deepEqual(at(17), ["/var/lib/postgresql/data", "/var/lib/postgresql/data/pgdata"]);
    assert.deepEqual(at(18), ["/var/lib/postgresql", "/var/lib/postgresql/18/docker"]);
  });

  it("stops by a fast shutdown, and uses a quarter of its memory for buffers", () => {
    const { service } = postgresqlSpec(definition, "orders");
    assert.equal(service.stopSignal, "SIGINT");
    assert.deepEqual(service.args, ["postgres", "-c", "shared_buffers=131072kB"]);
  });

  describe("with a backup", () => {
    const backup = {
      to: { repository: "s3:https://s3.example.com/bucket", password: "battery staple horse" },
      image: `example/holdfast-backup:17@${digest}`,
    };

    it("has a companion that asks it over its network, with a password of its own", async () => {
      const resources = await recordPostgreSQL({ backup, serviceName: "rows" });
      const inputs = (name: string) => JSON.stringify(resources.find((each) => each.name === name)?.inputs);
      const companion = inputs("orders-backup-service");
      assert.match(companion, /\\"server\\":\{\\"host\\":\\"rows\\",\\"port\\":5432,\\"folder\\":\\"pgdata\\"\}/u);
      assert.match(companion, /"constraints":\["node.hostname==vm"\]/u);
      assert.match(companion, /"networksAdvanceds":\[\{"id":"orders-network/u);
      assert.doesNotMatch(companion, /"source":"data"/u);
      assert.match(companion, /"memoryBytes":536870912/u);
      const derived = backupPassword("pass");
      for (const [name, content] of [
        ["orders-backup", derived],
        ["orders-backup-server", passwordFileFor(derived)],
      ] as const)
        assert.ok(inputs(name).includes(Buffer.from(content).toString("base64")), name);
      assert.ok(!inputs("orders-backup-server").includes(Buffer.from("pass").toString("base64")));
    });

    it("lets it in by the start script, and by the image's own one for a first start; without one nothing changes", () => {
      const plain = postgresqlSpec(definition, "orders");
      assert.equal(plain.firstStart, undefined);
      assert.doesNotMatch(plain.startScript, /holdfast_backup/u);
      const { startScript, firstStart = "" } = postgresqlSpec({ ...definition, isBackedUp: true }, "orders");
      for (const script of [startScript, firstStart]) {
        assert.match(script, /^read -r backup_password < \/run\/secrets\/backup-password/mu);
        assert.match(script, /^ALTER ROLE holdfast_backup LOGIN REPLICATION .* PASSWORD '\$backup_password';$/mu);
        assert.match(script, /^ALTER SYSTEM SET max_slot_wal_keep_size = '1GB';$/mu);
        assert.match(script, /DO \\\$\\\$ BEGIN/u);
      }
      assert.ok(readStartScript(startScript));
    });
  });

  it("shows its password nowhere but in its secret", async () => {
    const resources = await recordPostgreSQL({ password: "correct horse battery" });
    const secret = resources.find(({ name }) => name === "orders-password");
    const others = resources.filter((resource) => resource !== secret);
    const encoded = Buffer.from("correct horse battery").toString("base64");
    assert.ok(JSON.stringify(secret).includes(encoded));
    assert.doesNotMatch(JSON.stringify(others), /correct horse battery/u);
    assert.ok(!JSON.stringify(others).includes(encoded));
  });

  it("names the argument of each mistake, whatever else is said", async () => {
    const mistakes = fc.constantFrom<Partial<PostgresqlDefinition>>(
      { majorVersion: 9 },
      { majorVersion: 17.5 },
      { memoryLimit: "some" },
      { username: "Robert'); DROP" },
      { database: "a-b" },
      { publishedPort: 65536 },
      { identity: "" },
      { firstStartUntil: "soon" },
    );
    await recordProgram(() => {
      const volume = new LocalVolume("data", { pin: { hostname: "vm" } });
      const common = {
        image: `example/store@sha256:${"0123456789abcdef".repeat(4)}`,
        volume,
        password: "a long password",
      };
      fc.assert(
        fc.property(validPostgresql(), mistakes, (definition, mistake) => {
          const [argument = ""] = Object.keys(mistake);
          // What is undefined is left out.
          const args = { ...common, ...definition, ...mistake } as PostgreSQLArgs;
          assert.throws(
            () => new PostgreSQL("orders", args),
            ({ message }: Error) => message.startsWith(`orders.${argument}: expected `),
          );
        }),
      );
    });
  });

  it("refuses an image of another major version, which keeps its data elsewhere", async () => {
    const make = (image: string, majorVersion: number) =>
      recordProgram(() => {
        const volume = new LocalVolume("data", { pin: { hostname: "vm" } });
        new PostgreSQL("orders", { image, majorVersion, volume, memoryLimit: "512M", password: "a long password" });
      });
    await assert.rejects(make(`postgres:15.4-bookworm@${digest}`, 16), {
      message:
        "orders.majorVersion: expected 15, the version of the image, got 16. " +
        "Write 15, or choose an image of PostgreSQL 16; data of another major version needs pg_upgrade.",
    });
    // What a tag does not tell is not held against anything.
    await make(`corp.example/databases/orders:2026@${digest}`, 16);
    await make(`postgres@${digest}`, 16);
  });
});
