import { undoesDropAfterKills } from "./scenarios.ts";

describe("the backup of a PostgreSQL", function () {
  this.timeout(120_000);

  it("goes on through kills of the companion and the server, and brings a dropped table back as it was the second before", () =>
    undoesDropAfterKills(1));
});
