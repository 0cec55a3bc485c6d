/** The data that is deleted with a throwaway swarm, and the confirmation that this needs. */
import { z } from "zod";
import type { FilledVolume } from "../../lab/nodes/private-engine.ts";
import { findEngine, pingEngine } from "../../swarm/engine/connection.ts";
import { readAnswer } from "../../swarm/engine/requests.ts";
import { byteWords } from "../../text/byte-size.ts";
import { NotConfirmed } from "../terminal/failure.ts";
import type { Output } from "../terminal/output.ts";
import { requireYes, whyNotAsked } from "../terminal/prompt.ts";

/** A node of a throwaway swarm: its engine, or what is known to be in its volumes. */
export type ThrowawayNode =
  | { readonly name: string; readonly dockerHost: string }
  | { readonly name: string; readonly volumes: readonly FilledVolume[] };

const usageSchema = z.object({
  Volumes: z.array(z.object({ Name: z.string(), UsageData: z.object({ Size: z.number() }).nullish() })).nullish(),
});

/**
 * Gets a yes for deleting a throwaway swarm whose volumes hold data; without data it does not ask.
 *
 * @param command - such as `sandbox stop`
 * @param nodes - all its nodes; undefined where its record is gone, so that its contents are unknown
 * @throws NotConfirmed where there is no one to ask, Exit where the answer is no
 */
export async function confirmEnd(
  output: Output,
  { command, nodes, yes }: { command: string; nodes: readonly ThrowawayNode[] | undefined; yes: boolean },
): Promise<void> {
  if (yes) return;
  const looks = await Promise.all((nodes ?? []).map(volumesOf));
  const volumes = (nodes ?? []).flatMap(({ name: node }, index) =>
    (looks[index] ?? []).map(({ name, bytes }) => ({ node, name, bytes })),
  );
  const unseen = (nodes ?? []).filter((_, index) => looks[index] === undefined).map(({ name }) => name);
  if (nodes !== undefined && volumes.length === 0 && unseen.length === 0) return;
  const dying = [
    ...volumes.map(({ node, name, bytes }) => `volume ${name} on ${node}, ${byteWords(bytes)}`),
    ...unseen.map((node) => `everything on ${node}, whose engine does not answer`),
    ...(nodes === undefined ? ["everything in it"] : []),
  ];
  const unasked = whyNotAsked(output);
  if (unasked !== undefined)
    throw new NotConfirmed(
      { volumes, unseenNodes: unseen },
      {
        what: `${command} deletes ${dying.join("; ")}. This needs confirmation, but ${unasked}`,
        fix: "Re-run with --yes once that data is no longer needed",
      },
    );
  output.print("This deletes:", ...dying.map((line) => `  ${line}`));
  await requireYes("Do you want to delete all of that?", output);
}

/** Undefined where the engine does not answer. */
async function volumesOf(node: ThrowawayNode): Promise<readonly FilledVolume[] | undefined> {
  if ("volumes" in node) return node.volumes;
  const engine = findEngine({ host: node.dockerHost });
  try {
    await pingEngine(engine);
    const { Volumes } = readAnswer(usageSchema, await engine.docker.df());
    return (Volumes ?? [])
      .map(({ Name, UsageData }) => ({ name: Name, bytes: UsageData?.Size ?? 0 }))
      .filter(({ bytes }) => bytes > 0);
  } catch {
    return undefined;
  }
}
