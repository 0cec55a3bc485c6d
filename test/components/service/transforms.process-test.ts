import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { previewStack } from "../../../engine/operations.ts";
import { makeProjectFolder } from "../../support/program-stack.ts";

const program = fileURLToPath(new URL("transform-program", import.meta.url));
const at = (place: string, words: string): RegExp =>
  new RegExp(`\\.transform\\.service${place}: expected ${words}`, "u");

/** What is said of each transform that the program tries. */
const refused: Readonly<Record<string, RegExp>> = {
  throws: at("", "a function that does not throw, got no luck"),
  promise: at("", ".*, got one that returns a promise"),
  output: at("", ".*, got one that returns an output"),
  name: at("\\.name", '".*", got "shop-orders"'),
  unknownName: at("\\.name", '".*", got an output'),
  stack: at("\\.labels", "the component's label holdfast\\.stack, unchanged"),
  volumes: at("\\.labels", "the component's label holdfast\\.volumes, unchanged"),
  unknownLabel: at("\\.labels", ".*, got a name that is not known yet"),
  mount: at("\\.taskSpec\\.containerSpec\\.mounts", "the component's mount at /\\S+, unchanged"),
  unknownMounts: at("\\.taskSpec\\.containerSpec\\.mounts", "a list of objects that is known at once"),
  unknownTask: at("\\.taskSpec\\.restartPolicy\\.condition", '"any", got an output'),
  pin: at("\\.taskSpec\\.placement\\.constraints", 'the component\'s constraint "node.hostname==node-1"'),
  unknownPin: at("\\.taskSpec\\.placement\\.constraints", "a list of texts that is known at once"),
  guard: at("\\.taskSpec\\.containerSpec\\.commands", "a list of 2, got nothing"),
  guardFile: at("\\.taskSpec\\.containerSpec\\.configs", "the component's file /etc/holdfast/\\S+, unchanged"),
  guardVariable: at("\\.taskSpec\\.containerSpec\\.env\\.\\w+", "the component's value, got none"),
  grace: at("\\.taskSpec\\.containerSpec\\.stopGracePeriod", '"\\d+s", got nothing'),
  unknownGrace: at("\\.taskSpec\\.containerSpec\\.stopGracePeriod", '"\\d+s", got an output'),
  health: at("\\.taskSpec\\.containerSpec\\.healthcheck\\.tests", '"CMD" or "CMD-SHELL" and a command, got \\[\\]'),
  unknownHealth: at("\\.taskSpec\\.containerSpec\\.healthcheck\\.tests", "a list of texts that is known at once"),
  failure: at("\\.updateConfig\\.failureAction", '"rollback", got nothing'),
  rollback: at("\\.rollbackConfig\\.order", '"stop-first", got nothing'),
  network: at("\\.taskSpec\\.networksAdvanceds", "the component's network, unchanged"),
};

const ofVolumes: Readonly<Record<string, RegExp>> = {
  volumeOwner: /volumeOwner\.transform\.volume\.labels: expected the component's label holdfast\.project, unchanged/u,
  volumeName: /volumeName\.transform\.volume\.name: expected "volumeName", got an output/u,
};

describe("a transform in a preview, where outputs are not known", function () {
  this.timeout(60_000);

  let lines: readonly string[] = [];
  before(async () => {
    const { projectDirectory, remove } = await makeProjectFolder(program);
    try {
      const messages: string[] = [];
      await previewStack(
        { projectDirectory, stackName: "test" },
        {
          environment: { ...process.env, PULUMI_CONFIG_PASSPHRASE: "test" },
          onEvent: ({ diagnosticEvent }) => messages.push(diagnosticEvent?.message ?? ""),
        },
      );
      lines = messages.map((message) => message.trim()).filter((message) => message !== "");
    } finally {
      await remove();
    }
  });

  for (const [situation, message] of Object.entries(refused))
    it(`is refused in words: ${situation}`, () => {
      for (const component of ["redis", "postgresql"]) {
        const said = lines.find((line) => line.startsWith(`${component} ${situation}`));
        assert.match(said ?? `${component} ${situation} was not tried:\n${lines.join("\n")}`, message);
      }
    });

  it("is refused for a volume that would be another stack's", () => {
    for (const [situation, message] of Object.entries(ofVolumes))
      assert.match(lines.find((line) => line.startsWith(situation)) ?? "not tried", message);
  });

  it("is taken where it returns nothing and sets what the component does not rely on", () => {
    assert.ok(lines.includes("nothing is taken"), lines.join("\n"));
  });
});
