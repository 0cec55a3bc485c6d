import { globSync } from "node:fs";
import { join } from "node:path";
import type { RuleCase } from "./rule-case.ts";

const folder = join(import.meta.dirname, "rules");

/** What a file of test/policies/rules/ says. */
interface CasesOfRule {
  readonly cases: readonly RuleCase[];
}

/** For each rule what it must say, by its id: the files of test/policies/rules/. Together they hold each of the four answers at least once. */
export const ruleCases: Readonly<Record<string, readonly RuleCase[]>> = Object.fromEntries(
  await Promise.all(
    globSync("ss*.ts", { cwd: folder }).map(async (file) => {
      // tsc has seen each of these files; that they export `cases` the first use shows.
      const { cases } = (await import(join(folder, file))) as CasesOfRule;
      return [file.replace(/\.ts$/u, "").toUpperCase(), cases] as const;
    }),
  ),
);
