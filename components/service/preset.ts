import * as pulumi from "@pulumi/pulumi";
import { serviceLabels } from "../../model/service/labels.ts";
import { ownerLabels } from "../../model/service/ownership.ts";
import { guardEnvironment, startScriptPath } from "../../model/service/start-guard.ts";
import type { DataVolume } from "../volumes/data-volume.ts";
import { portsToPublish, type Publication, type PublishMode } from "./ports.ts";
import type { ServiceSettings } from "./service-spec.ts";
import type { CommonServiceArgs } from "./stateful-service.ts";

/** What every preset takes: a component that knows its server. */
export interface PresetArgs
  extends
    CommonServiceArgs,
    Pick<ServiceSettings, "constraints" | "cpuLimit" | "cpuReservation" | "labels" | "logDriver" | "stopped"> {
  /** Port on every address of the node. @default not published */
  publishedPort?: number;
  /** How the port is published. @default PublishMode.host */
  publishMode?: PublishMode;
}

/** What a preset takes that keeps data. */
export interface StoreArgs {
  /** The volume that holds the data. */
  volume: DataVolume;
  /** Names the store in the mark on its volume; the server refuses to start on another store's data. @default <project>/<stack>/<component's name> */
  identity?: string;
  /** Until when a volume without a mark may become this store's, such as `2026-11-23T12:00:00Z`. @default never */
  firstStartUntil?: string;
}

/** What decides how a preset runs, apart from what is only known during the deployment: arguments that have been checked. */
export interface PresetDefinition extends Publication {
  memoryLimit: string;
  identity: string;
  firstStartUntil: string | undefined;
}

/** The identity of a store that is not given one. */
export function defaultIdentity(name: string): string {
  return `${pulumi.getProject()}/${pulumi.getStack()}/${name}`;
}

/** What all presets have in common: no more rights than the server needs, and the port that it listens on. */
export function presetSettings({ memoryLimit, ...definition }: PresetDefinition, userId: string, port: number) {
  return {
    memoryLimit,
    user: `${userId}:${userId}`,
    dropCapabilities: ["ALL"],
    readOnlyRoot: true,
    ports: portsToPublish(port, definition),
  };
}

/** What makes the start script guard a preset's store, and the labels by which the hooks know it. */
export function guardedSettings({ identity, firstStartUntil }: PresetDefinition) {
  return {
    command: ["sh", startScriptPath],
    environment: guardEnvironment,
    labels: {
      [ownerLabels.identity]: identity,
      ...(firstStartUntil !== undefined && { [serviceLabels.firstStart]: firstStartUntil }),
    },
  };
}

/** A file that only the server's user may read. */
export function readableBy(userId: string) {
  return { ownerId: userId, mode: 0o400 };
}
