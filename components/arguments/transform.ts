import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { ownerLabelPrefix, ownerLabels } from "../../model/service/ownership.ts";
import { InputError } from "../../text/input-error.ts";
import { argument, isEventual, isArguments, shownArgument } from "./arguments.ts";

/** Some of a resource's arguments, at any depth. */
export type Part<Value> = Value extends
  pulumi.OutputInstance<unknown> | Promise<unknown> | readonly unknown[] | string | number | boolean | null | undefined
  ? Value
  : { [Key in keyof Value]?: Part<Value[Key]> };

/** What a transform that is a function may return instead of changing what it was given. */
export interface Transformed<Args> {
  /** All arguments of the resource. @default those that the function was given */
  args?: Args;
  /** All options of the resource. @default those that the function was given */
  opts?: pulumi.CustomResourceOptions;
}

/**
 * Changes a resource that a component makes, just before it is registered.
 *
 * An object is merged into the component's arguments: objects member by member, labels by their names; any other list or value
 * replaces the component's. A function is given the arguments, the options and the resource's name, and changes them in place or
 * returns others. What the component relies on is checked afterwards.
 *
 * @example
 * const asObject: Transform<docker.NetworkArgs> = { attachable: true };
 * const asFunction: Transform<docker.NetworkArgs> = (args, opts) => {
 *   args.attachable = true;
 *   opts.deleteBeforeReplace = true;
 * };
 */
export type Transform<Args> = Part<Args> | Change<Args>;

type Change<Args> = (args: Args, opts: pulumi.CustomResourceOptions, name: string) => Transformed<Args> | undefined;

/** A resource that is about to be registered. */
export interface Registration<Args> {
  name: string;
  args: Args;
  opts: pulumi.CustomResourceOptions;
}

/** Places in a resource's arguments that a component relies on, such as `mode.global`, each with how to get what is wanted instead. */
export type KeptPlaces = Readonly<Record<string, string>>;

/** A transform as an argument of a component. */
export const transformArgument = argument<object>({
  is: (value): value is object => typeof value === "function" || isArguments(value),
  expected: "an object that is merged into the resource's arguments, or a function",
}).optional();

/**
 * Applies a transform to a resource, and checks that what the component relies on is still there.
 *
 * @param path - the transform's path, for the error
 * @throws InputError when the transform throws, returns something else, or changes what has to stay
 */
export function transformed<Args extends object>(
  transform: Transform<Args> | undefined,
  own: Registration<Args>,
  kept: KeptPlaces,
  path: string,
): Registration<Args> {
  if (transform === undefined) return own;
  const result = { name: own.name, ...applied(transform, own, path) };
  requireKept(own.args, result.args, kept, path);
  requireOwnLabels(own.args, result.args, path);
  requireOptions(own.opts, result.opts, path);
  return result;
}

/**
 * Refuses a transform of a resource that is not made.
 *
 * @param why - why there is none, phrased to follow "got a transform of none: "
 */
export function requireNoTransform(transform: unknown, path: string, why: string): void {
  if (transform === undefined) return;
  throw new InputError({
    path,
    expected: "a transform of a resource that the component makes",
    got: `one of none: ${why}`,
    fix: "Leave it out",
  });
}

/** The value at a place; a value known only during the deployment hides its content. */
export function valueAt(value: unknown, place: string): unknown {
  return place.split(".").reduce<unknown>((part, key) => {
    if (isArguments(part)) return part[key];
    return isEventual(part) ? part : undefined;
  }, value);
}

/**
 * The objects in a list of a resource's arguments.
 *
 * @throws InputError when they are not known at once
 */
export function itemsAt(args: object, place: string, path: string): Record<string, unknown>[] {
  const items = valueAt(args, place) ?? [];
  const list: readonly unknown[] = Array.isArray(items) ? items : [items];
  const unknown = list.find((item) => !isArguments(item));
  if (Array.isArray(items) && unknown === undefined) return list.filter(isArguments);
  throw new InputError({
    path: `${path}.${place}`,
    expected: "a list of objects that is known at once",
    got: shownArgument(unknown ?? items),
    fix: "Give the list itself, because the component checks it; values in its objects may be outputs",
  });
}

/** A list in a resource's arguments to which a transform may add. */
export interface GrowingList {
  place: string;
  /** An item of the component's, phrased to follow "expected". */
  words: (item: Record<string, unknown>) => string;
  fix: string;
}

/**
 * Checks that a list still has all of the component's items.
 *
 * @throws InputError naming the first that is missing or changed
 */
export function requireItems(own: object, result: object, { place, words, fix }: GrowingList, path: string): void {
  const items = itemsAt(result, place, path);
  const missing = itemsAt(own, place, path).find((item) => !items.some((each) => isSame(each, item)));
  if (missing === undefined) return;
  throw new InputError({
    path: `${path}.${place}`,
    expected: `${words(missing)}, unchanged`,
    got: "none or another",
    fix,
  });
}

/** Whether two values are equal; two that are known only during the deployment must be the same object. */
export function isSame(one: unknown, other: unknown): boolean {
  if (isEventual(one) || isEventual(other)) return one === other;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  if (!isArguments(one) || !isArguments(other)) return isDeepStrictEqual(one, other);
  const members = new Map<string, unknown>(Object.entries(other));
  const entries = Object.entries(one);
  return entries.length === members.size && entries.every(([key, value]) => isSame(value, members.get(key)));
}

