import * as pulumi from "@pulumi/pulumi";
import { takingOf } from "../../inputs/pulumi/taking.ts";
import { declaredServices } from "./declared-services.ts";
import { nextHookNumber, plainValues } from "./hooks.ts";
import { namesInState } from "./names-in-state.ts";
import { ownStack } from "./owner.ts";
import { isEmbedded, swarmManager } from "./provider-engine.ts";

/**
 * A hook before a creation or update that refuses a name already used by something outside this stack: creating a volume in
 * Docker returns the existing one, with another owner's data in it. Volumes that a task would create, and whose names are free,
 * are created here with the stack's labels. Nothing is refused if the engine cannot be asked.
 *
 * It also runs in a preview, so that `pulumi up` shows the refusal before it stops anything: a replaced service is deleted before
 * the check of its creation. A preview does not tell the hook what is replaced. The state shows what the stack had; if it cannot
 * be read, possible replacements are allowed.
 *
 * Holdfast's own commands do the same check before they begin.
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
