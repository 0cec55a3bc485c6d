import { isRecord } from "../inputs/fields/field.ts";
import { readPulumiEstate } from "../inputs/pulumi/estate.ts";
import type { StackFileOptions } from "../inputs/stack/document.ts";
import { readStackFile } from "../inputs/stack/file.ts";
import type { Position } from "../inputs/stack/positions.ts";
import { readLiveSwarm, type LiveSwarm } from "../inputs/swarm/definitions.ts";
import { estateOf, type Estate } from "../model/service/definition.ts";
import { InputError } from "../text/input-error.ts";
import { jsonOrUndefined } from "../text/parse-json.ts";

/** What is to be judged: an estate, and for a file that people write the place of each path. */
export interface Definitions {
  readonly estate: Estate;
  readonly source?: { readonly file: string; readonly locate: (path: string) => Position };
}

/**
 * Reads a file: a stack or compose file, a Pulumi state, a plan of `pulumi preview --json`, or what `docker service inspect`
 * printed.
 *
 * @throws InputError when it is none of these
 */
export function readDefinitions(text: string, options: StackFileOptions): Definitions {
  if (/^\s*\[/.test(text)) return { estate: readLiveSwarm({ services: readList(text, options.file) }) };
  if (isPulumiJson(text)) return { estate: readPulumiEstate(text, options.file) };
  const { services, volumes, locate } = readStackFile(text, options);
  return {
    estate: estateOf(services, { volumes }),
    source: { file: options.file, locate },
  };
}

/** Whether a text is JSON, but not a stack file written as JSON, or as YAML in that manner. */
function isPulumiJson(text: string): boolean {
  const looksLikeStack = /^\s*\{\s*"?(?:version|name|services|x-[\w-]+)"?\s*:\s*(?:["'{]|\d+\.)/.test(text);
  return /^\s*\{/.test(text) && !looksLikeStack && !hasServices(text);
}

/** No stack file is longer; a plan may be, and to read it twice takes time. */
const longestStackFile = 1_000_000;

function hasServices(text: string): boolean {
  if (text.length > longestStackFile || !text.includes('"services"')) return false;
  const value = jsonOrUndefined(text);
  return isRecord(value) && isRecord(value["services"]);
}

function readList(text: string, file: string): readonly unknown[] {
  const value = jsonOrUndefined(text);
  if (Array.isArray(value) && value.every((each) => isRecord(each) && isRecord(each["Spec"]))) return value;
  throw new InputError({
    path: file,
    expected: "what `docker service inspect` prints",
    got: "another list",
    fix: "Give a stack file, a Pulumi state or a plan, or that list",
  });
}

/** Adds what a live swarm says of nodes, volumes and images to definitions that are yet to be deployed. */
export function withLiveFacts(definitions: Definitions, live: LiveSwarm): Definitions {
  const { nodes, images, volumes } = readLiveSwarm(live);
  const { estate } = definitions;
  const declared = new Set(estate.volumes.map(({ name }) => name));
  return {
    ...definitions,
    estate: {
      ...estate,
      nodes,
      images,
      volumes: [...estate.volumes, ...volumes.filter(({ name }) => !declared.has(name))],
    },
  };
}
