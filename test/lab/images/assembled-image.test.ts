import assert from "node:assert/strict";
import { z } from "zod";
import { imageOf, parseLdd } from "../../../lab/images/assembled-image.ts";
import { redisRecipeFor } from "../../../lab/images/redis.ts";
import { sha256 } from "../../../lab/images/registry.ts";

const manifestSchema = z.object({ config: z.looseObject({}), layers: z.array(z.looseObject({})) });

describe("an assembled image", () => {
  const recipe = redisRecipeFor("7.0.15");
  const layer = { diffId: sha256("tar"), content: new TextEncoder().encode("gzip") };

  it("names each of its blobs by digest and size", () => {
    const { manifest, blobs } = imageOf(
      recipe,
      [layer, { ...layer, content: new TextEncoder().encode("program") }],
      "x64",
    );
    const { config, layers } = manifestSchema.parse(JSON.parse(manifest));
    const named = [...layers, config].map((blob) => JSON.stringify(blob));
    for (const [index, blob] of blobs.entries()) {
      const text = named[index] ?? "";
      assert.ok(text.includes(`"size":${blob.length}`) && text.includes(sha256(blob)), text);
    }
    assert.equal(blobs.length, named.length);
  });

  it("of Redis declares what the official image declares", () => {
    const { blobs, repository, tag } = imageOf(recipe, [layer], "arm64");
    assert.deepEqual([repository, tag], ["redis", "7.0.15"]);
    const config: unknown = JSON.parse(new TextDecoder().decode(blobs[1]));
    assert.deepEqual(config, {
      architecture: "arm64",
      os: "linux",
      config: {
        Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "REDIS_VERSION=7.0.15"],
        Entrypoint: ["docker-entrypoint.sh"],
        Cmd: ["redis-server"],
        ExposedPorts: { "6379/tcp": {} },
        Volumes: { "/data": {} },
        WorkingDir: "/data",
      },
      rootfs: { type: "layers", diff_ids: [layer.diffId] },
      history: [{ created: "1970-01-01T00:00:00Z", created_by: "holdfast: Debian's redis-server" }],
    });
  });

  it("is the same image for the same files", () => {
    assert.deepEqual(imageOf(recipe, [layer], "x64"), imageOf(redisRecipeFor("7.0.15"), [{ ...layer }], "x64"));
  });

  it("takes the libraries that ldd finds, and the loader where programs name it", () => {
    const output = [
      "\tlinux-vdso.so.1 (0x00007f3968dca000)",
      "\tliblzf.so.1 => /cache/usr/lib/x86_64-linux-gnu/liblzf.so.1 (0x00007f3968da9000)",
      "\t/lib64/ld-linux-x86-64.so.2 (0x00007f3968dcc000)",
    ].join("\n");
    assert.deepEqual(parseLdd(output), [
      { source: "/cache/usr/lib/x86_64-linux-gnu/liblzf.so.1", target: "lib/liblzf.so.1" },
      { source: "/lib64/ld-linux-x86-64.so.2", target: "lib64/ld-linux-x86-64.so.2" },
    ]);
    assert.deepEqual(parseLdd("\tnot a dynamic executable\n"), []);
  });
});
