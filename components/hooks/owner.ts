import * as pulumi from "@pulumi/pulumi";
import { labelsOfOwner, type StackIdentity } from "../../model/service/ownership.ts";

/** The stack that the program runs for. */
export function ownStack(): StackIdentity {
  return { project: pulumi.getProject(), stack: pulumi.getStack() };
}

/** The ownership labels, in the Docker provider's format. */
export function ownerLabelList(): { label: string; value: string }[] {
  return Object.entries(labelsOfOwner(ownStack())).map(([label, value]) => ({ label, value }));
}

/** For objects that Docker replaces when a label changes: existing ones keep their labels, and those of older stacks have none. */
export const keepsLabels = { ignoreChanges: ["labels"] };
