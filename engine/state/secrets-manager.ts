/**
 * Pulumi's passphrase secrets provider: AES-256-GCM under a key that PBKDF2 derives from the passphrase (Pulumi:
 * pkg/secrets/passphrase/manager.go, sdk/go/common/resource/config/crypt.go).
 */
import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

/** Encrypts and decrypts for one salt. */
export interface SecretsManager {
  /** What the checkpoint and `encryptionsalt` say of it: `v1:<salt>:v1:<nonce>:<encryption of "pulumi">`. */
  readonly salt: string;
  /** Gives `v1:<nonce>:<ciphertext>`, another one at each call. */
  encrypt(plaintext: string): string;
  /** Throws when the text was not encrypted under this key. */
  decrypt(ciphertext: string): string;
}

const iterations = 1_000_000;
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const saltBytes = 8;
/** What a salt's own ciphertext must say. */
const proof = "pulumi";
const pbkdf2Async = promisify(pbkdf2);

/** Keys that this process has derived: one command opens its stack several times, and a derivation takes long by design. */
const derivedKeys = new Map<string, Promise<Buffer>>();

/** Starts deriving the key of a salt, off the main thread; errors are reported when it is opened. */
export function beginToDerive(passphrase: string, salt: string): void {
  const [, saltText] = salt.split(":");
  if (saltText !== undefined) deriveKey(passphrase, Buffer.from(saltText, "base64")).catch(() => undefined);
}

function deriveKey(passphrase: string, salt: Buffer): Promise<Buffer> {
  const name = `${salt.toString("base64")} ${passphrase}`;
  const key = derivedKeys.get(name) ?? pbkdf2Async(passphrase, salt, iterations, keyBytes, "sha256");
  derivedKeys.set(name, key);
  return key;
}

/** Makes a secrets manager with a new salt; takes some tenths of a second, off the main thread. */
export async function createSecretsManager(passphrase: string): Promise<SecretsManager> {
  const salt = randomBytes(saltBytes);
  const key = await deriveKey(passphrase, salt);
  return manager(key, `v1:${salt.toString("base64")}:${encryptWith(key, proof)}`);
}

/**
 * Opens the secrets manager of an existing salt; takes some tenths of a second, off the main thread.
 *
 * @returns undefined when the passphrase is wrong
 * @throws SyntaxError when the salt is not one
 */
export async function openSecretsManager(passphrase: string, salt: string): Promise<SecretsManager | undefined> {
  const [, saltText = "", proofText = ""] =
    /^v1:([A-Za-z0-9+/=]+):(v1:[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+)$/.exec(salt) ?? [];
  if (saltText === "") throw new SyntaxError("not a salt of Pulumi's passphrase provider");
  const key = await deriveKey(passphrase, Buffer.from(saltText, "base64"));
  try {
    return decryptWith(key, proofText) === proof ? manager(key, salt) : undefined;
  } catch {
    return undefined; // the authentication tag reveals a wrong key
  }
}

function manager(key: Buffer, salt: string): SecretsManager {
  return {
    salt,
    encrypt: (plaintext) => encryptWith(key, plaintext),
    decrypt: (ciphertext) => decryptWith(key, ciphertext),
  };
}

function encryptWith(key: Buffer, plaintext: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

function decryptWith(key: Buffer, ciphertext: string): string {
  const [version, nonceText = "", sealedText = "", ...rest] = ciphertext.split(":");
  const nonce = Buffer.from(nonceText, "base64");
  const sealed = Buffer.from(sealedText, "base64");
  if (version !== "v1" || rest.length > 0 || nonce.length !== nonceBytes || sealed.length < tagBytes)
    throw new SyntaxError("not a ciphertext of Pulumi's passphrase provider");
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]).toString("utf8");
}
