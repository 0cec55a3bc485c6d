import type { Urn } from "./resource-state.ts";

/** A resource that the program declared and that can't be had as it is declared. */
export class PlanError extends Error {
  override readonly name = "PlanError";
  readonly urn: Urn;
  constructor(urn: Urn, message: string) {
    super(message);
    this.urn = urn;
  }
}
