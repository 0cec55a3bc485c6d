/** A service on one side of a change, with everything that its definition says about its data. */
import type { PlannedService } from "../../model/plan/plan.ts";
import type { DataKeeper } from "../../model/storage/data-location.ts";
import { redisServer, type RedisServer } from "./redis-format.ts";
import { taskStop, type TaskStop } from "./stop.ts";

/** One side of a change. */
export interface Side {
  readonly service: PlannedService;
  readonly keeper: DataKeeper;
  /** `undefined` for a program that does not speak Redis. */
  readonly redis: RedisServer | undefined;
  readonly stop: TaskStop;
}

/** Creates a side; what a stop does is computed on demand, because most services of a plan stay. */
export function makeSide(service: PlannedService, keeper: DataKeeper): Side {
  const redis = redisServer(service.definition, keeper);
  let stop: TaskStop | undefined;
  return {
    service,
    keeper,
    redis,
    get stop() {
      return (stop ??= taskStop(service.definition, keeper, redis));
    },
  };
}
