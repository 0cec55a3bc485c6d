import * as pulumi from "@pulumi/pulumi";
import { readService } from "../model/inputs/pulumi-taking.ts";
import { parseFirstStart } from "../model/start-guard.ts";
import type { ServiceProperties } from "../swarm/service-properties.ts";
import { plainValues, providerHost, takesHooks } from "./hooks.ts";
import { credentialsFor, dockerSettings } from "./readiness.ts";

/** Hooks need names of their own. */
let hooked = 0;

/**
 * Hooks of a service whose start script guards its store. A task that runs once, just before, makes the volumes ready for the server:
 * before the first task of a service, or the first one after it was stopped, it gives them free for that service, so that nobody
 * else's server may run on them then; and it sets the store's mark where a first start is asked for by a label, at these times or when
 * the label is another than before. A request whose time is over is none. An engine that cannot be asked makes nothing ready: the
 * server then says what it lacks.
 *
 * @param component - the component whose child the service is
 */
export function firstStartHooks(component: pulumi.ComponentResource): pulumi.ResourceHookBinding {
  if (!takesHooks()) return {};
  hooked += 1;
  const host = providerHost(component);
  const { registryAuth } = dockerSettings();
  const hook = (moment: "create" | "update"): pulumi.ResourceHook =>
    new pulumi.ResourceHook(`holdfast-first-start-${hooked}-${moment}`, async ({ newInputs, oldInputs }) => {
      const [is, was] = await Promise.all([plainValues(newInputs), plainValues(oldInputs)]);
      const { firstStart, store } = readService(is) ?? {};
      if (store === undefined) return;
      const [{ findEngine, requireManager }, { makeStoreReady }, { servicePropertiesSchema }, { serviceSpec }] =
        await Promise.all([
          import("../swarm/connection.ts"),
          import("../swarm/first-start.ts"),
          import("../swarm/service-properties.ts"),
          import("../swarm/service-spec.ts"),
        ]);
      const service = servicePropertiesSchema.safeParse(is).data;
      const former = moment === "update" ? servicePropertiesSchema.safeParse(was).data : undefined;
      if (service === undefined || isStopped(service)) return;
      // A service that was stopped is as one that was not there: its volumes may have been away since.
      const begins = former === undefined || isStopped(former);
      const isAsked = firstStart !== undefined && (begins || firstStart !== readService(was)?.firstStart);
      const marks = isAsked && parseFirstStart(firstStart, "firstStartUntil") * 1000 > Date.now();
      if (!begins && !marks) return;
      const engine = await host;
      if (engine === undefined) return;
      const manager = findEngine(engine);
      try {
        await requireManager(manager);
      } catch {
        return;
      }
      const credentials = await credentialsFor(service, registryAuth);
      await makeStoreReady(manager, serviceSpec(service), { store, begins, marks, credentials });
    });
  return { beforeCreate: [hook("create")], beforeUpdate: [hook("update")] };
}

function isStopped({ mode }: ServiceProperties): boolean {
  return mode?.replicated?.replicas === 0;
}
