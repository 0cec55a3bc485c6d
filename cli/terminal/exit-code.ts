/** What a command's exit code says; docs/commands.md tells it to users. */
export const exitCode = {
  done: 0,
  /** The operation was begun and failed, be it only that its record could not be written, or Redis answered with an error. */
  failed: 1,
  /** Something given cannot be right, or the surroundings cannot be used: nothing has been changed. */
  badInput: 2,
  /** A change needs a yes that was not given: nothing has been changed. */
  notConfirmed: 3,
  /** Changes, where none were expected, or what is there is not as the state says: nothing has been changed. */
  changesFound: 4,
  /** Ended by Ctrl-C, as shells have it: 128 + SIGINT. */
  interrupted: 130,
} as const;

/** Ends a command with an exit code after it has said all there is to say. */
export class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit code ${code}`);
    this.code = code;
  }
}
