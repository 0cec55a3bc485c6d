/**
 * Whether the command has begun to change something: the swarm, or data. Until then an error means that nothing has been changed,
 * and the exit code says so.
 */
let begun = false;

/** Notes that something is about to be changed. */
export function noteChange(): void {
  begun = true;
}

/** Whether {@link noteChange} was called. */
export function hasBegunChange(): boolean {
  return begun;
}
