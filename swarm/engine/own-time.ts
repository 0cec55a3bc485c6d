/** In how many pieces a time is waited for. */
const pieces = 10;

/**
 * Calls back when this process has run for a time, in milliseconds. While a busy machine gives it no turn, little of that passes: an
 * answer that is there already, and was not looked at yet, is not late.
 *
 * @returns what gives the wait up
 */
export function afterOwnTime(milliseconds: number, callback: () => void): () => void {
  let left = pieces;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    timer = setTimeout(() => {
      left -= 1;
      if (left === 0) callback();
      else wait();
    }, milliseconds / pieces);
  };
  wait();
  return () => {
    clearTimeout(timer);
  };
}
