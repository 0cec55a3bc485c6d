import { fileURLToPath } from "node:url";
import { startSandbox, stopSandbox } from "../../lab/sandbox.ts";
import type { Sandbox } from "../../lab/sandbox.ts";
import { startThrowaway } from "./throwaway.ts";

/**
 * The throwaway swarm that all tests of one mocha process share.
 *
 * ```ts
 * let sandbox: SharedSandbox;
 * before(async function () {
 *   this.timeout(sandboxStartMs);
 *   sandbox = await sharedSandbox();
 * });
 * ```
 *
 * It is started by the first test that asks for it and stopped at the end of the run, so a test file does nothing to end
 * it; what a test creates in it (services, volumes) the test removes itself.
 */

/** How long the first {@link sharedSandbox} of a machine may take: packages are downloaded and unpacked once. */
export const sandboxStartMs = 180_000;

/** A single-node swarm with a registry and a Redis image, apart from everything else on this machine. */
export interface SharedSandbox {
  /** The folder that holds all of it. */
  readonly directory: string;
  /** The engine's socket as DOCKER_HOST takes it: `unix:///…/docker.sock`. */
  readonly dockerHost: string;
  /** The hostname of the swarm's one node, as `docker node ls` shows it and `node.hostname==` matches it. */
  readonly nodeHostname: string;
  /** The address at which this machine reaches ports published in host mode; never 127.0.0.1. */
  readonly nodeAddress: string;
  /** Redis by digest, shaped like the official image: `198.19.0.1:5000/redis:7.0.15@sha256:…`. */
  readonly redisImage: string;
  /** `host:port` of the private registry; it answers plain HTTP. */
  readonly registryAddress: string;
  /** The docker CLI to use with it, if there is any. */
  readonly dockerProgram?: string;
}

/** Where unpacked packages and the image are kept between runs of the tests; safe to remove at any time. */
export const testCacheDirectory = fileURLToPath(new URL("../../.holdfast/cache", import.meta.url));

let running: Promise<Sandbox> | undefined;

/** Starts this process' sandbox, or returns the one that runs. */
export function sharedSandbox(): Promise<SharedSandbox> {
  return (running ??= startThrowaway("sandbox", {
    start: (directory) => startSandbox({ directory, cacheDirectory: testCacheDirectory, network: "namespace" }),
    stop: stopSandbox,
  }));
}
