import { Secret } from "../../../engine/model/property-value.ts";
import { StackState } from "../../../engine/state/stack-state.ts";
import { openStack } from "../../../engine/state/stack.ts";
import { resource } from "../../support/resource.ts";

/** Creates the named resources in the stack `dev` that are not there yet, as the executor does, and writes the history. */
export async function updateStack(
  projectDirectory: string,
  names: readonly string[],
  onCreated: (name: string) => void = () => undefined,
): Promise<void> {
  const stack = await openStack({ projectDirectory, stackName: "dev" });
  await using state = await StackState.open(stack, { lock: true });
  const resources = [...state.loaded.resources];
  if (state.loaded.pendingOperations.length > 0) await state.forget(state.loaded.pendingOperations);
  for (const name of names.filter((each) => !resources.some(({ id }) => id === each))) {
    // Only what is named so needs the passphrase, which takes its time.
    const inputs = name === "secret" ? { data: new Secret("hunter2") } : { name };
    const operation = { type: "creating" as const, resource: resource(name, { inputs }) };
    await state.begin(operation);
    resources.push(resource(name, { inputs, id: name }));
    await state.end(operation, resources);
    onCreated(name);
  }
  await state.finish({
    kind: "update",
    message: "",
    startTime: Date.now(),
    result: "succeeded",
    resourceChanges: { create: names.length },
  });
}
