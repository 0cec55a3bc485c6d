import type { CatalogueEntry } from "../catalogue-entry.ts";
import { applicationImages } from "./applications.ts";
import { coordinationImages } from "./coordination.ts";
import { databaseImages } from "./databases.ts";
import { monitoringImages } from "./monitoring.ts";
import { queueImages } from "./queues.ts";
import { redisImages } from "./redis.ts";
import { searchImages } from "./search.ts";
import { statelessImages } from "./stateless.ts";

/** Where official and common stateful images keep their data, and how to check that they are alive. */
export const catalogueEntries: readonly CatalogueEntry[] = [
  ...redisImages,
  ...databaseImages,
  ...searchImages,
  ...queueImages,
  ...coordinationImages,
  ...monitoringImages,
  ...applicationImages,
  ...statelessImages,
];
