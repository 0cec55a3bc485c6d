import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { InputError, showValue } from "../../text/input-error.ts";
import { nearestName } from "../../text/nearest-name.ts";
import { checked } from "./checked.ts";

/** A validator of the model: returns the parsed value, or throws an InputError. */
type Reader<Value> = (value: Value, path: string) => unknown;

/** What a value must be before a validator of the model sees it. */
interface Kind<Value> {
  is: (value: unknown) => value is Value;
  /** Phrased to follow "expected". */
  expected: string;
  /** What to do about a value of another kind; none when that follows from the value. */
  fix?: (value: unknown) => string | undefined;
}

/** A mistake without its path. */
type Mistake = Pick<InputError, "expected" | "got" | "fix">;

/** Why a component does not take some arguments of `docker.Service`. */
const reserved = new Map([
  ["replicas", "Leave it out: two tasks would write the same data, so there is one; `stopped: true` runs none"],
  ["mode", "Leave it out: two tasks would write the same data, so there is one; `stopped: true` runs none"],
  ["updateConfig", "Leave it out: the old task must stop before the next one starts"],
  ["rollbackConfig", "Leave it out: the old task must stop before the next one starts"],
  ["restartPolicy", "Leave it out: a task that keeps data is always restarted"],
]);

/** Whether a value is known only during the deployment. */
export function isEventual(value: unknown): value is pulumi.Output<unknown> | Promise<unknown> {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

/** A text that is known immediately. */
export function text(example: string, read?: Reader<string>) {
  return argument(textKind(example), read);
}

/** A text that may become known only during the deployment; {@link whenKnown} then checks it. */
export function inputText(example: string, read?: Reader<string>) {
  return orEventual(argument(textKind(example), read));
}

/** A text that no message may show and that may become known only during the deployment. */
export function secretText(read?: Reader<string>) {
  const kind = { ...textKind(""), expected: "a text" };
  return orEventual(argument(kind, read, (value) => (value === undefined ? "nothing" : `a value of another type`)));
}

/** A number that is known immediately. */
export function numeric(example: number, read?: Reader<number>) {
  const kind: Kind<number> = {
    is: (value): value is number => typeof value === "number" && Number.isFinite(value),
    expected: `a number such as ${example}`,
    fix: (value) =>
      typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value))
        ? "Write it without quotation marks, or read it by config.getNumber"
        : undefined,
  };
  return argument(kind, read);
}

/** A switch. */
export function flag() {
  return argument<boolean>({
    is: (value) => typeof value === "boolean",
    expected: "true or false",
    fix: (value) =>
      typeof value === "string" ? "Write it without quotation marks, or read it by config.getBoolean" : undefined,
  });
}

/** A value of one kind, checked by a validator of the model. */
export function argument<Value>(kind: Kind<Value>, read?: Reader<Value>, show = shownArgument) {
  return z.custom<Value>().superRefine((value: unknown, context) => {
    if (!kind.is(value)) {
      refuse(context, { expected: kind.expected, got: show(value), fix: kind.fix?.(value) ?? usualFix(value) });
      return;
    }
    attempt(context, () => read?.(value, ""));
  });
}

/**
 * An argument that must not be given.
 *
 * @param expected - phrased to follow "expected": that there is none, and why
 */
export function absent(expected: string, fix: string) {
  return z
    .unknown()
    .superRefine((value, context) => {
      refuse(context, { expected, got: shownArgument(value), fix });
    })
    .optional();
}

/** A text, or an object of another schema. */
export function textOr(words: z.ZodType, object: z.ZodType) {
  return chosen((value) => (isArguments(value) ? object : words));
}

/** An object of another schema, or `false` to do without. */
export function falseOr(object: z.ZodType) {
  return chosen((value) => (value === false ? undefined : object));
}

/** A value that matches a schema, or one that becomes known only during the deployment. */
export function orEventual(known: z.ZodType) {
  return chosen((value) => (isEventual(value) ? undefined : known));
}

/** A value of the schema that is chosen for it; of any kind where that is none. */
function chosen(choose: (value: unknown) => z.ZodType | undefined) {
  return z.unknown().superRefine((value, context) => {
    for (const issue of choose(value)?.safeParse(value).error?.issues ?? [])
      refuse(context, mistakeSchema.parse("params" in issue ? issue.params : {}), issue.path.map(String));
  });
}

/** A list; if every item is valid, a validator of the model may check them together. */
export function list<Item extends z.ZodType>(item: Item, read?: Reader<z.output<Item>[]>) {
  const items = z.array(item).superRefine((value, context) => {
    if (context.issues.length === 0) attempt(context, () => read?.(value, ""));
  });
  return container((value) => Array.isArray(value), "a list, such as [ … ]").pipe(items);
}

/** An object whose names the user chooses. */
export function named<Item extends z.ZodType>(item: Item) {
  return container(isArguments, "an object, such as { name: … }").pipe(z.record(z.string(), item));
}

/**
 * An object with exactly these arguments.
 *
 * @param expected - phrased to follow "expected" when it is not an object
 */
