import type { Service, ServiceSpec } from "../swarm/api/objects.ts";
import { redactor, secretsOfContainer } from "../swarm/api/redaction.ts";
import type { EngineConnection } from "../swarm/engine/connection.ts";
import { updateService } from "../swarm/service/changes.ts";

/** How long the service may take until it runs on its other volume. */
const updateLimitMs = 300_000;

/**
 * Updates a service that is pointed at another volume, and waits until it runs there.
 *
 * @throws ConvergenceError when it does not
 */
export async function updateRepointed(
  connection: EngineConnection,
  { service, spec }: { readonly service: Service; readonly spec: ServiceSpec },
  control: { readonly signal: AbortSignal; readonly onProgress: (message: string) => void },
): Promise<void> {
  await updateService(connection, service.ID, spec, {
    ...control,
    deadlineMs: performance.now() + updateLimitMs,
    redact: redactor(secretsOfContainer(service.Spec.TaskTemplate.ContainerSpec ?? {})),
    credentials: undefined,
  });
}
