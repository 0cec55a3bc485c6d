import mocha, { type MochaOptions, type Runner } from "mocha";

/** Mocha's own `spec` report, closed by one line that machines can read: `N passed, N failed, N skipped`. */
export default class ClosingLineReporter extends mocha.reporters.Spec {
  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options);
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats;
      console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
    });
  }
}
