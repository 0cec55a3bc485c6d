import { createHash, createHmac } from "node:crypto";

/** The users that a Redis of this project knows; `default` is off, so nobody gets in without a name. */
export const RedisUser = {
  /** Reads and writes all keys; cannot reconfigure, stop or empty the server. */
  application: "application",
  /** May do nothing but PING: for the health check. */
  health: "health",
  /** May do everything: for people and tools that look after the store. */
  operations: "operations",
} as const;

/** Passwords in clear text; two for a user while one replaces the other. */
export interface RedisPasswords {
  application: string[];
  health: string[];
  /** None, and the user does not exist. */
  operations: string[];
}

const permissions: Record<keyof RedisPasswords, string> = {
  // INFO counts as dangerous, but clients ask it whether the server is ready.
  application: "~* &* +@all -@admin -@dangerous +info",
  health: "-@all +ping",
  operations: "~* &* +@all",
};

/**
 * Writes the ACL file of Redis. It holds hashes, no password.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
 */
export function redisAclFile(passwords: RedisPasswords): string {
  const users = [RedisUser.application, RedisUser.health, RedisUser.operations].filter(
    (user) => passwords[user].length > 0,
  );
  const lines = users.map((user) => {
    const hashes = passwords[user].map((password) => `#${createHash("sha256").update(password).digest("hex")}`);
    return `user ${user} on ${hashes.join(" ")} ${permissions[user]}`;
  });
  return ["user default off", ...lines, ""].join("\n");
}

/** The password of the health check, made from the application's, so that nobody has to think of one. */
export function healthPassword(applicationPassword: string): string {
  return createHmac("sha256", applicationPassword).update("holdfast: health check").digest("hex");
}
