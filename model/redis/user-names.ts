/** The users of Holdfast's Redis; `default` is off, so every client needs a user name. */
export const RedisUser = {
  /** Reads and writes all keys; cannot reconfigure, stop or empty the server, or run scripts unless allowed. */
  application: "application",
  /** May only PING: for the health check. */
  health: "health",
  /** May set and get the canary alone: for the companion that backs the data up. */
  backup: "backup",
  /** May do everything: for administrators and tools. */
  operations: "operations",
} as const;
