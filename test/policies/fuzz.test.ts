import { fuzzDefinitions, fuzzStackFiles } from "./fuzz.ts";

// A sample; `npm run fuzz` runs ten thousand of each.
describe("random input", () => {
  it("of service definitions crashes nothing, and every message is in form", () => {
    fuzzDefinitions(30);
  });

  it("of mangled stack files crashes nothing, and every message is in form", () => {
    fuzzStackFiles(60);
  });
});
