import { isOnServerForOneNode, placeWords, type DataPlace } from "../../model/storage/data-location.ts";
import { copiedAfterStop, leftBehind, rule, type Diagnostic } from "../rule.ts";
import type { ServiceFacts } from "../simulation/facts.ts";
import type { PlaceFacts } from "../simulation/place-course.ts";
import { moveData, optionsInMount } from "../verdict/remedies.ts";

type Code = "DF102" | "DF114";

/** What the new task finds on a node other than that of its data. */
export const movedAway = rule<Code>(
  {
    DF102: "The task moves away from its data",
    DF114: "The task starts on a copy on another node",
  },
  (facts) => facts.places.flatMap((each) => (each.kind === "moves" ? [onOtherNode(facts, each)] : [])),
);

function onOtherNode(
  facts: ServiceFacts,
  { place, target, move, found, isUnseen }: Extract<PlaceFacts, { kind: "moves" }>,
): Diagnostic<Code> {
  const { location, constraints, isIdle } = facts;
  const why =
    location?.nodeSatisfies === false
      ? `The present node does not satisfy the new placement constraints, so the task starts on ${move.to}.`
      : `A node that does not satisfy the new placement constraints loses its task, and tasks start on ${move.to}.`;
  if (found.kind === "data") {
    const there = `${why} There, ${placeWords(target)} ${found.words}: the task starts on the data there`;
    if (isIdle) {
      const text = `${there}.`;
      return { code: "DF114", fate: "interrupted", text, ...constraints, assumption: copiedAfterStop };
    }
    const text = `${there}, without what has been written since it was copied.`;
    return { code: "DF114", fate: "at risk", text, ...constraints, remedies: [moveData(move, place, target)] };
  }
  const there =
    found.kind === "no data"
      ? `Local volumes stay on their node: on ${move.to}, ${placeWords(target)} ${found.words}.`
      : whatIsThere(place, target);
  const hint = isUnseen
    ? " Only that node's own engine knows whether the data has been copied there: name it with --nodes."
    : "";
  const means = isOnServerForOneNode(target) ? optionsInMount(target) : moveData(move, place, target);
  return {
    ...leftBehind(facts, place, { code: "DF102", text: `${why} ${there}${hint}`, ...constraints }, [means]),
    ...(move.assumption !== undefined && {
      assumption: move.assumption,
      otherwise: {
        fate: "interrupted" as const,
        when: "no node does: the task then waits forever, without an error, and the data stays where it is",
      },
    }),
  };
}

function whatIsThere(place: DataPlace, target: DataPlace): string {
  const name = placeWords(target);
  if (isOnServerForOneNode(target))
    return `A docker.Volume gives its options to the provider's engine alone: ${name} there is a local one, and empty, while the data stays on the file server.`;
  if (target.remote !== undefined)
    return `Docker makes ${name} there with its new options, and they do not lead to the data.`;
  return place.remote === undefined
    ? `Local volumes stay on their node: ${name} there is another one, and empty.`
    : `The options of ${name} no longer lead to the file server: it is a local one there, and empty.`;
}
