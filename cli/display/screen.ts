import type { Terminal } from "../terminal/output.ts";

/** Lines at the bottom of a terminal that are drawn again and again in place. */
export class Screen {
  readonly #terminal: Terminal;
  #height = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Replaces what was drawn before; no line may be wider than the terminal. */
  draw(lines: readonly string[]): void {
    const rewind = this.#height === 0 ? "" : `\u001B[${this.#height}A`;
    this.#terminal.write(`${rewind}\r\u001B[0J${lines.map((line) => `${line}\n`).join("")}`);
    this.#height = lines.length;
  }
}