function applied<Args extends object>(
  transform: Transform<Args>,
  own: Registration<Args>,
  path: string,
): Omit<Registration<Args>, "name"> {
  if (!isChange(transform)) return { args: merged(own.args, transform), opts: own.opts };
  const given = { args: copied(own.args), opts: copiedOptions(own.opts) };
  const result = called(() => transform(given.args, given.opts, own.name), path);
  if (result === undefined) return given;
  const isResult =
    isArguments(result) &&
    Object.entries(result).every(([key, value]) => /^(?:args|opts)$/u.test(key) && isArguments(value));
  if (!isResult) {
    throw new InputError({
      path,
      expected: "a function that returns nothing or { args, opts }",
      got: `one that returns ${shownArgument(result)}`,
      fix: "Change its arguments, or return { args, opts } directly, not in a promise",
    });
  }
  return { ...given, ...result };
}

function isChange<Args>(transform: Transform<Args>): transform is Change<Args> {
  return typeof transform === "function";
}

function called<Result>(call: () => Result, path: string): Result {
  try {
    return call();
  } catch (error) {
    throw new InputError({
      path,
      expected: "a function that does not throw",
      got: error instanceof Error ? error.message : shownArgument(error),
      fix: "Correct the function",
    });
  }
}

/** Lists and other values of the part replace; only labels are added to, because each resource has some of its owner's. */
function merged<Value>(own: Value, part: unknown, key = ""): Value {
  if (part === undefined) return own;
  if (key === "labels" && Array.isArray(own) && Array.isArray(part)) return withLabels(own, part) as Value;
  if (!isArguments(own) || !isArguments(part)) return part as Value;
  const members = new Map<string, unknown>(Object.entries(own));
  const changed = Object.entries(part).map(([name, value]) => [name, merged(members.get(name), value, name)]);
  // The types of Part say that what is merged has the shape of the arguments.
  return { ...own, ...Object.fromEntries(changed) } as Value;
}

function withLabels(own: readonly unknown[], more: readonly unknown[]): unknown[] {
  const names = more.map((item) => valueAt(item, "label"));
  return [...own.filter((item) => !names.includes(valueAt(item, "label"))), ...more];
}

function copied<Value>(value: Value): Value {
  // A copy has the shape of what it was made from.
  if (Array.isArray(value)) return value.map(copied) as Value;
  if (!isArguments(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copied(each)])) as Value;
}

/** The lists are copied and what is in them is not: a hook is known by being the same object. */
function copiedOptions(opts: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions {
  const lists = <Lists extends object>(all: Lists): Lists =>
    Object.fromEntries(
      Object.entries(all).map(([key, value]) => [key, Array.isArray(value) ? [...(value as unknown[])] : value]),
    ) as Lists; // The same members, with copies of the lists.
  return { ...lists(opts), ...(opts.hooks && { hooks: lists(opts.hooks) }) };
}

function requireKept(own: object, result: object, kept: KeptPlaces, path: string): void {
  for (const [place, fix] of Object.entries(kept)) {
    const [was, is] = [valueAt(own, place), valueAt(result, place)];
    if (isSame(was, is)) continue;
    // An output of the component may be secret, and so may the value that replaced it.
    const isShown = !isEventual(was);
    const expected = was === undefined ? "nothing" : isShown ? shownArgument(was) : "the component's value";
    throw new InputError({ path: `${path}.${place}`, expected, got: isShown ? shownArgument(is) : "another", fix });
  }
}

/** Holdfast's ownership labels: no transform may change the component's, or add one. */
function requireOwnLabels(own: object, result: object, path: string): void {
  const [before, after] = [own, result].map((args) => itemsAt(args, "labels", path));
  const ofComponent = (before ?? [])
    .map(({ label }) => String(label))
    .filter((name) => name.startsWith(ownerLabelPrefix));
  for (const name of new Set([...ofComponent, ...Object.values(ownerLabels)])) {
    const [was, is] = [before, after].map((labels) =>
      labels?.filter(({ label }) => isEventual(label) || label === name),
    );
    if (isSame(was, is)) continue;
    throw new InputError({
      path: `${path}.labels`,
      expected: ofComponent.includes(name) ? `the component's label ${name}, unchanged` : `no label ${name}`,
      got: is?.some(({ label }) => isEventual(label)) === true ? "a name that is not known yet" : "something else",
      fix: "Keep the component's labels and add others: Holdfast recognises what belongs to a stack by its own",
    });
  }
}

function requireOptions(own: pulumi.CustomResourceOptions, result: pulumi.CustomResourceOptions, path: string): void {
  const moments = ["beforeCreate", "beforeUpdate", "afterUpdate", "onError"] as const;
  const hooksStay = moments.every((moment) => holds(result.hooks?.[moment], own.hooks?.[moment]));
  const mistakes = {
    parent: result.parent !== own.parent && "Leave the component as its parent",
    provider:
      result.provider !== own.provider && "Give the component itself the provider: its checks ask that one, too",
    hooks: !hooksStay && "Add hooks to the existing ones, which refuse changes that would lose data",
    ignoreChanges: !holds(result.ignoreChanges, own.ignoreChanges) && "Add paths to the existing ones",
    transforms: result.transforms !== own.transforms && changedUnseen,
    transformations: result.transformations !== own.transformations && changedUnseen,
    protect: own.protect === true && result.protect !== true && "Leave the data protected",
    retainOnDelete: own.retainOnDelete === true && result.retainOnDelete !== true && "Leave the data retained",
  };
  for (const [option, fix] of Object.entries(mistakes)) {
    if (fix === false) continue;
    throw new InputError({ path: `${path}.opts.${option}`, expected: "what the component set", got: "a change", fix });
  }
}

const changedUnseen = "Make the change in this transform, whose result is checked";

function holds(all: readonly unknown[] | undefined = [], some: readonly unknown[] | undefined = []): boolean {
  return some.every((each) => all.includes(each));
}
