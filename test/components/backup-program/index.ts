import * as pulumi from "@pulumi/pulumi";
import { BackupKind, LocalVolume, PostgreSQL, Redis, StatefulService } from "../../../components/index.ts";

const config = new pulumi.Config();
const pin = { hostname: config.require("node") };
const backupImage = config.get("backupImage") ?? "";

/** A Redis that is backed up into a volume once its image is known. */
new Redis("store", {
  serviceName: "backup-store",
  image: config.require("image"),
  volume: new LocalVolume("data", { volumeName: "backup-data", pin }),
  memoryLimit: config.get("memoryLimit") ?? "64M",
  password: config.requireSecret("password"),
  publishedPort: 10_160,
  firstStartUntil: config.require("firstStartUntil"),
  ...(backupImage !== "" && {
    backup: {
      to: {
        volume: new LocalVolume("repository", { volumeName: "backup-repository", pin }),
        password: config.requireSecret("repositoryPassword"),
      },
      image: backupImage,
      every: "1s",
    },
  }),
});

/** A PostgreSQL with a backup from its first start on, once its images are known. */
const postgresqlImage = config.get("postgresqlImage") ?? "";
if (postgresqlImage !== "") {
  new PostgreSQL("orders", {
    serviceName: "backup-orders",
    image: postgresqlImage,
    majorVersion: config.requireNumber("majorVersion"),
    volume: new LocalVolume("orders-data", { volumeName: "backup-orders-data", pin }),
    memoryLimit: "200M",
    password: config.requireSecret("password"),
    firstStartUntil: config.require("firstStartUntil"),
    backup: {
      to: {
        volume: new LocalVolume("orders-repository", { volumeName: "backup-orders-repository", pin }),
        password: config.requireSecret("password"),
      },
      image: config.require("postgresqlBackupImage"),
      every: "1s",
    },
  });
}

/** A service of any image: an SQLite database, of which it writes a copy for its backup. */
const notesImage = config.get("notesImage") ?? "";
if (notesImage !== "") {
  const script = `
    const { DatabaseSync } = require("node:sqlite");
    const { mkdirSync, renameSync, rmSync } = require("node:fs");
    mkdirSync("/data/backup", { recursive: true });
    const database = new DatabaseSync("/data/app.db");
    database.exec("PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS note (text)");
    setInterval(() => {
      database.exec("INSERT INTO note VALUES ('a note')");
      rmSync("/data/backup/new.db", { force: true });
      database.exec("VACUUM INTO '/data/backup/new.db'");
      renameSync("/data/backup/new.db", "/data/backup/app.db");
    }, 1000);
    process.on("SIGTERM", () => process.exit());
  `;
  new StatefulService("notes", {
    serviceName: "backup-notes",
    image: notesImage,
    data: [{ volume: new LocalVolume("notes-data", { volumeName: "backup-notes-data", pin }), path: "/data" }],
    memoryLimit: "128M",
    command: ["node", "-e", script],
    user: "0:0",
    healthCheck: { test: ["CMD", "test", "-s", "/data/backup/app.db"] },
    backup: {
      to: {
        volume: new LocalVolume("notes-repository", { volumeName: "backup-notes-repository", pin }),
        password: config.requireSecret("password"),
      },
      image: backupImage,
      every: "1s",
      kind: BackupKind.file,
      file: { path: "backup/app.db", maxAge: "1h", restoreAs: "app.db" },
    },
  });
}
