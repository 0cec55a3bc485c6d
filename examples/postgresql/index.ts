/**
 * A PostgreSQL on a local volume. A label that one node carries is the pin that survives the node's replacement:
 * `docker node update --label-add orders=yes <node>`.
 *
 * ```sh
 * pulumi config set image postgres:17@sha256:<digest>
 * pulumi config set --secret password <password>
 * pulumi config set firstStartUntil "$(date -u -d '+1 hour' +%FT%TZ)"
 * pulumi up
 * ```
 */
import * as pulumi from "@pulumi/pulumi";
import { LocalVolume, PostgreSQL } from "../../components/index.ts";

const config = new pulumi.Config();

const data = new LocalVolume("data", { volumeName: "orders", pin: { label: { name: "orders", value: "yes" } } });

const postgresql = new PostgreSQL("orders", {
  image: config.require("image"),
  majorVersion: config.getNumber("majorVersion") ?? 17,
  volume: data,
  memoryLimit: config.get("memoryLimit") ?? "512M",
  password: config.requireSecret("password"),
  database: "orders",
  publishedPort: config.getNumber("port") ?? 5432,
  firstStartUntil: config.require("firstStartUntil"),
});

export const service = postgresql.serviceName;
export const database = postgresql.database;
