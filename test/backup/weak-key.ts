/**
 * A key for a repository that costs nothing to derive. Restic spends half a second of a processor on it at each call, by design: a proof that
 * calls it thousands of times would do little else. Everything else in the repository is as restic makes it.
 *
 * @see https://github.com/restic/restic/blob/v0.18.0/doc/design.rst ("Keys, Encryption and MAC")
 */
import { createCipheriv, createHash, randomBytes, scryptSync } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const keySchema = z.looseObject({
  N: z.number(),
  r: z.number(),
  p: z.number(),
  salt: z.base64(),
  data: z.base64(),
});

const weakest = { N: 2, r: 1, p: 1 };

/** Puts the cheapest key into the place of the one of a repository that was just made. */
export async function weakenKey(repository: string, password: string): Promise<void> {
  const folder = join(repository, "keys");
  const [name = ""] = await readdir(folder);
  const key = keySchema.parse(JSON.parse(await readFile(join(folder, name), "utf8")));
  const derived = (cost: typeof weakest): Buffer =>
    scryptSync(password, Buffer.from(key.salt, "base64"), 64, { ...cost, maxmem: 1024 ** 3 });
  const data = seal(derived(weakest), unseal(derived(key), Buffer.from(key.data, "base64")));
  const text = JSON.stringify({ ...key, ...weakest, data: data.toString("base64") });
  await rm(join(folder, name));
  await writeFile(join(folder, createHash("sha256").update(text).digest("hex")), text);
}

function unseal(key: Buffer, sealed: Buffer): Buffer {
  return counterMode(key, sealed.subarray(0, 16), sealed.subarray(16, -16));
}

function seal(key: Buffer, plain: Buffer): Buffer {
  const nonce = randomBytes(16);
  const sealed = counterMode(key, nonce, plain);
  return Buffer.concat([nonce, sealed, poly1305(key.subarray(32), nonce, sealed)]);
}

function counterMode(key: Buffer, nonce: Buffer, bytes: Buffer): Buffer {
  return createCipheriv("aes-256-ctr", key.subarray(0, 32), nonce).update(bytes);
}

/** Poly1305-AES (Bernstein 2005): the key is that of AES, and then `r`. */
function poly1305(key: Buffer, nonce: Buffer, message: Buffer): Buffer {
  const pad = createCipheriv("aes-128-ecb", key.subarray(0, 16), null).setAutoPadding(false).update(nonce);
  const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex") || "0"}`);
  const r = number(key.subarray(16, 32)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  const prime = (1n << 130n) - 5n;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16)
    sum = ((sum + number(Buffer.concat([message.subarray(at, at + 16), Buffer.of(1)]))) * r) % prime;
  const tag = (sum + number(pad)) & ((1n << 128n) - 1n);
  return Buffer.from(tag.toString(16).padStart(32, "0"), "hex").reverse();
}
