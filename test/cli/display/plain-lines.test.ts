import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { closingLines, operationHeadline } from "../../../cli/display/closing-lines.ts";
import { emptyView, type OperationView } from "../../../cli/display/operation-view.ts";
import { PlainLines } from "../../../cli/display/plain-lines.ts";
import { plain } from "../../../text/style.ts";
import type { EventBody, StepMetadata } from "../../../engine/model/events.ts";
import { begins, boxUrn, changed, ends, numbered, planned, stackUrn, step, summary, urns } from "./events.ts";

describe("plain lines", () => {
  it("say of a secret's rotation what Pulumi says", () => {
    const rotation = { data: "update-replace" } as const;
    const original = step("delete-replaced", urns.password);
    const steps = [
      step("same", stackUrn),
      step("same", boxUrn),
      changed("create-replacement", urns.password, rotation),
      changed("replace", urns.password, rotation),
      changed("update", urns.redis, { "taskSpec.containerSpec.secrets[0].secretId": "update" }),
      original,
    ];
    const changes = { update: 1, replace: 1, same: 5 };
    const outputs = { outputs: { service: "sxnc33b4jflosxrzmubd8vzs7" } };
    const stack = step("same", stackUrn);
    const stackDone = {
      ...stack,
      old: { urn: stackUrn, type: stack.type, ...outputs },
      new: { urn: stackUrn, type: stack.type, ...outputs },
    };
    const text = [
      ...shown("update", [...planned(steps), ends(stackDone, true), summary(changes, true)]),
      ...shown("update", [
        ...steps.flatMap((one) => [begins(one), ends(one)]),
        ends(stackDone),
        summary(changes, false, 10.2),
      ]),
    ];
    assert.deepEqual(comparable(text.join("\n")), comparable(recorded("03-up-secret-rotated")));
  });

  it("say of a replaced service what Pulumi says", () => {
    const rotation = { data: "update-replace" } as const;
    const renaming = { name: "update-replace", "taskSpec.containerSpec.env": "add" } as const;
    const steps = [
      step("same", stackUrn),
      changed("create-replacement", urns.password, rotation),
      changed("replace", urns.password, rotation),
      step("delete-replaced", urns.redis),
      changed("replace", urns.redis, renaming),
      changed("create-replacement", urns.redis, renaming),
      step("delete-replaced", urns.password),
    ];
    const changes = { replace: 2, same: 5 };
    const ids = ["sxnc33b4jflosxrzmubd8vzs7", "cv06v7mx4hcqj68thknp19k8w"];
    const [before, after] = ids.map((service) => ({
      urn: stackUrn,
      type: "pulumi:pulumi:Stack",
      outputs: { service },
    }));
    const stackDone = step("same", stackUrn, { ...(before && { old: before }), ...(after && { new: after }) });
    const text = [
      ...shown("update", [...planned(steps), summary(changes, true)]),
      ...shown("update", [
        ...steps.flatMap((one) => [begins(one), ends(one)]),
        ends(stackDone),
        summary(changes, false, 15.5),
      ]),
    ];
    assert.deepEqual(comparable(text.join("\n")), comparable(recorded("04-up-service-renamed")));
  });

  it("say of a destroy what Pulumi says", () => {
    const stack = step("delete", stackUrn);
    const first = [urns.redis].map((urn) => step("delete", urn));
    const second = [urns.data, urns.password, urns.net, urns.conf].map((urn) => step("delete", urn));
    const last = [step("delete", boxUrn)];
    const plan = [urns.redis, urns.data, urns.net, urns.conf, urns.password, boxUrn].map((urn) => step("delete", urn));
    const run = (steps: StepMetadata[], order: number[]) => [
      ...steps.map((one) => begins(one)),
      ...order.flatMap((index) => (steps[index] ? [ends(steps[index])] : [])),
    ];
    const text = [
      ...shown("destroy", [...planned(plan), ...planned([stack]), summary({ delete: 7 }, true)]),
      ...shown("destroy", [
        ...run(first, [0]),
        ...run(second, [3, 1, 0, 2]),
        ...last.map((one) => begins(one)),
        begins(stack),
        ends(stack),
        summary({ delete: 7 }, false, 9),
      ]),
    ];
    const expected = comparable(recorded("11-destroy"));
    assert.deepEqual(comparable(text.join("\n")), expected);
  });

  it("tell each progress message once, however much time goes by", () => {
    const view = emptyView("update", false);
    const lines = new PlainLines(view, plain);
    const update = changed("update", urns.redis, { "taskSpec.resources.limits.memoryBytes": "update" });
    const waiting: EventBody = { progressEvent: { urn: urns.redis, message: "0 of 1 tasks running" } };
    const events = numbered([begins(update), waiting, waiting, waiting, ends(update)]);
    assert.deepEqual(
      events.flatMap((event, index) => lines.next(event, index * 1000)),
      [
        " ~  docker:index:Service redis updating (0s) [diff: ~taskSpec]",
        " ~  docker:index:Service redis updating (1s) [diff: ~taskSpec]; 0 of 1 tasks running",
        " ~  docker:index:Service redis updated (4s) [diff: ~taskSpec]",
      ],
    );
  });

  it("name a failed operation and keep its error for the end, once, beside the resource's name", () => {
    const create = step("create", urns.redis);
    const text = shown("update", [
      begins(step("same", stackUrn)),
      begins(create),
      {
        diagnosticEvent: {
          urn: urns.redis,
          severity: "error",
          message: `creating ${urns.redis}: no suitable node\n  1 node`,
        },
      },
      { resOpFailedEvent: { metadata: create, status: 0, steps: 1 } },
      summary({ same: 1 }, false, 3),
    ]);
    assert.deepEqual(text, [
      "Updating (dev):",
      "",
      " +  docker:index:Service redis creating (0s)",
      " +  docker:index:Service redis **creating failed** (0.00s)",
      "Diagnostics:",
      "  docker:index:Service (redis):",
      "    error: no suitable node",
      "      1 node",
      "",
      "Resources:",
      "    1 unchanged",
      "",
      "Duration: 3s",
    ]);
  });

  it("say of a refresh what has become of a resource", () => {
    const text = shown("refresh", [
      begins(step("refresh", urns.conf)),
      begins(step("refresh", urns.redis)),
      ends(step("same", urns.conf)),
      ends(changed("update", urns.redis, { taskSpec: "update" })),
      summary({ update: 1, same: 6 }, false, 2.1),
    ]);
    const expected = comparable(recorded("06-refresh-drift").split("Refreshing (dev):")[1] ?? "").filter((line) =>
      /serviceconfig.*refreshing|service redis|unchanged|updated$|duration/i.test(line),
    );
    const actual = comparable(text.join("\n")).filter((line) => line !== "Refreshing (dev):" && line !== "Resources:");
    assert.deepEqual(actual.sort(), expected.sort());
  });

  it("tell a policy's violation with its level, pack and resource", () => {
    const text = shown("update", [
      begins(step("create", urns.redis), true),
      {
        policyEvent: {
          resourceUrn: urns.redis,
          message: "A local volume needs a pin.\nAdd one.",
          policyName: "pin-local-volumes",
          policyPackName: "holdfast",
          policyPackVersion: "0.1.0",
          enforcementLevel: "mandatory",
        },
      },
    ]);
    assert.deepEqual(text.slice(-4), [
      "Policies:",
      "    - [mandatory] holdfast pin-local-volumes (docker:index:Service: redis)",
      "      A local volume needs a pin.",
      "      Add one.",
    ]);
  });
});

function shown(kind: OperationView["kind"], bodies: readonly EventBody[]): string[] {
  const planning = bodies.some(
    ({ resourcePreEvent, summaryEvent }) => resourcePreEvent?.planning ?? summaryEvent?.isPreview,
  );
  const view = emptyView(kind, planning);
  const lines = new PlainLines(view, plain);
  const told = numbered(bodies).flatMap((event) => lines.next(event, 0));
  return [operationHeadline(view, "dev"), "", ...told, ...closingLines(view, plain)];
}

function recorded(name: string): string {
  return readFileSync(new URL(`../../data/display/${name}.output.txt`, import.meta.url), "utf8");
}

/** What counts in a log: not how long things took, nor that something goes on, nor that the stack is as it was. */
function comparable(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/ \([0-9.]+s\)/, "").trimEnd())
    .filter((line) => line !== "" && !line.startsWith("@") && line !== "    pulumi:pulumi:Stack lifecycle-dev")
    .filter((line) => !/^The resources in the stack|^If you want to remove/.test(line))
    .filter((line, index, lines) => line !== lines[index - 1]);
}
