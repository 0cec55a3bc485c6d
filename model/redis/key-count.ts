/**
 * How many keys a server has, by its answer to INFO.
 *
 * @returns undefined if the answer is another one, or while the server loads its data: it answers then too, with the keys loaded so far
 */
export function countKeys(info: string): number | undefined {
  if (!/^loading:0\r?$/mu.test(info)) return undefined;
  // Lines such as `db0:keys=3,expires=0,avg_ttl=0`.
  return Array.from(info.matchAll(/^db\d+:keys=(\d+)/gmu), ([, keys]) => Number(keys)).reduce(
    (sum, keys) => sum + keys,
    0,
  );
}
