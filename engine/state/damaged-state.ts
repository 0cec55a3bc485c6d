import { InputError } from "../../text/input-error.ts";

/** A state that this engine cannot go on with: cut short, edited to nonsense, or not to be decrypted. */
export class DamagedStateError extends InputError {
  /** Another way on than a backup, where the state may be sound after all; a sentence without its full stop. */
  readonly unlessDamaged: string | undefined;

  constructor(damage: { path: string; expected: string; got: string; fix?: string; unlessDamaged?: string }) {
    const { fix = "Restore it from a backup", unlessDamaged, ...rest } = damage;
    super({ ...rest, fix: unlessDamaged === undefined ? fix : `${unlessDamaged}. Else: ${fix}` });
    this.unlessDamaged = unlessDamaged;
  }
}
