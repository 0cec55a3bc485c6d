import assert from "node:assert/strict";
import { join } from "node:path";
import { connect, type ConnectionOptions } from "node:tls";
import { execa } from "execa";
import { atEnd, newFolder, shared, type AttackCase } from "./case.ts";
import { LimitedRedis } from "./limited-redis.ts";

/** A Redis with the component's TLS and a certificate with an RSA key, which every suite could use. */
const redisWithTls = shared(async (): Promise<LimitedRedis> => {
  const folder = await newFolder();
  const [keyFile, certificateFile] = [join(folder, "tls.key"), join(folder, "tls.crt")];
  const output = ["-keyout", keyFile, "-out", certificateFile, "-days", "2", "-subj", "/CN=attacked"];
  await execa("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...output]);
  const redis = await LimitedRedis.start({ tls: { certificateFile, keyFile, authorityFile: certificateFile } });
  atEnd(() => redis[Symbol.asyncDispose]());
  return redis;
});

/** What the two agree on, or undefined where they do not. */
async function agreed(options: ConnectionOptions): Promise<string | undefined> {
  const { port } = await redisWithTls();
  return new Promise((resolve) => {
    // At the lowest level of security the client itself refuses nothing.
    const ciphers = `${options.ciphers ?? "ALL"}:@SECLEVEL=0`;
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options, ciphers }, () => {
      resolve(`${socket.getProtocol() ?? ""} ${socket.getCipher().name}`);
      socket.destroy();
    });
    socket.once("error", () => {
      resolve(undefined);
    });
  });
}

const weakSuites = {
  "AES128-SHA": "RSA key exchange and CBC",
  "AES256-SHA": "RSA key exchange and CBC",
  "AES128-SHA256": "RSA key exchange and CBC",
  "AES256-SHA256": "RSA key exchange and CBC",
  "AES128-GCM-SHA256": "RSA key exchange",
  "AES256-GCM-SHA384": "RSA key exchange",
  "ECDHE-RSA-AES128-SHA": "CBC",
  "ECDHE-RSA-AES256-SHA": "CBC",
  "ECDHE-RSA-AES128-SHA256": "CBC",
  "ECDHE-RSA-AES256-SHA384": "CBC",
  "DHE-RSA-AES128-SHA": "CBC",
  "DHE-RSA-AES256-GCM-SHA384": "parameters of the server's own choice",
};

/** What TLS a Redis with certificates speaks. */
export const tlsSuites: readonly AttackCase[] = [
  ...Object.entries(weakSuites).map(([suite, weakness]): AttackCase => ({
    group: "access",
    name: `TLS with ${suite} (${weakness}) is refused`,
    async run() {
      assert.equal(await agreed({ ciphers: suite, maxVersion: "TLSv1.2" }), undefined);
    },
  })),
  ...(["TLSv1", "TLSv1.1"] as const).map((version): AttackCase => ({
    group: "access",
    name: `${version} is refused`,
    async run() {
      assert.equal(await agreed({ minVersion: version, maxVersion: version }), undefined);
    },
  })),
  {
    group: "access",
    name: "a client that takes any suite gets one with forward secrecy and authenticated encryption",
    async run() {
      assert.match((await agreed({ maxVersion: "TLSv1.2" })) ?? "", /^TLSv1.2 ECDHE-RSA-(AES\d+-GCM|CHACHA20)/u);
      assert.match((await agreed({})) ?? "", /^TLSv1.3 TLS_/u);
    },
  },
];
