import { followsCopies } from "./scenarios.ts";

describe("the backup of a file that a service writes for it", function () {
  this.timeout(90_000);

  it("has each copy of a database once, through a kill, and brings each back", followsCopies);
});
