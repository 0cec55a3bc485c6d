import { SituationError } from "../../text/situation-error.ts";

/** What judges a backup was ended by somebody else: that says nothing of the backup. */
export class NotJudgedError extends SituationError {
  constructor(what: string) {
    super({
      what: `${what} was killed, perhaps because it took more memory than it may`,
      fix: "Raise its memory limit and run it again",
    });
  }
}
