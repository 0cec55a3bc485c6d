import { fuzzDefinitions, fuzzStackFiles } from "./fuzz.ts";

// A sample; `npm run fuzz:policies` runs ten thousand of each.
describe("random input", () => {
  it("of service definitions crashes nothing, and every message is in form", () => {
    fuzzDefinitions(60);
  });

  it("of mangled stack files crashes nothing, and every message is in form", () => {
    fuzzStackFiles(120);
  });
});
