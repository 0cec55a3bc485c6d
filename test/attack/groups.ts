import { cases as access } from "./access.ts";
import type { AttackCase } from "./case.ts";
import { cases as expressions } from "./expressions.ts";
import { cases as hanging } from "./hanging.ts";
import { cases as inputs } from "./inputs.ts";
import { cases as locks } from "./locks.ts";
import { cases as state } from "./state.ts";
import { cases as twoWriters } from "./two-writers.ts";

/** All attacks, group by group. */
export const attackCases: readonly AttackCase[] = [
  ...access,
  ...expressions,
  ...hanging,
  ...inputs,
  ...locks,
  ...state,
  ...twoWriters,
];
