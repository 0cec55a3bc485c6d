/** What a command's exit code means; docs/commands.md has the same for users. */
export const exitCode = {
  done: 0,
  /** The operation failed after it had started, even if only in writing its record; or Redis answered with an error. */
  failed: 1,
  /** Invalid input, or an unusable environment; nothing was changed. */
  badInput: 2,
  /** A change needs confirmation and did not get it; nothing was changed. */
  notConfirmed: 3,
  /** Changes where none were expected, or drift; nothing was changed. */
  changesFound: 4,
  /** Interrupted by Ctrl-C; as in shells, 128 + SIGINT. */
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
