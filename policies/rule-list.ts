import type { Rule } from "./rule.ts";
import * as all from "./every-rule.ts";

/** Every rule, in the order of its id: that of the way from a missing mount to a missing backup. */
export const rules: readonly Rule[] = Object.values(all).toSorted((one, other) => one.id.localeCompare(other.id));

/** The ids of all rules. */
export const ruleIds: ReadonlySet<string> = new Set(rules.map(({ id }) => id));
