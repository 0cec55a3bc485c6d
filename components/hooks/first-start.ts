import * as pulumi from "@pulumi/pulumi";
import { readService } from "../../inputs/pulumi/taking.ts";
import { parseFirstStart } from "../../model/service/start-guard.ts";
import type { ServiceProperties } from "../../swarm/service/properties.ts";
import { beforeChanges, plainValues } from "./hooks.ts";
import { swarmManager } from "./provider-engine.ts";
import { credentialsFor, knownRegistries } from "./readiness.ts";

/**
 * Hooks of a service whose start script guards its store. A task that runs once, just before, makes the volumes ready for the server:
 * before the first task of a service, or the first one after it was stopped, it gives them free for that service, so that nobody
 * else's server may run on them then; and it sets the store's mark where a first start is asked for by a label, at these times or when
 * the label is another than before. A request whose time is over is none. An engine that cannot be asked makes nothing ready: a
 * warning says so, and the server what it lacks.
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
    // A service that was stopped is as one that was not there: its volumes may have been away since.
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
