import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { fillToolbox, type ToolboxContents } from "../../../lab/host/toolbox.ts";
import { testCacheDirectory } from "../../support/sandbox.ts";

/** The machine's own openssl, or one unpacked like the lab's tools. */
const tools: ToolboxContents = { name: "certificates", packages: { openssl: "openssl" }, programs: [] };

/** A certificate and its key, as PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** An authority's own certificate, and two that it has issued for the same address. */
export interface Authority {
  readonly certificate: string;
  readonly issued: readonly Certificate[];
}

/** Makes two authorities by openssl, valid for two days. */
export async function makeAuthorities(address: string): Promise<readonly Authority[]> {
  const { directory, environment } = await fillToolbox(testCacheDirectory, () => undefined, tools);
  // A program that is only unpacked looks for its configuration among the machine's.
  const configuration = join(directory, "etc/ssl/openssl.cnf");
  const env = { ...environment, ...(existsSync(configuration) && { OPENSSL_CONF: configuration }) };
  const folder = await mkdtemp(join(tmpdir(), "holdfast-certificates-"));
  const issue = async (name: string, ...options: string[]): Promise<Certificate> => {
    const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const output = ["-keyout", key, "-out", certificate, "-days", "2", "-subj", `/CN=${name}`];
    await execa("openssl", ["req", "-x509", ...curve, ...output, ...options], { env });
    return { certificate: await readFile(certificate, "utf8"), key: await readFile(key, "utf8") };
  };
  try {
    const authorities: Authority[] = [];
    for (const name of ["first", "second"]) {
      const { certificate } = await issue(name);
      const signedBy = ["-CA", join(folder, `${name}.crt`), "-CAkey", join(folder, `${name}.key`)];
      const server = ["-addext", `subjectAltName=IP:${address}`, "-addext", "basicConstraints=critical,CA:FALSE"];
      const issued = [
        await issue(`${name}-one`, ...signedBy, ...server),
        await issue(`${name}-two`, ...signedBy, ...server),
      ];
      authorities.push({ certificate, issued });
    }
    return authorities;
  } finally {
    await rm(folder, { recursive: true });
  }
}
