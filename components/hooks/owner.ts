import * as pulumi from "@pulumi/pulumi";
import { labelsOfOwner, type StackIdentity } from "../../model/service/ownership.ts";

/** The stack that the program runs for. */
export function ownStack(): StackIdentity {
  return { project: pulumi.getProject(), stack: pulumi.getStack() };
}

/** The labels that say whose something is, as the Docker provider takes them. */
export function ownerLabelList(): { label: string; value: string }[] {
  return Object.entries(labelsOfOwner(ownStack())).map(([label, value]) => ({ label, value }));
}

/**
 * For what Docker replaces when a label changes: what exists keeps the labels that it has, and a stack from before there were
 * labels has none.
 */
export const keepsLabels = { ignoreChanges: ["labels"] };
