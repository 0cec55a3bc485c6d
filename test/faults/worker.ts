import type { EngineEvent } from "../../engine/events.ts";
import { destroyStack, previewStack, refreshStack, updateStack } from "../../engine/operations.ts";

// One operation of the engine in a process of its own, for the fault tests to interrupt:
// worker.ts preview|update|refresh|destroy DIRECTORY
const operations = { preview: previewStack, update: updateStack, refresh: refreshStack, destroy: destroyStack };
const [name = "", projectDirectory = ""] = process.argv.slice(2);
const operation = Object.entries(operations).find(([known]) => known === name)?.[1];
if (!operation) throw new Error(`no operation ${name}`);

const errors: string[] = [];
const onEvent = ({ diagnosticEvent }: EngineEvent): void => {
  if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message);
};
try {
  const { succeeded, changes } = await operation({ projectDirectory, stackName: "dev" }, { onEvent });
  console.log(JSON.stringify({ changes, errors }));
  process.exitCode = succeeded ? 0 : 1;
} catch (error) {
  console.log(JSON.stringify({ changes: {}, errors: [error instanceof Error ? error.message : String(error)] }));
  process.exitCode = 1;
}
