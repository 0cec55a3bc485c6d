import { destroyStack, refreshStack, updateStack } from "../../engine/operations.ts";
import { armFaults } from "../support/faults.ts";

// One operation of the engine in a process of its own, for the fault tests to interrupt:
// worker.ts update|refresh|destroy DIRECTORY
const operations = { update: updateStack, refresh: refreshStack, destroy: destroyStack };
armFaults();
const [name = "", projectDirectory = ""] = process.argv.slice(2);
const operation = Object.entries(operations).find(([known]) => known === name)?.[1];
if (!operation) throw new Error(`no operation ${name}`);

const { succeeded } = await operation({ projectDirectory, stackName: "dev" }, { onEvent: () => undefined });
process.exitCode = succeeded ? 0 : 1;
