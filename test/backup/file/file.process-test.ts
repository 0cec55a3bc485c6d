import { followsCopies, followsQuickWriter } from "./scenarios.ts";

describe("the backup of a file that a service writes for it", function () {
  this.timeout(90_000);

  it("is whole where the service writes faster than it is looked at", followsQuickWriter);

  it("has each copy of a database once, through a kill, and brings each back", followsCopies);
});
