/** What a text of JSON says; undefined for any other text, which no schema takes. */
export function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
