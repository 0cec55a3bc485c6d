import * as pulumi from "@pulumi/pulumi";
import { readService } from "../../inputs/pulumi/taking.ts";
import { parseFirstStart } from "../../model/service/start-guard.ts";
import type { ServiceProperties } from "../../swarm/service/properties.ts";
import { beforeChanges, plainValues } from "./hooks.ts";
import { swarmManager } from "./provider-engine.ts";
import { credentialsFor, knownRegistries } from "./readiness.ts";

/**
 * Hooks of a service whose start script guards its store. A one-off task prepares the volumes beforehand. Before a service's
 * first task, or its first after having been stopped, it reserves them for that service, so that no other server may run on them.
 * It sets the store's mark if a label requests a first start, at these times or when the label has changed; an expired request is
 * ignored. If the engine cannot be asked, nothing is prepared: a warning says so, and the server reports what is missing.
 *
 * @param component - the component whose child the service is
 */
export function firstStartHooks(component: pulumi.ComponentResource): pulumi.ResourceHookBinding {
  const findManager = swarmManager(component);
  const registries = knownRegistries(component);
  return beforeChanges("first-start", async (moment, { newInputs, oldInputs }) => {
    const [is, was] = await Promise.all([plainValues(newInputs), plainValues(oldInputs)]);
    const { firstStart, store } = readService(is) ?? {};
    if (store === undefined) return;
    const [{ makeStoreReady }, { servicePropertiesSchema }, { serviceSpec }] = await Promise.all([
      import("../../live/readiness/first-start.ts"),
      import("../../swarm/service/properties.ts"),
      import("../../swarm/service/spec.ts"),
    ]);
    const service = servicePropertiesSchema.safeParse(is).data;
    const former = moment === "update" ? servicePropertiesSchema.safeParse(was).data : undefined;
    if (service === undefined || isStopped(service)) return;
    // A stopped service counts as absent: its volumes may have been removed since.
    const begins = former === undefined || isStopped(former);
    const isAsked = firstStart !== undefined && (begins || firstStart !== readService(was)?.firstStart);
    const marks = isAsked && parseFirstStart(firstStart, "firstStartUntil") * 1000 > Date.now();
    if (!begins && !marks) return;
    const manager = await findManager();
    if (manager === undefined) {
      const why = `service "${service.name}": the program cannot reach the engine that its Docker provider uses, so nothing makes the volumes of ${store} ready, and the server will refuse to start on them. Let it reach that engine as the provider does, and run this again.`;
      await pulumi.log.warn(why, component);
      return;
    }
    const credentials = await credentialsFor(service, registries);
    await makeStoreReady(manager, serviceSpec(service), { store, begins, marks, credentials });
  });
}

function isStopped({ mode }: ServiceProperties): boolean {
  return mode?.replicated?.replicas === 0;
}
