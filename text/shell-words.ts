/** A word of a shell command. */
export interface ShellWord {
  readonly text: string;
  /** True when it contains a variable or a command's output, so the program gets a different text. */
  readonly isDynamic: boolean;
  /** True for what ends a command, such as `&&` and `;`; never for a word that only looks so, between quotation marks. */
  readonly isOperator: boolean;
}

/**
 * Splits a shell command into its words as a POSIX shell does, without running or expanding anything. Operators such as `&&` and
 * `;` are separate words.
 */
export function shellWords(script: string): readonly ShellWord[] {
  const words: ShellWord[] = [];
  let text = "";
  let isDynamic = false;
  let isWord = false;
  const finish = (): void => {
    if (isWord) words.push({ text, isDynamic, isOperator: false });
    text = "";
    isDynamic = false;
    isWord = false;
  };
  for (let at = 0; at < script.length;) {
    const rest = script.slice(at, at + 2);
    const character = script[at] ?? "";
    const operator = /^(?:&&|\|\||;;|[;|&()\n])/.exec(rest)?.[0];
    // In `2>&1` it says to what a stream goes.
    const isStream = character === "&" && /[<>]$/.test(text);
    if (operator !== undefined && !isStream) {
      finish();
      words.push({ text: operator, isDynamic: false, isOperator: true });
      at += operator.length;
    } else if (/\s/.test(character)) {
      finish();
      at += 1;
    } else if (character === "'") {
      const end = endOr(script.indexOf("'", at + 1), script);
      text += script.slice(at + 1, end);
      isWord = true;
      at = end + 1;
    } else if (character === '"') {
      const end = endOfDoubleQuotes(script, at + 1);
      const inside = script.slice(at + 1, end);
      isDynamic ||= /(?<!\\)[$`]/.test(inside);
      text += inside.replaceAll(/\\([$`"\\\n])/g, "$1");
      isWord = true;
      at = end + 1;
    } else if (character === "$" || character === "`") {
      const end = endOfExpansion(script, at);
      text += script.slice(at, end);
      isDynamic = true;
      isWord = true;
      at = end;
    } else if (character === "\\") {
      if (script[at + 1] !== "\n") text += script[at + 1] ?? "";
      isWord = script[at + 1] !== "\n" || isWord;
      at += 2;
    } else if (character === "#" && !isWord) {
      at = endOr(script.indexOf("\n", at), script);
    } else {
      text += character;
      isWord = true;
      at += 1;
    }
  }
  finish();
  return words;
}

function endOr(index: number, script: string): number {
  return index < 0 ? script.length : index;
}

/** The index of the quotation mark that ends a double-quoted text. */
function endOfDoubleQuotes(script: string, start: number): number {
  for (let at = start; at < script.length; at++) {
    if (script[at] === "\\") at++;
    else if (script[at] === "$" && script[at + 1] === "(") at = endOfExpansion(script, at) - 1;
    else if (script[at] === '"') return at;
  }
  return script.length;
}

/** The index behind `$name`, `${…}`, `$(…)` or a pair of backquotes that begins at `start`. */
function endOfExpansion(script: string, start: number): number {
  if (script[start] === "`") return endOr(script.indexOf("`", start + 1), script) + 1;
  const [open, close] = script[start + 1] === "(" ? ["(", ")"] : ["{", "}"];
  if (script[start + 1] !== open)
    return start + (/^\$(?:\w+|[@*#?$!-])?/.exec(script.slice(start, start + 200))?.[0].length ?? 1);
  let depth = 0;
  for (let at = start + 1; at < script.length; at++) {
    if (script[at] === open) depth++;
    if (script[at] === close && --depth === 0) return at + 1;
  }
  return script.length;
}

/** A word escaped for a shell, quoted only if necessary. */
export function shellWord(word: string): string {
  return /^[\w.,:=@%+/-]+$/u.test(word) && !word.startsWith("-") ? word : quotedWord(word);
}

/** A word as a shell takes it, always between quotation marks. */
export function quotedWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
