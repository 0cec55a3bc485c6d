import { allMutants, isDetected } from "./mutants.ts";

// Breaks each rule's check, one place at a time, and runs the rule's cases: `N of N detected`, or what no case noticed.
const mutants = allMutants();
const survivors: string[] = [];
for (const mutant of mutants) {
  if (!(await isDetected(mutant))) survivors.push(`${mutant.rule} ${mutant.place}`);
}
for (const survivor of survivors) console.log(`not noticed: ${survivor}`);
console.log(`${mutants.length - survivors.length} of ${mutants.length} detected`);
process.exitCode = survivors.length === 0 ? 0 : 1;
