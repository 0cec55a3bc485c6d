import { fuzzDefinitions, fuzzStackFiles } from "./fuzz.ts";

// Ten thousand random service definitions and ten thousand mangled stack files, or as many as the first argument says.
const runs = Number(process.argv[2] ?? 10_000);
fuzzDefinitions(runs);
console.log(`${runs} random service definitions: no crash, every message in form`);
fuzzStackFiles(runs);
console.log(`${runs} mangled stack files: no crash, every message in form`);
