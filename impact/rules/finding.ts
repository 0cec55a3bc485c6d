/** What one rule says about a service's data; the worst of what all say is its fate. */
import type { DataPlace } from "../../model/storage/data-location.ts";
import { nameOf, type ServiceChange } from "../simulation/service-change.ts";
import { leftBehindAt } from "../verdict/remedies.ts";
import type { Cause, DataFate, LeftBehind, Remedy } from "../verdict/verdict.ts";

/** What one rule says. */
export interface Part {
  readonly fate: DataFate;
  readonly cause: Cause;
  readonly remedies?: readonly Remedy[];
  readonly leftBehind?: readonly LeftBehind[];
  readonly otherwise?: { readonly fate: DataFate; readonly when: string };
  readonly assumption?: string;
}

/** What says that data stays where the new task does not look, and how it is reached. */
export function leftBehind(change: ServiceChange, place: DataPlace, cause: Cause, means: readonly Remedy[]): Part {
  const { before, location } = change;
  const lies = leftBehindAt(place, { service: nameOf(before), image: before.definition.image, node: location?.node });
  return { fate: "left behind", cause, remedies: means, leftBehind: [lies] };
}
