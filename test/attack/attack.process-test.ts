import { attempt, endAll } from "./case.ts";
import { attackCases } from "./groups.ts";

describe("attacks: a sample of `npm run attack`", () => {
  after(endAll);

  for (const each of attackCases) {
    if (each.sample !== true) continue;
    it(`${each.group}: ${each.name}`, async function () {
      this.timeout(((each.limitSeconds ?? 120) + 5) * 1000);
      await attempt(each);
    });
  }
});
