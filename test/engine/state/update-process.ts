/** {@link updateStack} as a process that can be killed: `update-process.ts <project> <names...>`. */
import { armFaults } from "../../support/faults.ts";
import { updateStack } from "./update-stack.ts";

armFaults();
const [projectDirectory = ".", ...names] = process.argv.slice(2);
await updateStack(projectDirectory, names, (name) => {
  console.log(`created ${name}`);
});
