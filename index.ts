/** The tutorial's stateful service: one Redis whose data outlives every change. */
import { LocalVolume, Redis } from "./components/index.ts";
import { readConfiguration } from "./configuration.ts";

const configuration = readConfiguration();

const data = new LocalVolume("data", {
  volumeName: configuration.volume,
  pin: { hostname: configuration.node },
  createdBy: configuration.volumeCreatedBy,
});

const redis = new Redis("redis", {
  serviceName: configuration.service,
  image: configuration.image,
  volume: data,
  persistence: configuration.persistence,
  ...(configuration.backup !== undefined && { backup: configuration.backup }),
  ...(configuration.firstStartUntil !== undefined && { firstStartUntil: configuration.firstStartUntil }),
  memoryLimit: configuration.memoryLimit,
  password: configuration.password,
  publishedPort: configuration.port,
  publishMode: configuration.publishMode,
});

export const service = redis.serviceName;
export const node = configuration.node;
export const port = configuration.port;
export const publishMode = configuration.publishMode;
export const username = redis.username;
export const volume = data.source;
export const memoryLimitBytes = redis.memoryLimitBytes;
