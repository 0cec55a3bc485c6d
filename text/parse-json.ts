/** What is wrong with a text that is no JSON, as it reads after "got"; the JavaScript engine's own words quote the text, line breaks and all. */
export function notJsonWords(text: string): string {
  return /^\s*[[{]/u.test(text) ? "JSON that is cut off or broken" : "text that is no JSON";
}

/** What a text of JSON says; undefined for any other text, which no schema takes. */
export function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
