import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import draft04 from "ajv-draft-04";
import fc from "fast-check";
import MarkdownIt from "markdown-it";
import { showCommandLine } from "../../impact/redaction/command-line.ts";
import { renderHtml } from "../../impact/render/html.ts";
import { impactDocument } from "../../impact/render/json.ts";
import { commentMarker, renderMarkdown } from "../../impact/render/markdown.ts";
import { renderSarif } from "../../impact/render/sarif.ts";
import { renderText } from "../../impact/render/text.ts";
import { analyse, fateWords, type ImpactReport } from "../../impact/report.ts";
import type { Verdict } from "../../impact/verdict/verdict.ts";
import { readDigest } from "../../inputs/pulumi/preview.ts";
import { anyCharacter } from "../support/any-character.ts";
import { previewOf, dataMount, type Change } from "./changes.ts";
import { recordedChanges, recordedPreview, vm } from "./recorded.ts";
import { verdictTable } from "./verdict-table.ts";

const repository = join(import.meta.dirname, "../..");

function reportOn(change: Change): ImpactReport {
  return analyse(readDigest(JSON.parse(previewOf(change)), "plan", "pulumi"), { nodes: [vm] });
}

function renameTo(source: string): Change {
  return { service: (inputs) => void (dataMount(inputs)["source"] = source) };
}

/** A report in which every text that comes from outside is hostile. */
function hostileReport(text: string): ImpactReport {
  const service: Change["service"] = (inputs) => {
    inputs.name = text;
    dataMount(inputs)["source"] = text;
    inputs.taskSpec.containerSpec.args = ["redis-server", text];
  };
  const report = reportOn({ was: (inputs) => void (inputs.name = text), service });
  const placed = reportOn({
    service: ({ taskSpec }) => void (taskSpec.placement = { constraints: [`node.hostname==${text}`] }),
  });
  const other = reportOn({ operation: "delete" });
  return {
    ...report,
    verdicts: [
      ...[report, placed].flatMap(({ verdicts }) => verdicts),
      ...other.verdicts.map((verdict) => ({ ...verdict, id: text })),
    ],
    withoutData: [text],
    errors: [{ code: "DF706", text }],
    policyFindings: [{ policy: text, level: text, resource: text, message: text }],
  };
}

const hostileText = fc.oneof(
  fc.string({ unit: anyCharacter, minLength: 1, maxLength: 40 }),
  fc.constantFrom(
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\u001b]0;owned\u0007\u001b[31m",
    "a\n## b\n",
    "![x](http://evil.example/x.png)",
    "[x](javascript:alert(1))",
    "`${x}````",
    "</details></svg></style>",
    "-->",
    "x\u202egnp.exe",
    "'; rm -rf / #",
    '"]; end; click x "javascript:alert(1)"',
    "@everyone #1 https://evil.example",
    "a www.evil.com",
    "me@evil.com GH-1 octo/cat#1 group!1 &1",
  ),
);

// eslint-disable-next-line no-control-regex -- what a terminal obeys
const obeyed = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u;

