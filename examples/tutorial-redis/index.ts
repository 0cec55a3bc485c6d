/**
 * The tutorial's Redis: local volume, pinned to its node.
 *
 * ```sh
 * pulumi config set node <hostname>
 * pulumi config set image redis:7@sha256:<digest>
 * pulumi config set --secret password <password>
 * pulumi config set firstStartUntil "$(date -u -d '+1 hour' +%FT%TZ)"
 * pulumi up
 * ```
 */
import * as pulumi from "@pulumi/pulumi";
import { LocalVolume, Redis } from "../../components/index.ts";

const config = new pulumi.Config();

const data = new LocalVolume("data", {
  volumeName: "tutorial",
  pin: { hostname: config.require("node") },
});

const redis = new Redis("redis", {
  serviceName: "tutorial",
  image: config.require("image"),
  volume: data,
  memoryLimit: "100M",
  password: config.requireSecret("password"),
  publishedPort: config.getNumber("port") ?? 10000,
  firstStartUntil: config.require("firstStartUntil"),
});

export const service = redis.serviceName;
export const username = redis.username;
