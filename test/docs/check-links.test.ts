import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { anchors, brokenReferences } from "../../docs/check-links.ts";

describe("links of the Markdown pages", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "holdfast-links-"));
    await mkdir(join(root, "docs"));
    await writeFile(join(root, "docs", "b.md"), "# Was, wenn?\n## The `up` command\n## The `up` command\n");
  });
  afterEach(() => rm(root, { recursive: true }));

  it("are fine where file and heading exist, in a page, from above and from below", async () => {
    await writeFile(
      join(root, "README.md"),
      "[a](docs/b.md) [b](docs/b.md#the-up-command-1) [c](#here) https://x.y\n# Here\n",
    );
    await writeFile(join(root, "docs", "a.md"), '[a](../README.md#here "title") `docs/b.md` `b/c.ts`\n');
    assert.deepEqual(brokenReferences(root), []);
  });

  it("are told with page and line where they lead nowhere", async () => {
    await writeFile(
      join(root, "README.md"),
      "see [a](docs/c.md)\n\n[b](docs/b.md#no)\n\n`docs/gone.ts:12`\n[ref]: gone.md\n```\n[not](a-link.md)\n```\n",
    );
    assert.deepEqual(
      brokenReferences(root).map(({ page, line, problem }) => `${page}:${line}: ${problem}`),
      [
        "README.md:1: there is no docs/c.md",
        "README.md:3: there is no heading #no in docs/b.md",
        "README.md:5: there is no docs/gone.ts",
        "README.md:6: there is no gone.md",
      ],
    );
  });

  it("know the anchors that GitHub makes of headings", () => {
    assert.deepEqual(
      [...anchors("# Was, wenn?\n## The `up` command\n## The `up` command\n### a [b](c) & d\n")],
      ["was-wenn", "the-up-command", "the-up-command-1", "a-b--d"],
    );
  });
});
