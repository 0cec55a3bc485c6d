import * as pulumi from "@pulumi/pulumi";
import { LocalVolume, Redis } from "../../../components/index.ts";

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
