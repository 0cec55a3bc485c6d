import assert from "node:assert/strict";
import { endOwnedProcesses } from "../../lab/host/owned-process.ts";
import { fillToolbox } from "../../lab/host/toolbox.ts";
import {
  freePort,
  hasImage,
  pushImage,
  sha256,
  startRegistry,
  type PrivateRegistry,
} from "../../lab/images/registry.ts";
import { testCacheDirectory } from "../support/sandbox.ts";
import { atEnd, newFolder, shared, type AttackCase } from "./case.ts";
import { asStranger } from "./stranger.ts";

/** What a sandbox runs, with one image in it. */
interface FilledRegistry {
  readonly registry: PrivateRegistry;
  readonly reference: string;
}

const filledRegistry = shared(async (): Promise<FilledRegistry> => {
  const directory = await newFolder();
  const lab = process.pid.toString(16).padStart(8, "0");
  const registry = { lab, directory, address: `127.0.0.1:${await freePort("127.0.0.1", 5999)}` };
  atEnd(() => endOwnedProcesses(lab));
  await startRegistry(registry, await fillToolbox(testCacheDirectory, () => undefined));
  const config = new Uint8Array(Buffer.from("{}"));
  const mediaType = "application/vnd.docker.distribution.manifest.v2+json";
  const about = { mediaType: "application/vnd.docker.container.image.v1+json", size: 2, digest: sha256(config) };
  const reference = await pushImage(registry, {
    repository: "redis",
    tag: "7",
    blobs: [config],
    manifest: JSON.stringify({ schemaVersion: 2, mediaType, config: about, layers: [] }),
    manifestMediaType: mediaType,
  });
  return { registry, reference };
});

const requests: Readonly<Record<string, { method: string; path: string; body?: string }>> = {
  "begin an upload": { method: "POST", path: "/v2/redis/blobs/uploads/" },
  "begin an upload under another name": { method: "POST", path: "/v2/mine/blobs/uploads/" },
  "exchange what a tag names": { method: "PUT", path: "/v2/redis/manifests/7", body: '{"schemaVersion":2}' },
  "delete a tag": { method: "DELETE", path: "/v2/redis/manifests/7" },
  "delete a blob": { method: "DELETE", path: `/v2/redis/blobs/sha256:${"0".repeat(64)}` },
};

const ask = `
  const [url, method, body] = process.argv.slice(1);
  fetch(url, { method, body, headers: { "Content-Type": "application/vnd.docker.distribution.manifest.v2+json" } })
    .then(({ status }) => console.log(status), ({ message }) => console.log(message));
`;

/** What other users of the machine can do to the registry of a sandbox. */
export const closedRegistry: readonly AttackCase[] = Object.entries(requests).map(([what, { method, path, body }]) => ({
  group: "access",
  name: `another user cannot ${what} in a sandbox's registry`,
  async run() {
    const { registry, reference } = await filledRegistry();
    const given = body === undefined ? [] : [body];
    assert.equal(await asStranger(ask, `http://${registry.address}${path}`, method, ...given), "405");
    assert.ok(await hasImage(registry, reference), "the image is gone");
  },
}));
