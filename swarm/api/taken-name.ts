import { managedElsewhere, ownerInLabels, ownershipOf, type NamedKind } from "../../model/service/ownership.ts";
import { advisedSetting } from "../../text/advised-command.ts";
import { InputError, showValue } from "../../text/input-error.ts";

/** What is said of an unknown owner. */
export const unknownOwner = "its owner is unknown";

/** What is said of something that has this stack's labels and is missing from its state. */
const lostFromState = `this stack's own by its labels, but not this resource: it is ${managedElsewhere}`;

type Labels = Readonly<Record<string, string>> | null | undefined;

/**
 * A name that something else than this stack has. It may be someone's database, so the advice is never to remove it.
 */
export class NameTakenError extends InputError {
  /**
   * @param owner - whose it is, in words
   * @param volume - the hostname of the node whose volume it is, and whether something mounts it
   */
  constructor(
    kind: NamedKind,
    name: string,
    owner: string | undefined,
    volume?: { readonly node: string; readonly isMounted: boolean },
  ) {
    super({
      path: `${kind} ${showValue(name)}${volume === undefined ? "" : ` on ${volume.node}`}`,
      expected: "a name that is free in the swarm, or this stack's own",
      got: `one that exists already${owner === undefined ? "" : `: ${owner}`}`,
      fix: fixFor(kind, owner, volume?.isMounted !== false),
    });
  }
}

/** Anything but another name is advised only where it takes nothing from anyone. */
function fixFor(kind: NamedKind, owner: string | undefined, isMounted: boolean): string {
  // Another name would make a second writer for a store that runs.
  if (owner?.endsWith(managedElsewhere) === true)
    return "Work where its state is, or import it with `pulumi import`; for a separate store use another stack (`-s`) with another service, volume and port. A service that was renamed in the program needs its former name as an alias (docs/components.md, Renames)";
  if (kind !== "volume" || isMounted) return "Give yours another name";
  return `Give yours another name; or, to use its contents, declare it as an ExistingVolume (\`${advisedSetting("holdfast:volumeCreatedBy nobody")}\` in Holdfast's own program)`;
}

/**
 * Whose something is that has a wanted name, by the labels of both.
 *
 * @param wanted - the labels of what was to be created
 */
export function ownerWords(found: Labels, wanted: Labels): string {
  const own = ownerInLabels(wanted);
  // Without labels, there is no stack to compare with.
  const ownership = ownershipOf({ labels: found }, own ?? { project: "", stack: "" });
  if (ownership.kind === "another's") return ownership.owner;
  return ownership.kind === "ours" ? lostFromState : unknownOwner;
}
