import assert from "node:assert/strict";
import {
  advised,
  advisedDocker,
  advisedRepair,
  advisedSetting,
  rememberDocker,
  rememberHowStarted,
} from "../../text/advised-command.ts";

describe("a command in advice", () => {
  const started = (stack: string | undefined, environment: NodeJS.ProcessEnv = {}) => {
    rememberHowStarted(stack, environment);
    return environment;
  };

  it("is that of npm for who has typed that, with the stack that was named", () => {
    const npm = started("prod", { npm_lifecycle_event: "up" });
    assert.equal(advised("up", "--refresh", npm), "npm run up -- -s prod --refresh");
    assert.equal(advised("redis", "get foo", npm), "npm run redis -- -s prod get foo");
    assert.equal(
      advised("sandbox stop", "", started(undefined, { npm_lifecycle_event: "up" })),
      "npm run sandbox -- stop",
    );
    assert.equal(advised("up", "", started(undefined, { npm_lifecycle_event: "up" })), "npm run up");
    // It is about no stack.
    assert.equal(advised("sandbox start", "", npm), "npm run sandbox -- start");
    // There is no script for it.
    assert.equal(advised("config set", "port 1", npm), "npx holdfast config set -s prod port 1");
  });

  it("is that of npx for others", () => {
    assert.equal(advised("up", "--refresh", started(undefined)), "npx holdfast up --refresh");
    assert.equal(advised("up", "", started("prod", { npm_lifecycle_event: "npx" })), "npx holdfast up -s prod");
  });

  it("of docker reaches the engine that is meant", () => {
    const environment: NodeJS.ProcessEnv = {};
    assert.equal(advisedDocker("service ps cart", environment), "docker service ps cart");
    rememberDocker("/a b/docker", "unix:///run/it.sock", environment);
    assert.equal(advisedDocker("service ps cart", environment), "'/a b/docker' -H unix:///run/it.sock service ps cart");
  });

  it("is Pulumi's for a setting where no command line of Holdfast runs the program, and for whom it starts its own", () => {
    assert.equal(advisedSetting("--secret holdfast:password", {}), "pulumi config set --secret holdfast:password");
    assert.equal(advisedRepair({}), "pulumi up --refresh");
    assert.equal(advisedRepair(started(undefined)), "npx holdfast up --refresh");
    const inherited = { ...started("prod", { npm_lifecycle_event: "up" }) };
    assert.equal(
      advisedSetting("holdfast:port <number>", inherited),
      "npx holdfast config set -s prod holdfast:port <number>",
    );
  });
});
