/** What a program builds stateful services from. */
export { dataGate, type DataGateArgs } from "./data-gate.ts";
export { DataVolume } from "./data-volume.ts";
export { ExistingVolume, type ExistingVolumeArgs } from "./existing-volume.ts";
export { HostPath, type HostPathArgs } from "./host-path.ts";
export { LocalVolume, type LocalVolumeArgs, VolumeCreator } from "./local-volume.ts";
export { NetworkVolume, type NetworkVolumeArgs } from "./network-volume.ts";
export { PostgreSQL, type PostgreSQLArgs } from "./postgresql.ts";
export {
  type CacheRedisArgs,
  type KeepingPersistence,
  type KeepingRedisArgs,
  Redis,
  type RedisArgs,
  type RedisSettings,
  type RedisTls,
} from "./redis.ts";
export {
  type FileTarget,
  type HealthCheck,
  type LogDriver,
  OnUpdateFailure,
  type PublishedPort,
  PublishMode,
  type ScratchMount,
  type ServiceSettings,
} from "./service-spec.ts";
export { type DataMount, type FileContent, StatefulService, type StatefulServiceArgs } from "./stateful-service.ts";
export type { SharedVolume } from "./volume-spec.ts";
export { everyNode, type EveryNode, type NodeReach } from "../model/node-reach.ts";
export type { HostnamePin, LabelPin, NodeIdPin, NodeLabel, Pin } from "../model/placement/pin.ts";
export { RedisPersistence } from "../model/redis/persistence.ts";
