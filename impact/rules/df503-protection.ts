import { protectLimits } from "../../model/plan/plan.ts";
import { rule, type Diagnostic } from "../rule.ts";

type Code = "DF503" | "DF504";

/** What `protect` alone has kept, or no longer keeps: one flag of one run undoes it. */
export const protection = rule<Code>(
  {
    DF503: "A protected resource is deleted all the same",
    DF504: "Only protect keeps it",
  },
  (facts) =>
    facts.protection.flatMap(({ what, isIgnored, isAlone }): readonly Diagnostic<Code>[] => {
      const ignored = `${what} is protected, and this run deletes it all the same (--ignore-protect).`;
      const alone = `${what} stays because of \`protect\` alone: ${protectLimits}`;
      return [
        ...(isIgnored ? [{ code: "DF503", fate: "note", text: ignored } as const] : []),
        ...(isAlone ? [{ code: "DF504", fate: "note", text: alone } as const] : []),
      ];
    }),
);
