import assert from "node:assert/strict";
import { createServer } from "node:net";
import { newFolder, type AttackCase } from "./case.ts";
import { closedFiles } from "./closed-files.ts";
import { closedRegistry } from "./closed-registry.ts";
import { commandsDoors } from "./commands-doors.ts";
import { doorsOf, openToStrangers, processTree } from "./doors.ts";
import { redisServer } from "./redis-server.ts";
import { asStranger } from "./stranger.ts";
import { tlsSuites } from "./tls-suites.ts";
import { startWaitingOperation } from "./waiting-operation.ts";

/** Who is on the machine without being root, and what he can reach. */
export const cases: readonly AttackCase[] = [
  {
    group: "access",
    name: "the attacker is another user, who finds an open port and sees no folder of mode 0700",
    sample: true,
    async run() {
      const folder = await newFolder();
      const look = `try { console.log(require("node:fs").readdirSync(process.argv[1])) } catch ({ code }) { console.log(code) }`;
      assert.equal(await asStranger(look, folder), "EACCES");
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const doors = await openToStrangers(await doorsOf([process.pid]));
      server.close();
      assert.deepEqual(
        doors.map(({ kind }) => kind),
        ["tcp"],
      );
    },
  },
  ...(["previewStack", "updateStack"] as const).map((operation): AttackCase => ({
    group: "access",
    name: `every port and socket of a running operation (${operation}) is closed to another user`,
    sample: operation === "previewStack",
    async run() {
      await using running = await startWaitingOperation(operation);
      const doors = await doorsOf(await processTree(running.pid));
      // The engine, the program's callbacks, the policy pack.
      assert.deepEqual(
        doors.map(({ kind }) => kind),
        ["unix", "unix", "unix"],
      );
      assert.deepEqual(await openToStrangers(doors), []);
      const { code, output } = await running.finish();
      assert.equal(code, 0, output);
    },
  })),
  ...commandsDoors,
  ...closedFiles,
  ...closedRegistry,
  ...redisServer,
  ...tlsSuites,
];
