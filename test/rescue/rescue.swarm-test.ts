import { killNode } from "../../lab/lab-node.ts";
import type { Lab } from "../../lab/lab.ts";
import { labStartMs, sharedLab } from "../support/lab.ts";
import { losses } from "./losses.ts";
import { proveRescue } from "./proof.ts";

/** A sample; `npm run rescue-proof` does all. */
describe("a lost store", function () {
  this.timeout(labStartMs);
  this.slow(60_000);
  let lab: Lab;

  before(async () => {
    lab = await sharedLab();
    await killNode(lab.directory, "node-3");
  });
  after(async () => {
    lab = await sharedLab();
  });

  for (const loss of losses.slice(1, 3)) {
    it(`is found and restored byte for byte after ${loss.title}, with one node down`, () =>
      proveRescue(lab, loss, "append-only file"));
  }
});
