import assert from "node:assert/strict";
import { parseCredentials, readBackupConfiguration } from "../../backup/configuration.ts";

const given = { store: "shop/prod/redis", data: "/data", kind: "log", repository: "/repository" };
const read = (configuration: object) => readBackupConfiguration({ HOLDFAST_BACKUP: JSON.stringify(configuration) });

describe("the configuration of a backup", () => {
  it("has its defaults", () => {
    assert.deepEqual(read({ ...given, somethingNewer: 1 }), {
      ...given,
      everySeconds: 2,
      keepDays: 7,
      lateAfterSeconds: 60,
      secrets: "/run/secrets",
      status: "/tmp/holdfast-backup-status.json",
    });
  });

  it("is refused with a sentence when it has another form", () => {
    assert.throws(
      () => readBackupConfiguration({}),
      /^InputError: HOLDFAST_BACKUP: expected the configuration as JSON, got nothing\./,
    );
    assert.throws(() => readBackupConfiguration({ HOLDFAST_BACKUP: "{" }), /got JSON that is cut off or broken\./);
    assert.throws(() => read({ ...given, kind: "tape" }), /got kind: /);
  });

  it("holds no password, and does not repeat one that it got", () => {
    assert.throws(
      () => read({ ...given, repository: "rest:https://me:hunter2@host/" }),
      (error: Error) => error.message.includes("without a password") && !error.message.includes("hunter2"),
    );
  });
});

describe("the credentials of a repository", () => {
  it("are lines of names that restic knows", () => {
    const text = "# S3\nAWS_ACCESS_KEY_ID=a\r\n AWS_SECRET_ACCESS_KEY = b=c \n\nSFTP_PRIVATE_KEY=LS0=\n";
    const read = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b=c", SFTP_PRIVATE_KEY: "LS0=" };
    assert.deepEqual(parseCredentials(text, "f"), read);
  });

  it("are refused under other names, and never shown", () => {
    assert.throws(
      () => parseCredentials("LD_PRELOAD=/x", "f"),
      /^InputError: f, line 1: .*got the name "LD_PRELOAD"\./,
    );
    assert.throws(
      () => parseCredentials("\nhunter2", "f"),
      (error: Error) => !error.message.includes("hunter2"),
    );
    assert.throws(() => parseCredentials("RESTIC_PASSWORD=x", "f"), /got the name "RESTIC_PASSWORD"/);
  });
});
