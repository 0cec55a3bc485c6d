/** What a program builds stateful services from. */
export {
  type BackedUpFile,
  type BackedUpServer,
  type BackupArgs,
  type BackupCanary,
  BackupKind,
  type BackupTarget,
  type ServiceBackupArgs,
} from "./service/backup.ts";
export { type DrillArgs } from "./service/drill.ts";
export { dataGate, type DataGateArgs } from "./hooks/data-gate.ts";
export { DataVolume } from "./volumes/data-volume.ts";
export { ExistingVolume, type ExistingVolumeArgs } from "./volumes/existing-volume.ts";
export { HostPath, type HostPathArgs } from "./volumes/host-path.ts";
export { LocalVolume, type LocalVolumeArgs, VolumeCreator, type VolumeTransforms } from "./volumes/local-volume.ts";
export { NetworkVolume, type NetworkVolumeArgs } from "./volumes/network-volume.ts";
export type { PresetArgs, StoreArgs } from "./service/preset.ts";
export { PostgreSQL, type PostgreSQLArgs } from "./postgresql/postgresql.ts";
export {
  type CacheRedisArgs,
  type KeepingPersistence,
  type KeepingRedisArgs,
  Redis,
  type RedisArgs,
  type RedisBackupArgs,
  type RedisSettings,
  type RedisTls,
} from "./redis/redis.ts";
export type { HealthCheck } from "./service/health-check.ts";
export type { FileTarget, ScratchMount } from "./service/mounts.ts";
export { type PublishedPort, PublishMode } from "./service/ports.ts";
export type { DockerServiceArgs, LogDriver, ServiceSettings } from "./service/service-spec.ts";
export { OnUpdateFailure } from "./service/updates.ts";
export {
  type CommonServiceArgs,
  type DataMount,
  type FileContent,
  type ServiceTransforms,
  StatefulService,
  type StatefulServiceArgs,
} from "./service/stateful-service.ts";
export type { Part, Transform, Transformed } from "./arguments/transform.ts";
export type { SharedVolume } from "./volumes/volume-spec.ts";
export { everyNode, type EveryNode, type NodeReach } from "./volumes/node-reach.ts";
export type { HostnamePin, LabelPin, NodeIdPin, NodeLabel, Pin } from "../model/placement/pin.ts";
export { RedisPersistence } from "../model/redis/persistence.ts";
