/**
 * A shop with three stores: orders on one node, sessions on another, and a cache that may run anywhere.
 *
 * Each volume is a resource of the stack, created by the engine of the node that it lives on; so the second needs a provider
 * that is connected to that engine. All services join one network and find each other by their names.
 */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { LocalVolume, Redis, RedisPersistence, VolumeCreator } from "../../components/index.ts";

const config = new pulumi.Config();
const shared = {
  image: config.require("image"),
  password: config.requireSecret("password"),
  networkIds: [new docker.Network("shop", { driver: "overlay" }).id],
};
const firstStartUntil = config.require("firstStartUntil");

const orders = new LocalVolume("orders", {
  pin: { hostname: config.require("managerNode") },
  createdBy: VolumeCreator.provider,
});

const workerEngine = new docker.Provider("worker", { host: config.require("workerEngine") });
const sessions = new LocalVolume(
  "sessions",
  { pin: { hostname: config.require("workerNode") }, createdBy: VolumeCreator.provider },
  { providers: [workerEngine] },
);

new Redis("orders-store", { ...shared, volume: orders, memoryLimit: "200M", firstStartUntil });
new Redis("sessions-store", {
  ...shared,
  volume: sessions,
  persistence: RedisPersistence.balanced,
  memoryLimit: "100M",
  firstStartUntil,
});
new Redis("pages-cache", { ...shared, persistence: RedisPersistence.cache, memoryLimit: "64M" });
