import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { closingLines, operationHeadline } from "../../../cli/display/closing-lines.ts";
import { diffLines } from "../../../cli/display/diff-lines.ts";
import { emptyView } from "../../../cli/display/operation-view.ts";
import { plain } from "../../../text/style.ts";
import type { EventBody } from "../../../engine/model/events.ts";
import { begins, numbered, step, urns } from "./events.ts";
import { previewEvents, readPreview } from "./recorded-preview.ts";

describe("whole property diffs", () => {
  it("are those of `pulumi preview --diff`, without what nobody has set and with sizes for people", () => {
    const recorded = readFileSync(new URL("../../data/display/10-preview-diff.output.txt", import.meta.url), "utf8");
    const lines = ["Previewing update (dev):", ...linesOf(previewEvents(readPreview("memory-limit")))];
    const expected = recorded
      .replace(/ +~ containerSpec: \{\n(?: +\+ (?:env|sysctl) *: \[unknown\]\n)+ +\}\n/u, "")
      .replace("resources    :", "resources:")
      .replace("104857600 => 209715200", "104857600 (100 MiB) => 209715200 (200 MiB)");
    assert.doesNotMatch(expected, /unknown/u);
    assert.deepEqual(withoutIdentities(lines), withoutIdentities(expected.trimEnd().split("\n")));
  });

  it("show what the provider fills in where that alone is the change", () => {
    const update = {
      ...step("update", urns.conf),
      detailedDiff: { data: { diffKind: "add", inputDiff: false } as const },
    };
    assert.deepEqual(linesOf([begins(update, true)]).slice(-1), ["  + data: [unknown]"]);
  });

  it("mask secrets and say that unknown values are unknown", () => {
    const lines = linesOf(previewEvents(readPreview("secret-rotated")));
    assert.ok(lines.includes("      ~ data: [secret] => [secret]"), lines.join("\n"));
    const redis = lines.slice(lines.findIndex((line) => line.includes("service:Service: (update)")));
    assert.deepEqual(redis.slice(4, 14), [
      "      ~ taskSpec: {",
      "          ~ containerSpec: {",
      "              ~ secrets: [",
      "                  ~ [0]: {",
      '                      ~ secretId  : "qpf059t69wbjtoj6a548l2vf5" => [unknown]',
      '                      ~ secretName: "password-71d9c55" => "password-a284d17"',
      "                    }",
      "                ]",
      "            }",
      "        }",
    ]);
  });

  it("show of a replacement one step, with what forces it", () => {
    const lines = linesOf(previewEvents(readPreview("volume-renamed")));
    assert.equal(lines.filter((line) => line.includes("volume:Volume: (")).length, 1);
    assert.ok(lines.includes('      ~ name: "foobarstore" => "foobarstore2"'), lines.join("\n"));
  });

  it("show the content of a configuration as its lines, those that change with what is around them", () => {
    const encoded = (text: string) => Buffer.from(text).toString("base64");
    const state = (data: string) => ({
      urn: urns.conf,
      type: "docker:index/serviceConfig:ServiceConfig",
      inputs: { data },
      outputs: { data },
    });
    const update = {
      ...step("update", urns.conf),
      old: state(encoded("a\nb\nc\nd\nmaxmemory 1\nf\n")),
      new: state(encoded("a\nb\nc\nd\nmaxmemory 2\nf\u001b\n")),
      detailedDiff: { data: { diffKind: "update", inputDiff: false } as const },
    };
    assert.deepEqual(linesOf([begins(update, true)]).slice(-8), [
      "  ~ data:",
      "        ...",
      "        c",
      "        d",
      "          - maxmemory 1".slice(4),
      "          - f".slice(4),
      "          + maxmemory 2".slice(4),
      "          + f\\u001b".slice(4),
    ]);
    const created = { ...step("create", urns.conf), new: state(encoded("a\nb\n")) };
    assert.deepEqual(linesOf([begins(created, true)]).slice(-3), ["    data:", "        a", "        b"]);
    // What is no text stays as it is.
    const binary = { ...step("create", urns.conf), new: state("//79") };
    assert.deepEqual(linesOf([begins(binary, true)]).slice(-1), ['    data: "//79"']);
  });

  it("show a new resource with all of its inputs but the bridge's own", () => {
    const created = step("create", urns.conf);
    const inputs = {
      __defaults: ["name"],
      name: "conf-1",
      data: "[secret]",
      labels: [{ __defaults: [], label: "a", value: "b" }],
    };
    const next = { ...(created.new ?? { urn: created.urn, type: created.type }), inputs };
    assert.deepEqual(linesOf([begins({ ...created, new: next }, true)]), [
      "+ docker:index/serviceConfig:ServiceConfig: (create)",
      `    [urn=${urns.conf}]`,
      `    [provider=${created.provider}]`,
      "    data  : [secret]",
      "    labels: [",
      "        [0]: {",
      '            label: "a"',
      '            value: "b"',
      "        }",
      "    ]",
      '    name  : "conf-1"',
    ]);
  });
});

function linesOf(bodies: readonly EventBody[]): string[] {
  const view = emptyView("update", true);
  const told = numbered(bodies).flatMap((event) => diffLines(view, event, 0, plain));
  assert.equal(operationHeadline(view, "dev"), "Previewing update (dev):");
  return [...told, ...closingLines(view, plain)];
}

/** Lines without what is different between two stacks of one program. */
function withoutIdentities(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line
      .replace(/(\[id=)\w+/, "$1ID")
      .replaceAll(/dev::(lifecycle|recording)::/g, "dev::PROJECT::")
      .replaceAll(/(lifecycle|recording)-dev/g, "PROJECT-dev")
      .replace(/(default_5_2_0::)[0-9a-f-]+/, "$1ID"),
  );
}
