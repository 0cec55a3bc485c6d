import { readLiveSwarm, type LiveSwarm } from "../model/inputs/live-swarm.ts";
import { estateAfter, readPulumiFile } from "../model/inputs/pulumi-files.ts";
import { readStackFile, type StackFileOptions } from "../model/inputs/stack-file.ts";
import type { Position } from "../model/inputs/stack-positions.ts";
import type { Estate } from "../model/service-definition.ts";
import type { Finding } from "./finding.ts";
import { judge, type JudgeOptions } from "./judge.ts";

/** What is to be judged: an estate, and for a file that people write the place of each path. */
export interface Definitions {
  readonly estate: Estate;
  readonly source?: { readonly file: string; readonly locate: (path: string) => Position };
}

/**
 * Reads a file: a stack or compose file, a Pulumi state, or a plan of `pulumi preview --json`. JSON without `services` is
 * Pulumi's.
 *
 * @throws InputError when it is none of these
 */
export function readDefinitions(text: string, options: StackFileOptions): Definitions {
  if (isPulumiJson(text)) return { estate: estateAfter(readPulumiFile(text, options.file)) };
  const { services, volumes, locate } = readStackFile(text, options);
  return {
    estate: { services, volumes, nodes: undefined, images: new Map(), previous: new Map() },
    source: { file: options.file, locate },
  };
}

function isPulumiJson(text: string): boolean {
  return /^\s*\{/.test(text) && !/^\s*\{\s*"?(?:version|name|services|x-[\w-]+)"?\s*:\s*(?:["'{]|\d+\.)/.test(text);
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

/** Judges definitions; each finding about a file that people write says where in it. */
export function judgeDefinitions({ estate, source }: Definitions, options: JudgeOptions): readonly Finding[] {
  const findings = judge(estate, options);
  if (source === undefined) return findings;
  const { file, locate } = source;
  return findings.map((finding) => ({ ...finding, location: { file, ...locate(finding.path) } }));
}
