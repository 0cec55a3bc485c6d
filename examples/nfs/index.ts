/**
 * A service whose data lies on NFS. Every node reaches the data, so the service has no pin and may run on any node; the
 * server must hand the export to user 999.
 *
 * The append-only file of Redis is no friend of NFS, so the profile is `snapshot`: at most the changes since the last save
 * point are lost with a node, none by a planned stop.
 */
import * as pulumi from "@pulumi/pulumi";
import { NetworkVolume, Redis, RedisPersistence } from "../../components/index.ts";

const config = new pulumi.Config();

const data = new NetworkVolume("data", {
  volumeName: "wiki",
  server: config.require("nfsServer"),
  exportPath: config.require("nfsExport"),
});

const redis = new Redis("wiki", {
  image: config.require("image"),
  volume: data,
  persistence: RedisPersistence.snapshot,
  memoryLimit: "200M",
  password: config.requireSecret("password"),
  firstStartUntil: config.require("firstStartUntil"),
});

export const service = redis.serviceName;
export const volume = data.source;
