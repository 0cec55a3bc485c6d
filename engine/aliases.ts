import type { Urn } from "./resource-state.ts";
import { createUrn, parseUrn, stackType } from "./urn.ts";

/** A former identity of a resource: a whole URN, or what differs from the present one (alias.proto, `Alias.Spec`). */
export type Alias =
  | { urn: Urn }
  | {
      name?: string;
      type?: string;
      stack?: string;
      project?: string;
      /** The former parent's URN; null where it was a child of the stack. */
      parent?: Urn | null;
    };

/** What an alias is resolved against. */
export interface AliasSubject {
  stack: string;
  project: string;
  type: string;
  name: string;
  parent: Urn | undefined;
}

/**
 * Every URN under which a resource may stand in the old state, most specific first, its present one excluded.
 *
 * A child inherits the aliases of its parent: each former URN of the parent gives a former URN of the child, and where
 * the child's name starts with the parent's name, it is expected to have followed the parent's renaming
 * (Pulumi: pkg/resource/deploy/step_generator.go, `generateAliases`).
 */
export function aliasUrns(subject: AliasSubject, aliases: readonly Alias[], parentAliases: readonly Urn[]): Urn[] {
  const present = createUrn(subject.stack, subject.project, subject.parent, subject.type, subject.name);
  const own = aliases.map((alias) => resolveAlias(subject, alias));
  const inherited = parentAliases.flatMap((parent) => {
    const name = inheritedName(subject, parent);
    const viaParent = createUrn(parseUrn(parent).stack, parseUrn(parent).project, parent, subject.type, name);
    const ownViaParent = aliases.flatMap((alias) =>
      "urn" in alias || alias.parent !== undefined
        ? []
        : [createUrn(subject.stack, subject.project, parent, alias.type ?? subject.type, alias.name ?? name)],
    );
    return [viaParent, ...ownViaParent];
  });
  return [...new Set([...own, ...inherited])].filter((urn) => urn !== present);
}

function resolveAlias(subject: AliasSubject, alias: Alias): Urn {
  if ("urn" in alias) return alias.urn;
  const parent = alias.parent === undefined ? subject.parent : (alias.parent ?? undefined);
  return createUrn(
    alias.stack ?? subject.stack,
    alias.project ?? subject.project,
    parent === undefined || parseUrn(parent).type === stackType ? undefined : parent,
    alias.type ?? subject.type,
    alias.name ?? subject.name,
  );
}

function inheritedName(subject: AliasSubject, parentAlias: Urn): string {
  if (subject.parent === undefined) return subject.name;
  const parentName = parseUrn(subject.parent).name;
  return subject.name.startsWith(parentName)
    ? parseUrn(parentAlias).name + subject.name.slice(parentName.length)
    : subject.name;
}
