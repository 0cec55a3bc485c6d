/** What a name says of its value: only a name is known of a variable or a setting whose value may be secret. */

/** As people call variables: `CI_SECRET`, `DB_PASSWORD`, `API_KEY`, `GH_TOKEN_2`. */
const secretVariable =
  /passw(?:or)?d|passphrase|secret|token|credential|apikey|(?:^|[_.-])(?:pass|pwd|pw|auth|creds?|keys?)(?:$|[_.\d-])/iu;

/** As people call settings: `operationsPassword`, `apiKey`, `token`; not `tokenLifetimeSeconds`. */
const secretSetting = /(?:passw(?:or)?d|passphrase|secret|token|credentials?|(?:api|access|private)[-_]?key)$/iu;

/** Whether a variable may hold a secret; its value is then never shown. */
export function isSecretVariable(name: string): boolean {
  return secretVariable.test(name);
}

/** Whether a setting is a secret by its name, and is kept encrypted. */
export function isSecretSetting(name: string): boolean {
  return secretSetting.test(name);
}

/** Whether a variable, by its name or with its value, may hold a secret: Holdfast's own never do, and their words are those of its messages. */
export function mayBeSecret(variable: string): boolean {
  return !variable.startsWith("HOLDFAST_");
}
