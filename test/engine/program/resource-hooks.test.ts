import assert from "node:assert/strict";
import { createRequire } from "node:module";

import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import callbackProto from "@pulumi/pulumi/proto/callback_pb.js";
import type { CallbackInvokeRequest, CallbackInvokeResponse } from "@pulumi/pulumi/proto/callback_pb.js";
import resourceProto from "@pulumi/pulumi/proto/resource_pb.js";

import type { Step } from "../../../engine/model/step.ts";
import { ResourceHooks } from "../../../engine/program/resource-hooks.ts";
import { resource } from "../../support/resource.ts";

// The generated service definitions come without types; their shape is grpc-js' own.
const { CallbacksService } = createRequire(import.meta.url)("@pulumi/pulumi/proto/callback_grpc_pb.js") as {
  CallbacksService: ServiceDefinition;
};

describe("resource hooks", () => {
  let program: Server;
  let target: string;
  let called: string[];
  let ids: string[];

  // A program whose hook `refuses` does, and whose other hooks agree.
  before(async () => {
    program = new Server();
    program.addService(CallbacksService, {
      invoke: (
        { request }: ServerUnaryCall<CallbackInvokeRequest, CallbackInvokeResponse>,
        answer: sendUnaryData<CallbackInvokeResponse>,
      ) => {
        const about = resourceProto.ResourceHookRequest.deserializeBinary(request.getRequest_asU8());
        ids.push(about.getId());
        called.push(`${request.getToken()} ${about.getName()}`);
        const response = new resourceProto.ResourceHookResponse();
        if (request.getToken() === "refuses") response.setError("not today");
        answer(null, new callbackProto.CallbackInvokeResponse().setResponse(response.serializeBinary()));
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      program.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
    target = `127.0.0.1:${port}`;
  });
  after(() => {
    program.forceShutdown();
  });
  beforeEach(() => {
    called = [];
    ids = [];
  });

  const step: Step = {
    operation: "update",
    urn: resource("a").urn,
    old: resource("a"),
    new: resource("a", { hooks: { beforeUpdate: ["agrees", "refuses", "agrees-too"], afterUpdate: ["agrees"] } }),
  };

  async function run(time: "before" | "after", how: { preview?: boolean; onDryRun?: boolean; ignoreErrors?: boolean }) {
    const hooks = new ResourceHooks(how.preview ?? false);
    for (const token of ["agrees", "refuses", "agrees-too"])
      hooks.register(token, {
        target,
        token,
        onDryRun: how.onDryRun ?? false,
        ignoreErrors: how.ignoreErrors ?? false,
      });
    const warnings: string[] = [];
    try {
      await hooks.run(time, step, (message) => warnings.push(message));
      return warnings;
    } finally {
      hooks.close();
    }
  }

  it("run in order before their operation, which the first that fails prevents", async () => {
    await assert.rejects(run("before", {}), /resource hook 'refuses' failed: not today/);
    assert.deepEqual(called, ["agrees a", "refuses a"]);
  });

  it("only warn where they say that their errors are to be ignored", async () => {
    assert.deepEqual(await run("before", { ignoreErrors: true }), ["resource hook 'refuses' failed: not today"]);
    assert.deepEqual(called, ["agrees a", "refuses a", "agrees-too a"]);
  });

  it("run after it by their own list", async () => {
    await run("after", {});
    assert.deepEqual(called, ["agrees a"]);
  });

  it("are told the id of what is updated before the update, too", async () => {
    const old = resource("a", { id: "known" });
    const { id: _, ...next } = resource("a", { hooks: { beforeUpdate: ["agrees"], beforeCreate: ["agrees"] } });
    const hooks = new ResourceHooks(false);
    hooks.register("agrees", { target, token: "agrees", onDryRun: false, ignoreErrors: false });
    for (const operation of ["update", "create-replacement"] as const)
      await hooks.run("before", { operation, urn: old.urn, old, new: next }, () => undefined);
    hooks.close();
    assert.deepEqual(ids, ["known", ""]);
  });

  it("run in a preview only where they are made for it", async () => {
    await run("before", { preview: true });
    assert.deepEqual(called, []);
    await assert.rejects(run("before", { preview: true, onDryRun: true }), /not today/);
  });

  it("have names of their own", async () => {
    const hooks = new ResourceHooks(false);
    const hook = { target, token: "agrees", onDryRun: false, ignoreErrors: false };
    hooks.register("agrees", hook);
    assert.throws(() => {
      hooks.register("agrees", hook);
    }, /already registered for name 'agrees'/);
    await assert.rejects(
      hooks.run("before", step, () => undefined),
      /resource hook 'refuses' was not registered/,
    );
    hooks.close();
  });
});
