import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { emptyView, recordEvent, type OperationView } from "../../../cli/display/operation-view.ts";
import { treeLines } from "../../../cli/display/tree-lines.ts";
import { plain, type Style } from "../../../text/style.ts";
import { visibleWidth } from "../../../cli/terminal/width.ts";
import type { EventBody } from "../../../engine/model/events.ts";
import { begins, boxUrn, changed, ends, numbered, resourceUrn, stackUrn, step, summary, urns } from "./events.ts";

const wide = { columns: 200, rows: 50 };

describe("the live tree", () => {
  const running: EventBody[] = [
    begins(step("same", stackUrn)),
    begins(step("create", boxUrn)),
    ends(step("create", boxUrn)),
    begins(step("create", urns.net)),
    begins(step("same", urns.conf)),
    ends(step("same", urns.conf)),
    begins(changed("update", urns.redis, { "taskSpec.resources.limits.memoryBytes": "update" })),
    { progressEvent: { urn: urns.redis, message: "0 of 1 tasks running" } },
  ];

  it("shows each changing resource under its parent, with status, diff and progress", () => {
    assert.deepEqual(treeLines(viewOf("update", false, running), 3400, wide, plain), [
      "     Type                        Name           Status           Info",
      "     pulumi:pulumi:Stack         lifecycle-dev  running",
      " +   └─ lab:index:Box            box            created (0.00s)",
      " +      ├─ docker:index:Network  net            creating (3s)",
      " ~      └─ docker:index:Service  redis          updating (3s)    [diff: ~taskSpec]; 0 of 1 tasks running",
    ]);
  });

  it("goes on counting until an operation ends, and then stands still", () => {
    const done = [...running, ends(step("create", urns.net)), summary({ create: 2 }, false)];
    const view = viewOf("update", false, done);
    const [, , , net] = treeLines(view, 9000, wide, plain);
    assert.match(net ?? "", /created \(0.00s\)$/);
    assert.deepEqual(treeLines(view, 90_000, wide, plain)[3], net);
  });

  it("shows a replacement as one: the half under way, and then the whole", () => {
    const rotation = { data: "update-replace" } as const;
    const half = changed("create-replacement", urns.password, rotation);
    const whole = changed("replace", urns.password, rotation);
    const deletion = step("delete-replaced", urns.password);
    const begun = [begins(half), ends(half), begins(whole), ends(whole), begins(deletion)];
    const row = (bodies: EventBody[], planning: boolean) =>
      treeLines(viewOf("update", planning, bodies), 0, wide, plain)[1];
    assert.equal(row(begun, false), " --  docker:index:Secret  password  deleting original (0s)  [diff: ~data]");
    const done = [...begun, ends(deletion)];
    assert.equal(row(done, false), " +-  docker:index:Secret  password  replaced (0.00s)  [diff: ~data]");
    assert.equal(row(done, true), " +-  docker:index:Secret  password  replace  [diff: ~data]");
  });

  it("never draws a line wider than the terminal nor more lines than it has", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 120 }),
        fc.integer({ min: 6, max: 40 }),
        fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,40}$/), fc.boolean()), { maxLength: 60 }),
        (columns, rows, resources) => {
          const bodies = resources.flatMap(([name, isDone]) => {
            const create = step("create", resourceUrn("docker:index/volume:Volume", name));
            return isDone ? [begins(create), ends(create)] : [begins(create)];
          });
          const lines = treeLines(viewOf("update", false, [...running, ...bodies]), 0, { columns, rows }, plain);
          assert.ok(lines.length < rows);
          for (const line of lines) assert.ok(visibleWidth(line) <= columns, line);
        },
      ),
    );
  });

  it("keeps what is under way when there is no room for all", () => {
    const finished = Array.from({ length: 30 }, (_, index) =>
      step("create", resourceUrn("docker:index/volume:Volume", `finished${index}`)),
    );
    const bodies = finished.flatMap((one) => [begins(one), ends(one)]);
    const view = viewOf("update", false, [...bodies, begins(step("create", urns.redis))]);
    const lines = treeLines(view, 0, { columns: 100, rows: 10 }, plain);
    assert.ok(lines.some((line) => line.includes("redis")));
    assert.equal(lines.at(-1), "   … and 24 more");
  });

  it("adds colours without moving a character", () => {
    const marked: Style = (_format, text) => `\u001B[1m${text}\u001B[22m`;
    const view = viewOf("update", false, running);
    assert.deepEqual(
      treeLines(view, 0, wide, marked).map((line) => stripVTControlCharacters(line)),
      treeLines(view, 0, wide, plain),
    );
  });
});

function viewOf(kind: OperationView["kind"], planning: boolean, bodies: readonly EventBody[]): OperationView {
  const view = emptyView(kind, planning);
  for (const event of numbered(bodies)) recordEvent(view, event, 0);
  return view;
}