describe("renderers of verdicts", () => {
  const ajv = new Ajv2020();
  const schema = JSON.parse(readFileSync(join(repository, "docs/schemas/impact.json"), "utf8")) as object;
  const isImpact = ajv.compile(schema);
  const isSarif = new draft04.default({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(
    JSON.parse(readFileSync(join(repository, "test/data/sarif/sarif-2.1.0.schema.json"), "utf8")) as object,
  );

  it("write JSON that is as its schema says, for every change", () => {
    const documents = [
      ...recordedChanges().map(({ name }) => analyse(readDigest(JSON.parse(recordedPreview(name)), name, "pulumi"))),
      ...verdictTable.map(({ of }) => reportOn(of)),
    ].map((report) => JSON.parse(JSON.stringify(impactDocument(report))) as unknown);
    for (const document of documents) assert.ok(isImpact(document), JSON.stringify(isImpact.errors));
  });

  it("tell the schema what it must refuse", () => {
    assert.ok(!isImpact({ ...impactDocument(reportOn(renameTo("x"))), worst: "fine" }));
  });

  it("write SARIF that is as its schema says, with an error where data is lost", () => {
    const text = renderSarif(reportOn(renameTo("otherstore")), "index.ts");
    const log = JSON.parse(text) as { runs: { results: { level: string; ruleId: string }[] }[] };
    assert.ok(isSarif(log), JSON.stringify(isSarif.errors));
    assert.deepEqual(
      log.runs[0]?.results.map(({ level, ruleId }) => [level, ruleId]),
      [["error", "data-left-behind"]],
    );
  });

  it("tell a fate that is only good as long as something holds with what it is otherwise, as the gate does", () => {
    const report = reportOn({ operation: "same", volume: "deleted" });
    assert.deepEqual(report.verdicts.map(fateWords), ["untouched, or destroyed"]);
    const log = JSON.parse(renderSarif(report, "index.ts")) as { runs: { results: object[] }[] };
    assert.partialDeepStrictEqual(log.runs[0]?.results, [{ level: "warning", ruleId: "data-at-risk" }]);
    assert.match(renderHtml(report), /<p class="worst fate-at-risk">Data: untouched, or destroyed<\/p>/u);
    assert.match(renderMarkdown(report), /^## 🟠 Data: untouched, or destroyed /mu);
    assert.match(renderText(report), /^! untouched, or destroyed /mu);
  });

  it("begin a comment with its marker, the verdict and a banner", () => {
    const text = renderMarkdown(reportOn(renameTo("otherstore")));
    assert.ok(text.startsWith(`${commentMarker}\n\n## 🔴 Data: left behind (stateful)\n\n> [!CAUTION]\n`));
    assert.ok(
      !renderMarkdown(reportOn({ service: ({ taskSpec }) => void (taskSpec["forceUpdate"] = 1) })).includes("CAUTION"),
    );
  });

  it("tell new findings from those of the last comment", () => {
    const first = renderMarkdown(reportOn(renameTo("otherstore")));
    const again = renderMarkdown(reportOn(renameTo("otherstore")), { previous: first });
    assert.ok(again.includes("### Known from the last run") && !again.includes("### New in this run"));
    const worse = renderMarkdown(reportOn({ ...renameTo("otherstore"), operation: "replace", volume: "deleted" }), {
      previous: again,
    });
    assert.ok(worse.includes("### New in this run") && !worse.includes("### Known from the last run"));
  });

  it("know thousands of findings again, and tell none as new where there were too many to know", () => {
    const report = reportOn(renameTo("otherstore"));
    const many = (count: number): ImpactReport => ({
      ...report,
      verdicts: Array.from({ length: count }, (_, index) => ({ ...firstOf(report), id: `u${index}` })),
    });
    for (const count of [501, 3000, 3001]) {
      const again = renderMarkdown(many(count), { previous: renderMarkdown(many(count)) });
      assert.ok(again.length <= 60_000 && !again.includes("### New in this run"), String(count));
    }
    const one = renderMarkdown(many(3000), { previous: renderMarkdown(many(2999)) });
    assert.ok(one.includes("### New in this run") && one.includes("### Known from the last run"));
  });

  it("cut a name that is too long, and nothing besides", () => {
    const name = "x".repeat(120_000);
    const long = firstOf(reportOn({ was: (inputs) => void (inputs.name = name), operation: "delete" }));
    const other = firstOf(reportOn(renameTo("otherstore")));
    const text = renderMarkdown({ ...reportOn(renameTo("otherstore")), verdicts: [long, other, other] });
    assert.equal([...text.matchAll(/^\| .* \| \S+ \*\*/gmu)].length, 3);
    assert.equal([...text.matchAll(/^<details><summary>🔴 stateful: left behind/gmu)].length, 2);
  });

  it("keep a comment within its budget, with its findings at the end", () => {
    const report = reportOn(renameTo("otherstore"));
    const verdicts = Array.from({ length: 3000 }, (_, index) => ({
      ...report.verdicts[0],
      name: `s${index}`.repeat(40),
      id: `u${index}`,
    }));
    const text = renderMarkdown({
      ...report,
      verdicts: verdicts as ImpactReport["verdicts"],
      errors: [{ code: "DF706", text: "x".repeat(100_000) }],
    });
    assert.ok(text.length <= 60_000, String(text.length));
    assert.match(text, /more parts did not fit[^]*<!-- holdfast-findings: [0-9a-f ]+ -->\n$/u);
  });

  it("put nothing on a terminal that it would obey", () => {
    fc.assert(
      fc.property(hostileText, (text) => !obeyed.test(renderText(hostileReport(text)))),
      { numRuns: 30 },
    );
  });

  it("put nothing into Markdown but what they wrote themselves", () => {
    const markdown = new MarkdownIt({ html: true, linkify: true });
    // As GitHub links: addresses with a scheme, those that begin with www, and mail.
    markdown.linkify
      .set({ fuzzyLink: false })
      .add("//", null)
      .add("www.", { validate: /^[\w.-]+/u });
    const allowed = new Set(
      "h2 h3 p blockquote strong code pre table thead tbody tr th td ul li details summary br sub".split(" "),
    );
    fc.assert(
      fc.property(hostileText, (text) => {
        const comment = renderMarkdown(hostileReport(text));
        const tags = [
          ...markdown
            .render(comment)
            .replaceAll(/<!--[^]*?-->/gu, "")
            .matchAll(/<\/?([a-z][a-z0-9]*)/giu),
        ].map(([, tag]) => tag ?? "");
        assert.deepEqual(
          tags.filter((tag) => !allowed.has(tag)),
          [],
        );
        assert.equal(
          [...comment.matchAll(/^#{1,6} /gmu)].length,
          [...comment.matchAll(/^(?:## . Data: |### (?:Policies)$)/gmu)].length,
        );
        assert.ok(!obeyed.test(comment));
        // GitHub makes mentions and references of the text that comes out, but not in code.
        const texts = markdown
          .render(comment)
          .replaceAll(/<pre>[^]*?<\/pre>/gu, "")
          .split(/<[^>]*>/u);
        for (const each of texts) assert.doesNotMatch(each, /@\w|(?<!&)#\d|\bGH-\d|!\d|&amp;\d/u);
      }),
      { numRuns: 50 },
    );
  });

  it("show a name in the summary of a block as it is", () => {
    const comment = renderMarkdown(hostileReport("shop-redis_1"));
    assert.match(new MarkdownIt({ html: true }).render(comment), /<summary>\S+ shop-redis_1: left behind<\/summary>/u);
  });

  it("put nothing into HTML but what they wrote themselves", () => {
    const plain = tagsOf(renderHtml(hostileReport("name")));
    fc.assert(
      fc.property(hostileText, (text) => {
        const page = renderHtml(hostileReport(text));
        assert.deepEqual(
          [...new Set([...tagsOf(page), "title"])].toSorted(),
          [...new Set([...plain, "title"])].toSorted(),
        );
        assert.ok(!/ on\w+=/u.test(page.replaceAll(/>[^<]*</gu, "><")));
        assert.ok(!obeyed.test(page));
      }),
      { numRuns: 30 },
    );
  });

  it("put nothing into JSON and SARIF that their readers would take for something else", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const report = hostileReport(text);
        assert.ok(isImpact(JSON.parse(JSON.stringify(impactDocument(report)))));
        const log = JSON.parse(renderSarif(report, "index.ts")) as {
          runs: { results: { message: { text: string } }[] }[];
        };
        assert.ok(isSarif(log), JSON.stringify(isSarif.errors));
        for (const { message } of log.runs[0]?.results ?? []) {
          assert.ok(!/(?<!\\)\[[^\]\\]*\]\(/u.test(message.text), message.text);
          assert.doesNotMatch(message.text.replaceAll(/\{\{|\}\}/gu, ""), /[{}]/u);
        }
        assert.ok(!obeyed.test(renderSarif(report, "index.ts")));
      }),
      { numRuns: 30 },
    );
  });

  it("show no secret, also one that the program has not marked", () => {
    const secrets = ["hunter2", "s3cr3t", "t0ken", "cifspw"];
    const change: Change = {
      service: ({ taskSpec: { containerSpec } }) => {
        containerSpec.args = [
          "redis-server",
          "--requirepass",
          "hunter2",
          "--user",
          "default on >s3cr3t",
          "--masterauth=t0ken",
          "--appendonly",
          "yes",
        ];
        containerSpec["env"] = { PASSWORD: "hunter2" };
        containerSpec["healthcheck"] = { tests: ["CMD", "redis-cli", "-a", "hunter2", "ping"] };
        containerSpec["labels"] = [{ label: "auth", value: "hunter2" }];
        containerSpec.mounts[0] = {
          target: "/data",
          type: "volume",
          source: "foobarstore",
          volumeOptions: { driverOptions: { o: "password=cifspw" } },
        };
      },
    };
    const report = reportOn(change);
    const all = everyRenderer(report);
    for (const text of all) for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} in ${text}`);
    assert.match(renderText(report), /--requirepass \[secret\]/u);
  });

  it("show no secret, whatever it looks like and wherever it stands in a command line or a mount's options", () => {
    fc.assert(
      fc.property(secretForms, ({ core, words, mountOption }) => {
        for (const line of [words, ["sh", "-c", `exec ${words.map(quotedForShell).join(" ")}`]]) {
          assert.ok(!showCommandLine(line).includes(core), showCommandLine(line));
          for (const property of ["args", "commands"]) {
            const report = reportOn({
              was: ({ taskSpec: { containerSpec } }) =>
                void Object.assign(containerSpec, { args: [], [property]: line }),
              service: ({ taskSpec: { containerSpec } }) =>
                void (containerSpec[property] = [...line, "--save", "60 1"]),
            });
            assert.match(renderText(report), new RegExp(`taskSpec\\.containerSpec\\.${property}: `, "u"));
            for (const text of everyRenderer(report)) assert.ok(!text.includes(core), text);
          }
        }
        const volumeDriverOptions = {
          type: "cifs",
          device: `//u:pa ss${core}@nas/redis`,
          o: `username=u,${mountOption}`,
        };
        const left = everyRenderer(reportOn({ operation: "delete", volume: "deleted", volumeDriverOptions }));
        for (const text of left) assert.ok(!text.includes(core), text);
      }),
      { numRuns: 60 },
    );
  });
});

