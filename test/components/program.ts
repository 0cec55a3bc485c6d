import * as pulumi from "@pulumi/pulumi";
import type { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";

/** A resource as a program asked for it. */
export interface RecordedResource {
  /** Type token, such as `docker:index/service:Service`. */
  type: string;
  name: string;
  /** Inputs as they go over the wire. */
  inputs: Record<string, unknown>;
  /** Logical name of the parent; empty for the stack's own children. */
  parent: string;
  protect: boolean;
  retainOnDelete: boolean;
}

/** The part of a `RegisterResourceRequest` that mocks do not show. */
interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProtect(): boolean;
  getRetainondelete(): boolean;
}

/** Runs a piece of a program under Pulumi's mocks and tells what it registered, components included. */
export async function recordProgram(build: () => unknown): Promise<RecordedResource[]> {
  const recorded: RecordedResource[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const resource = recorded.find((each) => each.type === type && each.name === name);
        // The wire carries objects; the mock's signature says any.
        if (resource !== undefined) resource.inputs = inputs as Record<string, unknown>;
        const state = inputs as Record<string, unknown>;
        return { id: `${name}-id`, state: { ...state, name: state["name"] ?? `${name}-0a1b2c3` } };
      },
      call: ({ inputs }) => inputs as Record<string, unknown>,
    },
    "holdfast",
    "test",
  );
  // Mocks pass on neither the parent nor the options, so the requests are read on their way.
  const monitor = pulumi.runtime.getMonitor() as unknown as MockMonitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request: Request, callback: (error: unknown, response: unknown) => void) => {
    recorded.push({
      type: request.getType(),
      name: request.getName(),
      inputs: {},
      parent: request.getParent().split("::").at(-1) ?? "",
      protect: request.getProtect(),
      retainOnDelete: request.getRetainondelete(),
    });
    return register(request, callback);
  };
  build();
  await pulumi.runtime.disconnect();
  return recorded;
}
