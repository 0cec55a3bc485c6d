/**
 * Splits a command that is written as one text, as Docker's client does (github.com/google/shlex): at white space, with quotation
 * marks, backslashes and comments. What means something to a shell alone, such as `&` and `;`, is text.
 */
export function dockerCommandWords(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  const add = (character: string): void => {
    word = (word ?? "") + character;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (/\s/u.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "#" && word === undefined) {
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end;
    } else if (character === "'") {
      const end = text.indexOf("'", at + 1);
      add(text.slice(at + 1, end < 0 ? text.length : end));
      at = end < 0 ? text.length : end;
    } else if (character === '"') {
      add("");
      for (at++; at < text.length && text.charAt(at) !== '"'; at++)
        add(text.charAt(text.charAt(at) === "\\" ? ++at : at));
    } else if (character === "\\") add(text.charAt(++at));
    else add(character);
  }
  return word === undefined ? words : [...words, word];
}
