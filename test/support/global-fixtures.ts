import { stopThrowaways } from "./throwaway.ts";

/** Mocha runs it once, in its own process, when all tests are over. */
export async function mochaGlobalTeardown(): Promise<void> {
  await stopThrowaways();
}
