import * as pulumi from "@pulumi/pulumi";
import { readService } from "../model/inputs/pulumi-taking.ts";
import { parseFirstStart } from "../model/start-guard.ts";
import { plainValues, providerHost, takesHooks } from "./hooks.ts";
import { credentialsFor, dockerSettings } from "./readiness.ts";

/** Hooks need names of their own. */
let hooked = 0;

/**
 * Hooks of a service that set its store's mark on its volumes, by a task that runs once, where its label asks for a first start: when the
 * service is created, or when the label is another than before. A request whose time is over is none, and so is one that the state
 * shows to have been carried out. An engine that cannot be asked starts nothing: the server then refuses, and says why.
 *
 * @param component - the component whose child the service is
 */
export function firstStartHooks(component: pulumi.ComponentResource): pulumi.ResourceHookBinding {
  if (!takesHooks()) return {};
  hooked += 1;
  const host = providerHost(component);
  const { registryAuth } = dockerSettings();
  const hook = new pulumi.ResourceHook(`holdfast-first-start-${hooked}`, async ({ newInputs, oldInputs }) => {
    const [is, was] = await Promise.all([plainValues(newInputs), plainValues(oldInputs)]);
    const { firstStart, store } = readService(is) ?? {};
    if (firstStart === undefined || store === undefined || firstStart === readService(was)?.firstStart) return;
    if (parseFirstStart(firstStart, "firstStartUntil") * 1000 <= Date.now()) return;
    const [{ findEngine, requireManager }, { startFirst }, { servicePropertiesSchema }, { serviceSpec }] =
      await Promise.all([
        import("../swarm/connection.ts"),
        import("../swarm/first-start.ts"),
        import("../swarm/service-properties.ts"),
        import("../swarm/service-spec.ts"),
      ]);
    const service = servicePropertiesSchema.safeParse(is).data;
    const engine = await host;
    if (service === undefined || engine === undefined) return;
    const manager = findEngine(engine);
    try {
      await requireManager(manager);
    } catch {
      return;
    }
    await startFirst(manager, serviceSpec(service), store, await credentialsFor(service, registryAuth));
  });
  return { beforeCreate: [hook], beforeUpdate: [hook] };
}
