import type { PlannedService } from "../../model/plan/plan.ts";
import type { DataKeeper } from "../../model/storage/data-location.ts";

/** A service on one side of a change, and what keeps its data. */
export interface Side {
  readonly service: PlannedService;
  readonly keeper: DataKeeper;
}
