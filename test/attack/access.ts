import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AttackCase } from "./case.ts";
import { asStranger } from "./stranger.ts";

/** Who is on the machine without being root, and what he can reach. */
export const cases: readonly AttackCase[] = [
  {
    group: "access",
    name: "another user is another user: he sees no folder of mode 0700",
    sample: true,
    async run() {
      const folder = await mkdtemp(join(tmpdir(), "holdfast-attack-"));
      try {
        const look = `try { console.log(require("node:fs").readdirSync(process.argv[1])) } catch ({ code }) { console.log(code) }`;
        assert.equal(await asStranger(look, folder), "EACCES");
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  },
];
