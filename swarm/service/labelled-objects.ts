/** What says by its labels that it is a stack's, whether the stack's state knows it or not. */
import type Docker from "dockerode";
import { z } from "zod";
import { ownerLabels, type NamedKind, type StackIdentity } from "../../model/service/ownership.ts";
import { readAgain } from "../api/errors.ts";
import { readAnswer } from "../engine/requests.ts";
import { pullLabel } from "./one-off-task.ts";

/** Something in a swarm that has a name. */
export interface NamedObject {
  readonly kind: NamedKind;
  readonly name: string;
}

const labels = z.record(z.string(), z.string()).nullish();
const specSchema = z.array(z.looseObject({ Spec: z.looseObject({ Name: z.string(), Labels: labels }) }));
const networksSchema = z.array(z.looseObject({ Name: z.string() }));

/**
 * The services, networks, secrets and configurations with a stack's labels. Volumes are left out: tasks make them, which no state
 * knows, and they outlive their stack on purpose; so is what runs once for a service and ends by itself.
 */
export async function labelledObjects(docker: Docker, { project, stack }: StackIdentity): Promise<NamedObject[]> {
  const label = [`${ownerLabels.project}=${project}`, `${ownerLabels.stack}=${stack}`];
  const options = { filters: JSON.stringify({ label }) };
  const specNames = async (list: () => Promise<unknown>) =>
    readAnswer(specSchema, await readAgain(list))
      .filter(({ Spec }) => Spec.Labels?.[pullLabel] === undefined)
      .map(({ Spec }) => Spec.Name);
  const [service, network, secret, config] = await Promise.all([
    specNames(() => docker.listServices(options)),
    readAgain(() => docker.listNetworks(options)).then((list) =>
      readAnswer(networksSchema, list).map((each) => each.Name),
    ),
    specNames(() => docker.listSecrets(options)),
    specNames(() => docker.listConfigs(options)),
  ]);
  return Object.entries({ service, network, secret, config }).flatMap(([kind, names]) =>
    // The keys are those just above.
    names.sort().map((name) => ({ kind: kind as NamedKind, name })),
  );
}
