/**
 * How Pulumi reads and writes the values of its YAML files: by the rules of gopkg.in/yaml.v3 (resolve.go, encode.go) and
 * of sdk/go/common/resource/config/object.go. They are those of neither YAML 1.1 nor 1.2: `0400` is 256, `yes` a text.
 */

/** What a YAML file says, as Pulumi understands it. Whole numbers that a double cannot hold are of type bigint. */
export type YamlValue = string | boolean | number | bigint | null | YamlValue[] | { [key: string]: YamlValue };

const words = new Map<string, boolean | null>([
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
]);

const whole = /^(?<sign>[-+]?)(?:(?<radix>0[xX][\da-fA-F]+|0[oO]?[0-7]+|0[bB][01]+)|(?<decimal>0|[1-9]\d*))$/u;
const decimal = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/u;
/** What go-yaml reads as a time or, by the quirks of Go's parsers, as an unintended number. */
const unlikeWritten = /^\d{4}-\d\d?-\d\d?(?:[Tt ].*)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$|^-?0[bo][-+]/u;

/** A time as `up` wrote it into the settings before it put texts in quotation marks. */
const wholeSeconds = /^(?<day>\d{4}-\d\d-\d\d)T(?<clock>\d\d:\d\d:\d\d)Z$/u;

/**
 * What a scalar without quotation marks means to Pulumi, which gives the program `2026-11-30 08:47:35 +0000 UTC` for
 * `2026-11-30T08:47:35Z`; undefined where that is not what anybody who reads the file would think: any other time, an infinity.
 */
export function readPlain(text: string): string | boolean | number | bigint | null | undefined {
  const word = words.get(text);
  if (word !== undefined) return word;
  if (unlikeWritten.test(text)) return readTime(text);
  if (!/^[-+.\d]/u.test(text)) return text;
  const digits = text.startsWith(".") ? text.replaceAll(/(?<=\d)_(?=\d)/gu, "") : text.replaceAll("_", "");
  const integer = readWhole(digits);
  if (integer !== undefined) return integer;
  const value = decimal.test(digits) ? Number(digits) : NaN;
  return Number.isFinite(value) ? value + 0 : text;
}

/** A moment that there is, as Go's `time.Time` shows it. */
function readTime(text: string): string | undefined {
  const { day, clock } = wholeSeconds.exec(text)?.groups ?? {};
  const time = new Date(text);
  if (day === undefined || clock === undefined || Number.isNaN(time.getTime())) return undefined;
  return time.toISOString() === text.replace("Z", ".000Z") ? `${day} ${clock} +0000 UTC` : undefined;
}

/** An integer of 64 bits, as Go's `strconv.ParseInt` and `ParseUint` read it with base 0; larger ones are floats. */
function readWhole(digits: string): number | bigint | undefined {
  const { sign, radix, decimal: inTens } = whole.exec(digits)?.groups ?? {};
  if (radix === undefined && inTens === undefined) return undefined;
  const magnitude = BigInt(radix?.replace(/^0(?=[0-7])/u, "0o") ?? inTens ?? "");
  const value = sign === "-" ? -magnitude : magnitude;
  const largest = sign === "" ? 2n ** 64n - 1n : 2n ** 63n - 1n;
  if (value > largest || value < -(2n ** 63n)) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Numbers, base 60 among them, and words of YAML 1.1 that Pulumi reads as texts and others do not. */
const readOtherwise =
  /^[-+]?[\d_.]*(?:[eE][-+]?\d+)?$|^[-+]?0[xXbBoO][\da-fA-F_]*$|^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$|^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF|=|<<)$/u;
/** No character at the beginning that says what follows, no `: `, no ` #`, nothing that a flow collection ends with. */
const plain = /^(?:[\w./+(=<\p{L}]|-(?=[\w]))(?:[\w./+()=<>@%$*&!?'"`|~^;\\\p{L}-]|:(?=\S)| (?=[^\s#])|(?<=\S)#)*$/u;

/** A text as a scalar on one line that every reader of YAML takes for that text: as it is where that is so, else in quotation marks. */
export function yamlText(text: string): string {
  const isPlain = plain.test(text) && readPlain(text) === text && !readOtherwise.test(text);
  return isPlain ? text : JSON.stringify(text).replace(notPrintable, escape);
}

/** What a reader may take for the end of a line or refuse, and `JSON.stringify` leaves as it is. */
const notPrintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/gu;

/** A value of the configuration as Pulumi's language host passes it to the program: a text as it is, anything else as Go's JSON. */
export function configText(value: YamlValue): string {
  return typeof value === "string" ? value : typeof value === "bigint" ? String(value) : json(value);
}

function json(value: YamlValue): string {
  if (typeof value === "bigint") return 2n ** 63n > value ? String(value) : String(Number(value));
  if (Array.isArray(value)) return `[${value.map(json).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value).replace(/[<>&\u2028\u2029]/gu, escape);
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([key, item]) => `${json(key)}:${json(item)}`).join(",")}}`;
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
