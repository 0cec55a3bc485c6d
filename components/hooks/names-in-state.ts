import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { plainValues } from "./hooks.ts";
import { ownStack } from "./owner.ts";

/** The Docker names of the objects in a state, by Pulumi type. */
export type NamesInState = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * What the stack's state contains before the operation, according to Pulumi's engine; undefined if the engine does not say. In a
 * preview, nothing else distinguishes a replaced service from one created by another checkout of the stack.
 */
export function namesInState(): Promise<NamesInState | undefined> {
  return (asked ??= ask().catch(() => undefined));
}

let asked: Promise<NamesInState | undefined> | undefined;

async function ask(): Promise<NamesInState> {
  const { project, stack } = ownStack();
  const stackName = `${pulumi.getOrganization()}/${project}/${stack}`;
  // A function of the engine's own, as is the one that StackReference asks (pulumi: pkg/resource/deploy/builtins.go).
  const answer: unknown = await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
  return readNames(await plainValues(answerSchema.parse(answer)));
}

const answerSchema = z.record(z.string(), z.unknown());

const resourcesSchema = z.object({
  outputs: z.record(
    z.string(),
    z.object({ type: z.string(), outputs: z.object({ name: z.string().optional().catch(undefined) }) }),
  ),
});

/** Reads the engine's answer: by URN, type and outputs of each resource. */
export function readNames(answer: unknown): NamesInState {
  const names = new Map<string, Set<string>>();
  for (const { type, outputs } of Object.values(resourcesSchema.parse(answer).outputs)) {
    if (outputs.name === undefined) continue;
    names.set(type, (names.get(type) ?? new Set()).add(outputs.name));
  }
  return names;
}
