import assert from "node:assert/strict";
import { secondsUntilDrill } from "../../../backup/drill/drill.ts";
import { readCatalogue } from "../../../backup/repository/catalogue.ts";
import { fileName, tagsOf, type PartToStore } from "../../../backup/repository/tags.ts";

const now = Date.parse("2026-12-01T12:00:00Z") / 1000;
const drill = { everySeconds: 86_400, level: "drill" } as const;

function catalogueOf(...parts: readonly { part: PartToStore; ago: number }[]) {
  return readCatalogue(
    parts.map(({ part, ago }, index) => ({
      ...{ id: `id${index}`, hostname: "s", tags: [...tagsOf(part)], paths: [`/${fileName(part, now)}`] },
      time: new Date(1000 * (now - ago)).toISOString(),
    })),
  );
}

const state = {
  part: { kind: "snapshot", bytes: 3, sha256: "0".repeat(64), last: now - 100, by: "a.1" },
  ago: 90,
} as const;

function proof(ago: number, result: "ok" | "failed" = "ok", level: "drill" | "load" = "drill") {
  return {
    part: { kind: "proof", level, result, point: now, entries: 3, node: "näh", took: 1.5, bytes: 3, by: "b.1" },
    ago,
  } as const;
}

describe("the next drill", () => {
  it("waits for a state, and is due as soon as there is one", () => {
    assert.equal(secondsUntilDrill(catalogueOf(), drill, now), undefined);
    assert.equal(secondsUntilDrill(catalogueOf(state), drill, now), 0);
  });

  it("is due after the time from the last one, whoever did that; a proof of another level is none", () => {
    const done = catalogueOf(state, proof(40_000), proof(90_000));
    assert.equal(secondsUntilDrill(done, drill, now), 46_400);
    assert.equal(secondsUntilDrill(catalogueOf(state, proof(10, "ok", "load")), drill, now), 0);
    assert.equal(secondsUntilDrill(catalogueOf(state, proof(100_000)), drill, now), -13_600);
  });

  it("is tried again within an hour where the last one failed", () => {
    assert.equal(secondsUntilDrill(catalogueOf(state, proof(600, "failed")), drill, now), 3000);
    const often = { ...drill, everySeconds: 900 };
    assert.equal(secondsUntilDrill(catalogueOf(state, proof(600, "failed")), often, now), 300);
  });

  it("leaves a proof that names the node, how long it took, and how much was restored", () => {
    const [read] = catalogueOf(proof(1)).proofs;
    assert.deepEqual([read?.node, read?.took, read?.bytes, read?.entries], ["näh", 1.5, 3, 3]);
  });
});
