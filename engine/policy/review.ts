import { parseProviderReference } from "../model/dependency-graph.ts";
import type { EventBody } from "../model/events.ts";
import { PlanError } from "../model/plan-error.ts";
import type { PropertyMap } from "../model/property-value.ts";
import type { ResourceState, Urn } from "../model/resource-state.ts";
import { markSecretsLike } from "../model/secret-marks.ts";
import type { JudgedResource, Violation } from "./messages.ts";
import type { PolicyPack } from "./pack.ts";

/**
 * Has the policy packs analyse every resource, and at the end the whole stack.
 *
 * In a preview all violations are reported and the operation fails at its end; in an update the first mandatory one stops
 * it before the resource's step is chosen.
 */
export class PolicyReview {
  readonly #packs: readonly PolicyPack[];
  readonly #preview: boolean;
  readonly #send: (event: EventBody) => void;
  readonly #providers = new Map<Urn, ResourceState>();
  readonly #deleteBeforeReplace = new Map<Urn, boolean>();
  #violated = false;

  constructor(packs: readonly PolicyPack[], preview: boolean, send: (event: EventBody) => void) {
    this.#packs = packs;
    this.#preview = preview;
    this.#send = send;
  }

  /** Whether a mandatory policy was violated. */
  get violated(): boolean {
    return this.#violated;
  }

  /**
   * Remediates and analyses one resource; returns the inputs that it will have.
   *
   * @param deleteBeforeReplace - the resource option, which is not part of the state
   */
  async resource(resource: ResourceState, deleteBeforeReplace?: boolean): Promise<PropertyMap> {
    if (this.#packs.length === 0) return resource.inputs;
    if (deleteBeforeReplace !== undefined) this.#deleteBeforeReplace.set(resource.urn, deleteBeforeReplace);
    if (resource.type.startsWith("pulumi:providers:")) this.#providers.set(resource.urn, resource);
    let inputs = resource.inputs;
    for (const pack of this.#packs)
      for (const remediation of await pack.remediate(this.#judged({ ...resource, inputs }))) {
        if (remediation.inputs) inputs = markSecretsLike(remediation.inputs, inputs);
        this.#report(remediation, resource.urn);
      }
    const violations: Violation[] = [];
    for (const pack of this.#packs) violations.push(...(await pack.analyze(this.#judged({ ...resource, inputs }))));
    this.#judge(violations, resource.urn);
    return inputs;
  }

  /** Analyses the stack as a whole. */
  async stack(resources: readonly ResourceState[]): Promise<void> {
    for (const pack of this.#packs)
      this.#judge(await pack.analyzeStack(resources.map((resource) => this.#judged(resource))), undefined);
  }

  /** Ends the packs. */
  stop(): void {
    for (const pack of this.#packs) pack.stop();
  }

  #judge(reported: readonly Violation[], urn: Urn | undefined): void {
    // A violation that a remediation should have prevented counts as mandatory.
    const violations = reported.map((violation): Violation =>
      violation.enforcementLevel === "remediate" ? { ...violation, enforcementLevel: "mandatory" } : violation,
    );
    for (const violation of violations) this.#report(violation, urn);
    const mandatory = violations.find((violation) => violation.enforcementLevel === "mandatory");
    if (!mandatory) return;
    this.#violated = true;
    if (!this.#preview)
      throw new PlanError(
        mandatory.urn ?? urn ?? "",
        `policy ${mandatory.policyName} of ${mandatory.policyPackName} is violated`,
      );
  }

  #judged(resource: ResourceState): JudgedResource {
    const provider =
      resource.provider === undefined ? undefined : this.#providers.get(parseProviderReference(resource.provider).urn);
    return { resource, provider, deleteBeforeReplace: this.#deleteBeforeReplace.get(resource.urn) };
  }

  #report(violation: Violation, urn: Urn | undefined): void {
    const { enforcementLevel, urn: about = urn, ...rest } = violation;
    if (enforcementLevel === "disabled") return;
    this.#send({ policyEvent: { ...rest, enforcementLevel, ...(about !== undefined && { resourceUrn: about }) } });
  }
}
