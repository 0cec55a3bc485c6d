import * as pulumi from "@pulumi/pulumi";
import { takingOf } from "../../inputs/pulumi/taking.ts";
import { declaredServices } from "./declared-services.ts";
import { nextHookNumber, plainValues } from "./hooks.ts";
import { namesInState } from "./names-in-state.ts";
import { ownStack } from "./owner.ts";
import { isEmbedded, swarmManager } from "./provider-engine.ts";

/**
 * A hook before a creation or update that refuses a name which something has that is not this stack's: Docker gives whoever
 * creates a volume the one that exists, with somebody else's data in it. What is free and would be made by a task is made here, with
 * the stack's labels. An engine that cannot be asked refuses nothing.
 *
 * In a preview too, so that `pulumi up` shows the refusal before it stops anything: a service that is replaced is deleted before
 * its creation is asked about. There the hook is told nothing of what is replaced: the state says what the stack had, and where the
 * state cannot be asked, what may be replaced is let pass.
 *
 * Holdfast's own commands ask the same before they begin.
 *
 * @param component - the component whose child it is; its provider says which engine to ask
 */
export function nameCheck(component: pulumi.ComponentResource): pulumi.ResourceHook {
  const own = ownStack();
  const findManager = swarmManager(component);
  const nodePattern = new pulumi.Config("holdfast").get("nodes");
  const check = async ({ type, newInputs, oldInputs }: pulumi.ResourceHookArgs) => {
    const isPreview = pulumi.runtime.isDryRun();
    const taking = takingOf(type, await plainValues(oldInputs), await plainValues(newInputs));
    if (taking === undefined || (isPreview && isEmbedded())) return;
    const [manager, { makeOwnVolumes, requireOwnNames }] = await Promise.all([
      findManager(),
      import("../../live/ownership/name-check.ts"),
    ]);
    if (manager === undefined) return;
    // A volume comes before the services that will mount it, which the program may not have declared yet.
    const had = isPreview ? await namesInState() : undefined;
    const services = new Set([...declaredServices, ...(had?.get(type) ?? [])]);
    const known = taking.kind === "service" ? { services } : {};
    const mayReplace = isPreview && had === undefined && oldInputs === undefined;
    const question = { manager, own, nodePattern, known, mayReplace };
    const isNewName = taking.isNewName && had?.get(type)?.has(taking.name) !== true;
    await requireOwnNames({ ...taking, isNewName }, question);
    if (taking.service !== undefined && !isPreview) await makeOwnVolumes(taking.service, question);
  };
  return new pulumi.ResourceHook(`holdfast-name-check-${nextHookNumber("name-check")}`, check, { onDryRun: true });
}
