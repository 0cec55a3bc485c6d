/** The tutorial's stateful service: one Redis whose data outlives every change. */
import { ExistingVolume, LocalVolume, Redis } from "./components/index.ts";
import { readConfiguration, withBackup } from "./configuration.ts";

const configuration = readConfiguration();
const { node, nodes: _, port, service: serviceName, volume: volumeName, volumeCreatedBy, ...others } = configuration;

const pin = { hostname: node };
const data =
  volumeCreatedBy === "nobody"
    ? new ExistingVolume("data", { volumeName, on: pin })
    : new LocalVolume("data", { volumeName, pin, createdBy: volumeCreatedBy });
const settings = withBackup(others, (name) => new LocalVolume("repository", { volumeName: name, pin }));
const redis = new Redis("redis", { ...settings, serviceName, volume: data, publishedPort: port });

export { node, port };
export const publishMode = settings.publishMode;
export const service = redis.serviceName;
export const username = redis.username;
export const volume = data.source;
export const memoryLimitBytes = redis.memoryLimitBytes;
