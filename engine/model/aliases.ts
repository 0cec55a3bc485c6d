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
 * Every former URN that a resource may have in the old state, most specific first.
 *
 * The child of a resource that was found under a former URN has a former URN there too; where its name starts with the
 * parent's, it is expected to have followed the parent's renaming
 * (Pulumi: pkg/resource/deploy/step_generator.go, `generateAliases`).
 *
 * @param formerUrnOf the URN under which a resource of this operation was found, where that is not its present one
 */
export function aliasUrns(
  subject: AliasSubject,
  aliases: readonly Alias[],
  formerUrnOf: (urn: Urn) => Urn | undefined,
): Urn[] {
  const { stack, project, parent, type, name } = subject;
  const own = aliases.map((alias) => resolveAlias(subject, alias, formerUrnOf));
  const formerParent = parent === undefined ? undefined : formerUrnOf(parent);
  const inherited =
    parent === undefined || formerParent === undefined
      ? []
      : [{ type, name }, ...own.map(parseUrn)].map((former) =>
          createUrn(stack, project, formerParent, former.type, followRenaming(former.name, parent, formerParent)),
        );
  const present = createUrn(stack, project, parent, type, name);
  return [...new Set([...own, ...inherited])].filter((urn) => urn !== present);
}

function resolveAlias(subject: AliasSubject, alias: Alias, formerUrnOf: (urn: Urn) => Urn | undefined): Urn {
  if ("urn" in alias) return alias.urn;
  const named = typeof alias.parent === "string" ? (formerUrnOf(alias.parent) ?? alias.parent) : undefined;
  const parent = alias.parent === undefined ? subject.parent : named;
  return createUrn(
    alias.stack ?? subject.stack,
    alias.project ?? subject.project,
    parent === undefined || parseUrn(parent).type === stackType ? undefined : parent,
    alias.type ?? subject.type,
    alias.name ?? subject.name,
  );
}

function followRenaming(name: string, parent: Urn, formerParent: Urn): string {
  const parentName = parseUrn(parent).name;
  return name.startsWith(parentName) ? parseUrn(formerParent).name + name.slice(parentName.length) : name;
}
