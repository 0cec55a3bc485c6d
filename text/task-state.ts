/**
 * A task's state and the reason for it, in Swarm's words, without repetition.
 *
 * @param reason - Swarm's `Err`, or its `Message`, which often only says the state again (`preparing`, `pending task scheduling`)
 */
export function taskWords(state: string, reason: string): string {
  return reason === "" || reason === state || reason.startsWith(`${state} task `) ? state : `${state}: ${reason}`;
}
