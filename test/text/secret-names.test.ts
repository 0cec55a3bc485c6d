import assert from "node:assert/strict";
import { isSecretSetting, isSecretVariable, mayBeSecret } from "../../text/secret-names.ts";

describe("names of secrets", () => {
  it("are known among variables", () => {
    const secret =
      "CI_SECRET DB_PASSWORD PASSWORD API_KEY KEY GH_TOKEN_2 AWS_SECRET_ACCESS_KEY REDIS_PASS npm_config__auth db-passwd";
    const open = "CI_COMMIT_TAG KEYDB_VERSION NODE_NAME MONKEY PASSENGER_VERSION COMPASS AUTHOR REGISTRY TAG";
    for (const name of secret.split(" ")) assert.ok(isSecretVariable(name), name);
    for (const name of open.split(" ")) assert.ok(!isSecretVariable(name), name);
  });

  it("are none of Holdfast's own variables", () => {
    assert.ok(!mayBeSecret('HOLDFAST_BACKUP={"repository":"/repository"}') && mayBeSecret("MY_HOLDFAST_KEY=x"));
  });

  it("are known among settings by their ends", () => {
    for (const name of ["password", "operationsPassword", "apiKey", "own:token", "client_secret", "backupCredentials"])
      assert.ok(isSecretSetting(name), name);
    for (const name of ["tokenLifetimeSeconds", "node", "secretName", "publicKey", "monkey"])
      assert.ok(!isSecretSetting(name), name);
  });
});
