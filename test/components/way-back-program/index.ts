import * as pulumi from "@pulumi/pulumi";
import { LocalVolume, StatefulService } from "../../../components/index.ts";

const config = new pulumi.Config();

// The components' hooks leave to Holdfast's engine what it does itself; without this they do all that they do under `pulumi up`.
if (config.get("hooks") === "all") delete process.env["HOLDFAST_ENGINE"];

/** A server that the catalogue takes for MongoDB, so that another major version of it may change the files. */
new StatefulService("store", {
  serviceName: config.get("serviceName") ?? "way-back-store",
  image: config.require("image"),
  data: [
    {
      volume: new LocalVolume("data", { volumeName: "way-back-data", pin: { hostname: config.require("node") } }),
      path: "/data",
    },
  ],
  args: ["redis-server", "/etc/store.conf", "--dir", "/data"],
  configFiles: { configuration: { path: "/etc/store.conf", content: config.require("configuration") } },
  memoryLimit: "64M",
  ...(config.get("reservation") === "yes" && { memoryReservation: "900G", memoryLimit: "900G" }),
  labels: { "holdfast.image": "mongo" },
  healthCheck: { test: ["CMD", "redis-cli", "ping"], interval: "1s" },
});
