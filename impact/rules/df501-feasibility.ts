import { majorVersion } from "../../model/image/catalogue.ts";
import { protectLimits } from "../../model/plan/plan.ts";
import { note, rule } from "../rule.ts";

/** A step that does not take place. */
export const stepFails = rule({ DF501: "The step fails or is not reached" }, ({ failure, course, before }) => {
  if (failure === undefined) return [];
  const isQuiet = course.kind === "keeps running" || before.service.definition.replicas === 0;
  const found = note("DF501", failure);
  return isQuiet ? [{ ...found, fate: "untouched" }, found] : [found];
});

/** A service without a running task. */
export const serviceDown = rule({ DF502: "The service is down now" }, ({ down: why, before, course }) => {
  if (why === undefined || before.service.definition.replicas === 0) return [];
  const startsNone = course.kind === "keeps running" ? ", and starts none" : "";
  return [note("DF502", `No task of the service runs now (${why}), so this change stops none${startsNone}.`)];
});

/** Data kept only by `protect`, now or until this plan: a single flag on one run disables it. */
export const protection = rule(
  {
    DF503: "A protected resource is deleted all the same",
    DF504: "Only protect keeps it",
  },
  (facts) =>
    facts.protection.flatMap(({ what, isIgnored, isAlone }) => [
      ...(isIgnored
        ? [note("DF503", `${what} is protected, and this run deletes it all the same (--ignore-protect).`)]
        : []),
      ...(isAlone ? [note("DF504", `${what} stays only because of \`protect\`: ${protectLimits}`)] : []),
    ]),
);

/** What the program no longer has but the service keeps. */
export const ignoredRemoval = rule({ DF505: "A removal has no effect" }, ({ step }) =>
  step.ignoredRemovals.map((path) => {
    const effect =
      step.operation === "replace"
        ? "; the new service is created without it."
        : ", and the provider plans nothing for that: the service keeps it.";
    return note("DF505", `${path} was taken out of the program${effect}`);
  }),
);

/** Nodes of another swarm, and volumes of another engine. */
export const elsewhere = rule(
  {
    DF506: "The nodes do not include the task's own",
    DF507: "The volume is deleted on another node",
  },
  ({ location, deletedElsewhere }) => {
    const foreign =
      "The nodes that were given do not include the one that the task runs on: they are of another swarm or of another time, or that node has left. The verdict goes by the placement constraints; ask the swarm again.";
    const notes = deletedElsewhere.map((volume) =>
      note(
        "DF507",
        `The plan deletes volume "${volume}" of the engine that it talks to; the one on the service's own node is another one, and stays.`,
      ),
    );
    return location?.isNodeMissing === true ? [note("DF506", foreign), ...notes] : notes;
  },
);

/** A change that Swarm reports as done but does not apply. */
export const notInEffect = rule({ DF508: "The change is not in effect yet" }, ({ comparison, course }) => {
  const stale = comparison?.stale ?? [];
  if (stale.length === 0 || course.kind !== "keeps running") return [];
  const paths = [...new Set(stale.map(({ path }) => path))];
  return [
    note(
      "DF508",
      `The change of ${paths.join(", ")} is reported as done and is not in effect: Swarm keeps the task, and the port with it, until something else replaces it. A changed forceUpdate in the same update brings it into effect.`,
    ),
  ];
});

/** Cases in which Swarm's rollback does not do what one might expect. */
export const rollback = rule(
  {
    DF509: "Swarm does not roll the update back",
    DF510: "A rollback may not find its files readable",
  },
  ({ before, step, course }) => {
    if (course.kind !== "exchanged" || step.operation !== "update" || course.isTakenBack) return [];
    const { definition } = course.after.service;
    if (definition.failureAction !== "rollback") return [];
    if (course.cannotStart !== undefined)
      return [note("DF509", "Swarm does not roll this update back (failureAction): a task that waits does not fail.")];
    const { entry } = before.keeper;
    const [from, to] = [before.service.definition, definition].map(({ image }) => majorVersion(image.tag));
    const isNewer = from !== undefined && to !== undefined && to > from;
    if (entry === undefined || entry.refuses === "other majors" || !isNewer) return [];
    const text = `${entry.title} ${to} may change the files as soon as it starts; where it fails after that, Swarm rolls back (failureAction) to version ${from}, which may refuse them. Set failureAction to pause for this update, and make a backup first.`;
    return [note("DF510", text)];
  },
);
