/** Puts a colour or weight on a text, or leaves it as it is. */
export type Style = (format: "green" | "yellow" | "red" | "magenta" | "cyan" | "dim" | "bold", text: string) => string;

/** No colours: for files, pipes and `NO_COLOR`. */
export const plain: Style = (_format, text) => text;
