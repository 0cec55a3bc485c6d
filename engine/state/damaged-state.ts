import { InputError } from "../../model/input-error.ts";

/** A state that this engine cannot go on with: cut short, edited to nonsense, or not to be decrypted. */
export class DamagedStateError extends InputError {
  constructor(damage: { path: string; expected: string; got: string; fix?: string }) {
    super({ fix: "Restore it from a backup", ...damage });
  }
}
