/** Something that goes wrong with a backup, and must do no harm. */
export interface Fault {
  readonly title: string;
  /** @returns what was lost, or does not go on; an empty text when all is well, and undefined when it did not come to the fault */
  survive(): Promise<string | undefined>;
}
