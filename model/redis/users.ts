import { createHash, createHmac } from "node:crypto";
import { canaryKey } from "./canary.ts";
import { RedisUser } from "./user-names.ts";

/** Passwords in clear text: none for a user that does not exist, two during a rotation. */
export type RedisPasswords = Record<keyof typeof RedisUser, string[]>;

const permissions: Record<keyof RedisPasswords, string> = {
  // INFO counts as dangerous, but clients use it to check that the server is ready. Nothing bounds the memory of a script, or of LCS, whose table is
  // as large as both values' lengths multiplied.
  application: "~* &* +@all -@admin -@dangerous +info -@scripting -lcs",
  health: "-@all +ping",
  backup: `~${canaryKey} -@all +set +get`,
  operations: "~* &* +@all",
};

/** Allows running scripts and functions, but not adding or removing functions. */
const scripts = "+eval +eval_ro +evalsha +evalsha_ro +fcall +fcall_ro +script|load +script|exists";

/**
 * Writes Redis' ACL file, with hashes instead of passwords.
 *
 * @param allowsScripts - whether the application may run scripts
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
 */
export function redisAclFile(passwords: RedisPasswords, allowsScripts: boolean): string {
  const users = [RedisUser.application, RedisUser.health, RedisUser.backup, RedisUser.operations].filter(
    (user) => passwords[user].length > 0,
  );
  const lines = users.map((user) => {
    const hashes = passwords[user].map((password) => `#${createHash("sha256").update(password).digest("hex")}`);
    const more = user === RedisUser.application && allowsScripts ? ` ${scripts}` : "";
    return `user ${user} on ${hashes.join(" ")} ${permissions[user]}${more}`;
  });
  return ["user default off", ...lines, ""].join("\n");
}

/** The health check's password, derived from the application's so that users need not choose one. */
export function healthPassword(applicationPassword: string): string {
  return createHmac("sha256", applicationPassword).update("holdfast: health check").digest("hex");
}
