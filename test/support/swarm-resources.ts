/** Resources that a test makes on the shared sandbox through the embedded provider, and takes away again. */
import assert from "node:assert/strict";
import type { PropertyMap } from "../../engine/model/property-value.ts";
import { PartialFailure, type ResourceProvider } from "../../engine/model/resource-provider.ts";
import { createDockerProvider } from "../../engine/provider/docker-provider.ts";
import { listTasks } from "../../swarm/api/reads.ts";
import { connectEngine, type EngineConnection } from "../../swarm/engine/connection.ts";
import type { SharedSandbox } from "./sandbox.ts";

export const networkType = "docker:index/network:Network";
export const secretType = "docker:index/secret:Secret";
export const serviceConfigType = "docker:index/serviceConfig:ServiceConfig";
export const serviceType = "docker:index/service:Service";
export const volumeType = "docker:index/volume:Volume";

/** A resource as a state keeps it. */
export interface Made {
  type: string;
  id: string;
  inputs: PropertyMap;
  outputs: PropertyMap;
}

/** Makes, changes and removes resources as the engine does, and remembers what is there. */
export class SwarmResources {
  readonly connection: EngineConnection;
  readonly provider: ResourceProvider;
  readonly progress: string[] = [];
  readonly #made = new Map<string, Made>();

  constructor(sandbox: Pick<SharedSandbox, "dockerHost">, host = sandbox.dockerHost) {
    this.connection = connectEngine({ host, source: "argument", setting: "host" });
    this.provider = createDockerProvider({}, this.connection);
  }

  get control() {
    const onProgress = (message: string) => this.progress.push(message);
    return { onProgress: (message: string) => void onProgress(message), signal: new AbortController().signal };
  }

  check(type: string, news: PropertyMap, olds: PropertyMap = {}): PropertyMap {
    const request = { olds, news, randomSeed: crypto.getRandomValues(new Uint8Array(32)) };
    const { inputs, failures } = this.provider.check(identity(type), request);
    assert.deepEqual(failures, []);
    return inputs;
  }

  async create(type: string, news: PropertyMap, control: Partial<{ signal: AbortSignal }> = {}): Promise<Made> {
    const inputs = this.check(type, news);
    try {
      const created = await this.provider.create(identity(type), { news: inputs, ...this.control, ...control });
      return this.#remember({ type, inputs, ...created });
    } catch (error) {
      if (error instanceof PartialFailure) this.#remember({ type, inputs, id: error.id, outputs: error.outputs });
      throw error;
    }
  }

  async update(old: Made, news: PropertyMap, control: Partial<{ signal: AbortSignal }> = {}): Promise<Made> {
    const inputs = this.check(old.type, news, old.inputs);
    const olds = { oldInputs: old.inputs, oldOutputs: old.outputs };
    const request = { id: old.id, news: inputs, ...olds, ...this.control, ...control };
    const { outputs } = await this.provider.update(identity(old.type), request);
    return this.#remember({ ...old, inputs, outputs });
  }

  read(made: Made): ReturnType<ResourceProvider["read"]> {
    return this.provider.read(identity(made.type), made);
  }

  /** The id of the container of a service's one running task. */
  async containerOf({ id }: Made): Promise<string> {
    const running = (await listTasks(this.connection.docker, id)).filter(({ Status }) => Status.State === "running");
    const [task, ...others] = running;
    assert.ok(task && others.length === 0, "one task runs");
    return task.Status.ContainerStatus?.ContainerID ?? "";
  }

  async remove(made: Made, timeoutSeconds?: number): Promise<void> {
    const limit = timeoutSeconds === undefined ? {} : { timeoutSeconds };
    await this.provider.delete(identity(made.type), { ...made, ...this.control, ...limit });
    this.#made.delete(made.id);
  }

  /** The failure that an operation ends with, which leaves the resource behind. */
  async failure(operation: Promise<unknown>): Promise<PartialFailure> {
    const error: unknown = await operation.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof PartialFailure, `expected a PartialFailure, got ${String(error)}`);
    return error;
  }

  /** Removes everything that is still there, services first; for `after` and `afterEach`. */
  async removeAll(): Promise<void> {
    const left = [...this.#made.values()].sort(
      (a, b) => Number(b.type === serviceType) - Number(a.type === serviceType),
    );
    for (const made of left) await this.remove(made);
  }

  #remember(made: Made): Made {
    this.#made.set(made.id, made);
    return made;
  }
}

/** Names a resource of a test. */
export function identity(type: string) {
  return { urn: `urn:pulumi:test::test::${type}::it`, type, name: "it" };
}