export function fields<Shape extends z.ZodRawShape>(shape: Shape, expected?: string) {
  const names = Object.keys(shape);
  const known = z.looseObject(shape).superRefine((value, context) => {
    for (const [key, given] of Object.entries(value)) {
      if (given === undefined || names.includes(key)) continue;
      refuse(context, unknownArgument(key, given, names), [key]);
    }
  });
  return container(isArguments, expected ?? `an object, such as { ${names.slice(0, 3).join(", ")} }`).pipe(known);
}

/** Reports a mistake from a refinement of a schema. */
export function refuse(context: z.RefinementCtx, { expected, got, fix }: Mistake, path: string[] = []): void {
  context.addIssue({ code: "custom", params: { expected, got, fix }, path });
}

/**
 * Checks a component's arguments; values known only during the deployment are left to {@link whenKnown}.
 *
 * @param name - the component's name, which precedes the arguments' names in the message
 * @returns the arguments, matching their type
 * @throws pulumi.RunError with one line for each mistake; Pulumi shows it without a stack trace
 */
export function checkedArguments<Args extends object>(schema: z.ZodType, args: Args, name: string): Args {
  // If no arguments are given, each required one is missing; if none is required, it counts as an empty object.
  const given = (args as Args | null | undefined) ?? ({} as Args);
  const { error } = schema.safeParse(given);
  if (error === undefined) return given;
  const mistakes = error.issues.map((issue) => mistakeOf(issue, name));
  throw new pulumi.RunError(mistakes.map(({ message }) => message).join("\n"), { cause: mistakes[0] });
}

/**
 * Checks the name of a component.
 *
 * @throws pulumi.RunError when it is not a text
 */
export function checkedName(name: unknown, component: string): string {
  if (typeof name === "string" && name !== "") return name;
  throw new pulumi.RunError(
    new InputError({
      path: `new ${component}()`,
      expected: 'a name, such as "data", before the arguments',
      got: name === "" ? '""' : shownArgument(name),
      fix: "Give each component its own name",
    }).message,
  );
}

/** Checks a value with a validator of the model now, or as soon as it is known; returns the value. */
export function whenKnown<Value>(value: pulumi.Input<Value>, read: (value: Value) => void): pulumi.Input<Value> {
  const look = (known: Value): Value => {
    checked(() => {
      read(known);
    });
    return known;
  };
  // An input that is neither an output nor a promise is the value itself.
  return isEventual(value) ? pulumi.output(value).apply((known) => look(known as Value)) : look(value);
}

function mistakeOf(issue: z.core.$ZodIssue, name: string): InputError {
  const path = issue.path.reduce<string>(
    (place, key) => (typeof key === "number" ? `${place}[${key}]` : `${place}.${String(key)}`),
    name,
  );
  // Every rule here reports its own mistake; any other zod message is a bug in the schema.
  const said = mistakeSchema.safeParse("params" in issue ? issue.params : undefined).data;
  return new InputError({ path, ...(said ?? { expected: issue.message, got: "another", fix: "Change the value" }) });
}

const mistakeSchema = z.object({ expected: z.string(), got: z.string(), fix: z.string() });

function unknownArgument(key: string, value: unknown, names: readonly string[]): Mistake {
  const meant = nearestName(key, names);
  const known = meant === undefined ? `The arguments are ${names.join(", ")}` : `Did you mean ${meant}?`;
  return { expected: "no such argument", got: shownArgument(value), fix: reserved.get(key) ?? known };
}

/** Turns a validator's error into an issue of the schema. */
function attempt(context: z.RefinementCtx, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    refuse(context, error);
  }
}

function textKind(example: string): Kind<string> {
  return {
    is: (value) => typeof value === "string",
    expected: `a text such as ${JSON.stringify(example)}`,
    fix: (value) =>
      typeof value === "number" || typeof value === "boolean" ? "Put it between quotation marks" : undefined,
  };
}

function usualFix(value: unknown): string {
  if (value === undefined) return "Add it";
  if (value === null) return "Give a value; what is optional can be left out";
  if (isEventual(value)) return "Give the value itself, as config.require does: it decides what the component makes";
  return "Change the value";
}

function container(is: (value: unknown) => boolean, expected: string) {
  return z.unknown().superRefine((value, context) => {
    if (!is(value)) refuse(context, { expected, got: shownArgument(value), fix: usualFix(value) });
  });
}

/** Whether a value is an object of arguments: not a list, a resource, or a value known only during the deployment. */
export function isArguments(value: unknown): value is Record<string, unknown> {
  const isOther = Array.isArray(value) || isEventual(value) || pulumi.Resource.isInstance(value);
  return typeof value === "object" && value !== null && !isOther && !(value instanceof Map || value instanceof Date);
}

/** Shows any value in a word or two, without an object's content, which may be secret. */
export function shownArgument(value: unknown): string {
  if (value instanceof Promise) return "a promise";
  if (isEventual(value)) return "an output, which is known only during the deployment";
  if (pulumi.Resource.isInstance(value)) return "a resource";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  switch (typeof value) {
    case "object":
      return value === null ? "null" : `an object${Object.keys(value).length === 0 ? " with nothing in it" : ""}`;
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    case "bigint":
    case "number":
      return String(value);
    default:
      return showValue(value);
  }
}
