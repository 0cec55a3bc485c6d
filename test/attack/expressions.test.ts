import { cases } from "./expressions.ts";

describe("what others have written", function () {
  this.timeout(60_000);
  for (const attack of cases) it(attack.name, () => attack.run());
});
