import assert from "node:assert/strict";
import { connectRedis } from "../../../../cli/commands/redis/client.ts";
import type { StackService } from "../../../../cli/context/stack-services.ts";

describe("a Redis of which no task can answer", () => {
  // All that is read before it is refused.
  const service = { name: "cart", port: 6379 } as StackService;

  it("is said to be gone, or scaled to 0, with the command that brings it back", async () => {
    for (const lack of ["does not exist", "is scaled to 0"] as const) {
      await assert.rejects(connectRedis(service, { node: "none", endpoint: undefined, tried: [], lack }), {
        message: `The service cart ${lack}. Bring it back, with its data, with \`npx holdfast up --refresh\`.`,
      });
    }
  });
});
