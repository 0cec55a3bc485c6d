import { z } from "zod";
import { isKnown, type Estate, type Known } from "../../model/service/definition.ts";
import { printable } from "../../text/escape.ts";
import { InputError } from "../../text/input-error.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import { pulumiTypes, readPulumiConfig, readPulumiService, readPulumiVolume, type PulumiResource } from "./service.ts";

/** One resource in a plan: what it was, and what it will be. */
export interface PulumiStep {
  /** Pulumi's word for the operation: `create`, `update`, `replace`, `delete`, `same` and others. */
  readonly op: string;
  readonly urn: string;
  /** `undefined` for a resource that is new. */
  readonly before: PulumiResource | undefined;
  /** `undefined` for a resource that is deleted. */
  readonly after: PulumiResource | undefined;
}

const resourceState = z.object({
  urn: z.string(),
  type: z.string(),
  inputs: z.record(z.string(), z.unknown()).nullish(),
  protect: z.boolean().nullish(),
  retainOnDelete: z.boolean().nullish(),
  delete: z.boolean().nullish(),
});

const deployment = z.object({ resources: z.array(resourceState).nullish() });

const stateFile = z.union([
  z.object({ deployment }).transform((file) => file.deployment),
  z
    .object({ checkpoint: z.object({ latest: deployment.nullish() }) })
    .transform((file) => file.checkpoint.latest ?? {}),
]);

const digest = z.object({
  steps: z.array(
    z.object({ op: z.string(), urn: z.string(), oldState: resourceState.nullish(), newState: resourceState.nullish() }),
  ),
});

const event = z.object({
  resourcePreEvent: z
    .object({
      metadata: z.object({
        op: z.string(),
        urn: z.string(),
        type: z.string(),
        old: resourceState.partial({ urn: true, type: true }).nullish(),
        new: resourceState.partial({ urn: true, type: true }).nullish(),
      }),
    })
    .nullish(),
});

/**
 * Reads a state (`pulumi stack export`, or a checkpoint of the file backend) or a plan (`pulumi preview --json` in either form:
 * one document, or a line for each event).
 *
 * @param file - the file's name, for the error
 * @returns one step for each resource; a state gives steps `same`
 * @throws InputError when the text is none of these, or is cut off
 */
export function readPulumiFile(text: string, file: string): readonly PulumiStep[] {
  const whole = jsonOrUndefined(text);
  if (whole === undefined) return readEvents(text, file);
  const state = stateFile.safeParse(whole);
  if (state.success) {
    const resources = (state.data.resources ?? []).filter((resource) => resource.delete !== true).map(toResource);
    return resources.map((resource) => ({ op: "same", urn: resource.urn, before: undefined, after: resource }));
  }
  const preview = digest.safeParse(whole);
  if (preview.success) {
    return preview.data.steps.map(({ op, urn, oldState, newState }) => ({
      op,
      urn,
      before: oldState ? toResource(oldState) : undefined,
      after: newState && !isDeletion(op) ? toResource(newState) : undefined,
    }));
  }
  if (event.safeParse(whole).success && text.includes('"sequence"')) return readEvents(text, file);
  throw notPulumi(file, "other JSON");
}

function readEvents(text: string, file: string): readonly PulumiStep[] {
  const lines = text.split("\n").map((line, index) => ({ line: line.trim(), number: index + 1 }));
  return lines
    .filter(({ line }) => line !== "")
    .flatMap(({ line, number }): PulumiStep[] => {
      const parsed = event.safeParse(jsonOrUndefined(line));
      if (!parsed.success) {
        throw notPulumi(
          `${file}:${number}`,
          number === 1 ? "text that is no JSON" : "a line that is no event: the file may be cut off",
        );
      }
      const metadata = parsed.data.resourcePreEvent?.metadata;
      if (metadata === undefined) return [];
      const { op, urn, type } = metadata;
      return [
        {
          op,
          urn,
          before: metadata.old ? toResource({ ...metadata.old, urn, type }) : undefined,
          after: metadata.new && !isDeletion(op) ? toResource({ ...metadata.new, urn, type }) : undefined,
        },
      ];
    });
}

function notPulumi(path: string, got: string): InputError {
  return new InputError({
    path: printable(path),
    expected: "a state (`pulumi stack export`) or a plan (`pulumi preview --json`)",
    got,
    fix: "Write it again with that command",
  });
}

function isDeletion(op: string): boolean {
  return (
    op === "delete" ||
    op === "delete-replaced" ||
    op === "discard" ||
    op === "discard-replaced" ||
    op === "remove-pending-replace"
  );
}

function toResource(state: z.infer<typeof resourceState>): PulumiResource {
  return {
    urn: state.urn,
    type: state.type,
    inputs: state.inputs ?? {},
    protect: state.protect ?? false,
    retainOnDelete: state.retainOnDelete ?? false,
  };
}

/** What the services and volumes will be once the steps are done, and what the services were before. */
export function estateAfter(steps: readonly PulumiStep[]): Estate {
  const after = new Map(steps.flatMap(({ urn, after: resource }) => (resource ? [[urn, resource]] : [])));
  const before = new Map(steps.flatMap(({ urn, before: resource }) => (resource ? [[urn, resource]] : [])));
  return {
    ...estateOfResources([...after.values()]),
    previous: new Map(services([...before.values()]).map((service) => [service.id, service])),
  };
}

/** Reads the resources that say something about data; the others are left out. */
export function estateOfResources(resources: readonly PulumiResource[]): Estate {
  return {
    services: services(resources),
    volumes: resources.filter(({ type }) => type === pulumiTypes.volume).map(readPulumiVolume),
    nodes: undefined,
    images: new Map(),
    previous: new Map(),
  };
}

function services(resources: readonly PulumiResource[]): Estate["services"] {
  const contents = new Map<string, Known<string | undefined>>();
  for (const resource of resources.filter(({ type }) => type === pulumiTypes.config)) {
    const { name, content } = readPulumiConfig(resource);
    if (name !== undefined && isKnown(content)) contents.set(name, content);
  }
  return resources
    .filter(({ type }) => type === pulumiTypes.service)
    .map((resource) => readPulumiService(resource, contents));
}
