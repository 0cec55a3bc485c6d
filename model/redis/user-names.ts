/** The users that a Redis of this project knows; `default` is off, so nobody gets in without a name. */
export const RedisUser = {
  /** Reads and writes all keys; cannot reconfigure, stop or empty the server, nor run scripts unless it is let. */
  application: "application",
  /** May do nothing but PING: for the health check. */
  health: "health",
  /** May do everything: for people and tools that look after the store. */
  operations: "operations",
} as const;