function firstOf({ verdicts: [first] }: ImpactReport): Verdict {
  assert.ok(first);
  return first;
}

function everyRenderer(report: ImpactReport): readonly string[] {
  return [
    renderText(report),
    renderMarkdown(report),
    renderHtml(report),
    renderSarif(report, "x"),
    JSON.stringify(impactDocument(report)),
  ];
}

/** A command line with a secret, of which `core` is a part that no renderer escapes. */
const secretForms = fc
  .record({
    core: fc.stringMatching(/^[a-zA-Z0-9]{12}$/u),
    before: fc.constantFrom("", "-", "--", "/", ">", "#", "$", "yes,", "'", '"', "a b ", "a; "),
    option: fc.constantFrom("--requirepass", "--masterauth", "--user", "--api-key", "--AUTH-TOKEN", "-a", "-p", "-Dpw"),
    form: fc.nat(14),
    mount: fc.constantFrom(
      "password=",
      "pass=",
      "credentials=/",
      "secret=",
      "key=",
      "unheard-of=",
      "username=u%",
      "pass=a,,hard=",
      "",
    ),
  })
  .map(({ core, before, option, form, mount }) => {
    const secret = `${before}${core}`;
    const forms: readonly (readonly string[])[] = [
      [option, secret],
      [`${option}=${secret}`],
      [option, "first", secret],
      [`${option} ${core}`],
      [`${option} ${quotedForShell(secret)}`],
      ["--user", "default", "on", `>${core}`, "~*", "+@all"],
      ["--sentinel", "auth-pass", "main", secret],
      ["--replicaof", `redis://u:${core}@h`],
      ["--dsn", `postgres://u:${core}@h/db`],
      [`REDIS_PASSWORD=${secret}`, "redis-server"],
      [`-p${core}`, "--unheard-of", `https://${core}@h`],
      ["serve", core, `password=${core}`, "-H", `Authorization: Bearer ${core}`],
      ["--pswd", `/${core}`],
      ["requirepass", `--${core}`],
      ["auth", ";", `/${core}`],
    ];
    const words = ["redis-server", ...(forms[form] ?? []), "--appendonly", "yes"];
    return { core, words, mountOption: `${mount}${core},rw` };
  });

function quotedForShell(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function tagsOf(page: string): string[] {
  return [...page.replaceAll(/<style>[^]*?<\/style>/gu, "").matchAll(/<\/?([a-z][a-z0-9]*)/giu)].map(
    ([, tag]) => tag ?? "",
  );
}
