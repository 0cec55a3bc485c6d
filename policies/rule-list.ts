import { dataPathUnmounted } from "./rules/ss101-data-path-unmounted.ts";
import { anonymousDataVolume } from "./rules/ss102-anonymous-data-volume.ts";
import { mountMissesDataPath } from "./rules/ss103-mount-misses-data-path.ts";
import { dataOnTmpfs } from "./rules/ss104-data-on-tmpfs.ts";
import { bindMountData } from "./rules/ss105-bind-mount-data.ts";
import { readOnlyData } from "./rules/ss106-read-only-data.ts";
import { localVolumeUnpinned } from "./rules/ss201-local-volume-unpinned.ts";
import { pinMatchesNoNode } from "./rules/ss202-pin-matches-no-node.ts";
import { pinMatchesSeveral } from "./rules/ss203-pin-matches-several.ts";
import { fragilePin } from "./rules/ss204-fragile-pin.ts";
import { replicasShareVolume } from "./rules/ss301-replicas-share-volume.ts";
import { globalWithData } from "./rules/ss302-global-with-data.ts";
import { volumeSharedByServices } from "./rules/ss303-volume-shared-by-services.ts";
import { startFirstOnData } from "./rules/ss304-start-first-on-data.ts";
import { volumeOptionsIgnored } from "./rules/ss305-volume-options-ignored.ts";
import { networkVolumeUnfenced } from "./rules/ss306-network-volume-unfenced.ts";
import { volumeUnprotected } from "./rules/ss401-volume-unprotected.ts";
import { redisNoPersistence } from "./rules/ss402-redis-no-persistence.ts";
import { redisDirOffVolume } from "./rules/ss403-redis-dir-off-volume.ts";
import { redisAofOverRdb } from "./rules/ss404-redis-aof-over-rdb.ts";
import { redisMaxmemory } from "./rules/ss405-redis-maxmemory.ts";
import { redisEvicts } from "./rules/ss406-redis-evicts.ts";
import { graceTooShort } from "./rules/ss407-grace-too-short.ts";
import { livenessKillsLoading } from "./rules/ss408-liveness-kills-loading.ts";
import { restartGivesUp } from "./rules/ss409-restart-gives-up.ts";
import { noMemoryLimit } from "./rules/ss410-no-memory-limit.ts";
import { noReservation } from "./rules/ss411-no-reservation.ts";
import { noAuthentication } from "./rules/ss501-no-authentication.ts";
import { secretInClear } from "./rules/ss502-secret-in-clear.ts";
import { publishedWithoutAuth } from "./rules/ss503-published-without-auth.ts";
import { floatingTag } from "./rules/ss504-floating-tag.ts";
import { noBackupDeclared } from "./rules/ss601-no-backup-declared.ts";
import { removalIgnored } from "./rules/ss602-removal-ignored.ts";
import { suppressionNeedsReason } from "./rules/ss901-suppression-needs-reason.ts";
import { suppressionExpired } from "./rules/ss902-suppression-expired.ts";
import type { Rule } from "./rule.ts";

/** Every rule, in the order of its id: that of the way from a missing mount to a missing backup. */
export const rules: readonly Rule[] = [
  dataPathUnmounted,
  anonymousDataVolume,
  mountMissesDataPath,
  dataOnTmpfs,
  bindMountData,
  readOnlyData,
  localVolumeUnpinned,
  pinMatchesNoNode,
  pinMatchesSeveral,
  fragilePin,
  replicasShareVolume,
  globalWithData,
  volumeSharedByServices,
  startFirstOnData,
  volumeOptionsIgnored,
  networkVolumeUnfenced,
  volumeUnprotected,
  redisNoPersistence,
  redisDirOffVolume,
  redisAofOverRdb,
  redisMaxmemory,
  redisEvicts,
  graceTooShort,
  livenessKillsLoading,
  restartGivesUp,
  noMemoryLimit,
  noReservation,
  noAuthentication,
  secretInClear,
  publishedWithoutAuth,
  floatingTag,
  noBackupDeclared,
  removalIgnored,
  suppressionNeedsReason,
  suppressionExpired,
];

/** The ids of all rules. */
export const ruleIds: ReadonlySet<string> = new Set(rules.map(({ id }) => id));
