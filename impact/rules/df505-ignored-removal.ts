import { rule } from "../rule.ts";

/** What the program no longer says and the service nevertheless keeps. */
export const ignoredRemoval = rule({ DF505: "A removal has no effect" }, ({ step }) =>
  step.ignoredRemovals.map((path) => {
    const text =
      step.operation === "replace"
        ? `${path} was taken out of the program; the new service is created without it.`
        : `${path} was taken out of the program, and the provider plans nothing for that: the service keeps it.`;
    return { code: "DF505", fate: "note", text };
  }),
);
