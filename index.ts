/** The tutorial's stateful service: one Redis whose data outlives every change. */
import { LocalVolume, Redis } from "./components/index.ts";
import { readConfiguration } from "./configuration.ts";

const configuration = readConfiguration();
const { node, port, service: serviceName, volume: volumeName, volumeCreatedBy: createdBy, ...settings } = configuration;

const data = new LocalVolume("data", { volumeName, pin: { hostname: node }, createdBy });
const redis = new Redis("redis", { ...settings, serviceName, volume: data, publishedPort: port });

export { node, port };
export const publishMode = settings.publishMode;
export const service = redis.serviceName;
export const username = redis.username;
export const volume = data.source;
export const memoryLimitBytes = redis.memoryLimitBytes;
