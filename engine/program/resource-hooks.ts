import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import callbackProto from "@pulumi/pulumi/proto/callback_pb.js";
import type * as callbackMessages from "@pulumi/pulumi/proto/callback_pb.js";
import resourceProto from "@pulumi/pulumi/proto/resource_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";

import type { PropertyMap } from "../model/property-value.ts";
import type { HookMoment } from "../model/resource-state.ts";
import type { Step } from "../model/step.ts";
import { parseUrn } from "../model/urn.ts";
import { encodeWire } from "../model/wire-value.ts";

/** A function of the program that the engine calls back. */
export interface RegisteredHook {
  /** Address of the program's callback server. */
  target: string;
  token: string;
  onDryRun: boolean;
  /** Its failure is a warning. */
  ignoreErrors: boolean;
}

/** The hooks that a program has registered, and the connection on which they are called. */
export class ResourceHooks {
  readonly #preview: boolean;
  readonly #hooks = new Map<string, RegisteredHook>();
  readonly #clients = new Map<string, Client>();

  constructor(preview: boolean) {
    this.#preview = preview;
  }

  /** Registers a hook under its name. Throws if the name is taken. */
  register(name: string, hook: RegisteredHook): void {
    if (this.#hooks.has(name)) throw new Error(`resource hook already registered for name '${name}'`);
    this.#hooks.set(name, hook);
  }

  /**
   * Runs the hooks that a step has before or after it, one after the other; in a preview only those made for it.
   *
   * @param warn - receives the failures that a hook has declared unimportant
   * @throws Error with the first hook's own message; before an operation this prevents it
   */
  async run(time: "before" | "after", step: Step, warn: (message: string) => void): Promise<void> {
    const moment = momentOf(time, step);
    const names = moment === undefined ? [] : (step.new?.hooks[moment] ?? []);
    for (const name of names) {
      const hook = this.#hooks.get(name);
      if (!hook) throw new Error(`resource hook '${name}' was not registered`);
      if (this.#preview && !hook.onDryRun) continue;
      await this.#call(name, hook, step).catch((error: unknown) => {
        if (!hook.ignoreErrors) throw error;
        warn(error instanceof Error ? error.message : String(error));
      });
    }
  }

  /** Closes the connections to the program. */
  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  async #call(name: string, hook: RegisteredHook, step: Step): Promise<void> {
    const request = new callbackProto.CallbackInvokeRequest()
      .setToken(hook.token)
      .setRequest(hookRequest(step).serializeBinary());
    const answer = await invoke(this.#client(hook.target), request);
    const error = resourceProto.ResourceHookResponse.deserializeBinary(answer.getResponse_asU8()).getError();
    if (error !== "") throw new Error(`resource hook '${name}' failed: ${error}`);
  }

  #client(target: string): Client {
    const known = this.#clients.get(target);
    if (known) return known;
    const client = new Client(target, credentials.createInsecure());
    this.#clients.set(target, client);
    return client;
  }
}

function momentOf(time: "before" | "after", step: Step): HookMoment | undefined {
  switch (step.operation) {
    case "create":
    case "create-replacement":
      return `${time}Create`;
    case "update":
      return `${time}Update`;
    default:
      return undefined;
  }
}

function hookRequest(step: Step): InstanceType<typeof resourceProto.ResourceHookRequest> {
  const state = step.new ?? step.old;
  const request = new resourceProto.ResourceHookRequest()
    .setUrn(step.urn)
    // An update's new side gets the id that it keeps only with its outcome.
    .setId(state?.id ?? (step.operation === "update" ? step.old?.id : undefined) ?? "")
    .setName(parseUrn(step.urn).name)
    .setType(state?.type ?? "");
  if (step.new) request.setNewInputs(struct(step.new.inputs)).setNewOutputs(struct(step.new.outputs));
  if (step.old) request.setOldInputs(struct(step.old.inputs)).setOldOutputs(struct(step.old.outputs));
  return request;
}

function struct(map: PropertyMap): structProto.Struct {
  return structProto.Struct.fromJavaScript(encodeWire(map, { secrets: true, outputs: true, resources: true }));
}

function invoke(
  client: Client,
  request: callbackMessages.CallbackInvokeRequest,
): Promise<callbackMessages.CallbackInvokeResponse> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      "/pulumirpc.Callbacks/Invoke",
      (message: callbackMessages.CallbackInvokeRequest) => Buffer.from(message.serializeBinary()),
      (bytes: Buffer) => callbackProto.CallbackInvokeResponse.deserializeBinary(bytes),
      request,
      (error: ServiceError | null, answer?: callbackMessages.CallbackInvokeResponse) => {
        if (answer) resolve(answer);
        else reject(new Error(`the program did not answer a resource hook: ${error?.details ?? "no reason given"}`));
      },
    );
  });
}
