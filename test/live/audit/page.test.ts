import assert from "node:assert/strict";
import { auditPage } from "../../../live/audit/page.ts";
import { auditSections } from "../../../live/audit/report.ts";
import { htmlText } from "../../../text/escape.ts";
import { hostile, hostileAudit } from "../../cli/hostile-audit.ts";

describe("the page of an audit", () => {
  it("needs nothing else, and lets nothing in", () => {
    const page = auditPage(hostileAudit());
    assert.match(page, /http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/u);
    assert.doesNotMatch(page, /<(?:script|link|img|iframe|object)\b|@import|url\(|href=|src=(?!x)/u);
  });

  it("shows each name of others as text", () => {
    const page = auditPage(hostileAudit());
    assert.ok(!page.includes(hostile));
    assert.ok(!page.includes("\u202e"));
    const sections = auditSections(hostileAudit());
    assert.equal(sections.length, 10);
    const texts = sections.flatMap(({ title, rows }) => [
      title,
      ...rows.flatMap(({ cells, notes }) => [...cells, ...notes]),
    ]);
    for (const text of texts) assert.ok(page.includes(htmlText(text)), text);
  });

  it("leaves out what there is nothing to say about", () => {
    const { inventory, view } = hostileAudit();
    const nothing = { services: [], withoutData: [], idleVolumes: [], nodeLosses: [], manyWriters: [], diskUse: [] };
    const page = auditPage({
      inventory: { ...inventory, engines: [], unseenNodes: [] },
      view: { ...view, ...nothing },
      lost: [],
      findings: [],
      backups: [],
    });
    assert.deepEqual(page.match(/(?<=<h2>)[^<]*/gu), ["Nodes"]);
  });
});
