import { chmod, chown, copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { execa } from "execa";
import { z } from "zod";
import { InputError } from "../model/input-error.ts";
import { withExclusiveLock } from "./exclusive-lock.ts";
import { sha256 } from "./private-registry.ts";
import type { PushableImage } from "./private-registry.ts";
import { findProgram } from "./toolbox.ts";
import type { Toolbox } from "./toolbox.ts";

/** Redis runs as this user and group; the official image has the same numbers (docker-library/redis, Dockerfile). */
const redisId = 999;

const layerSchema = z.object({
  /** The version of Redis, as it calls itself: `7.0.15`. */
  version: z.string(),
  /** The digest of what the image is assembled by: another release of Holdfast assembles it anew. */
  recipe: z.string(),
  /** The digest of the layer before compression. */
  diffId: z.string(),
});

/** The one layer of the Redis image. */
export interface RedisLayer extends z.infer<typeof layerSchema> {
  /** The layer, compressed with gzip. */
  readonly content: Uint8Array<ArrayBuffer>;
}

/**
 * Assembles the files of a Redis image out of this machine's and the toolbox' programs, once for a cache folder. The same
 * files give the same layer, byte by byte.
 */
export async function assembleRedisLayer(toolbox: Toolbox, cacheDirectory: string): Promise<RedisLayer> {
  return withExclusiveLock(`cache:${cacheDirectory}`, async () => {
    const directory = join(cacheDirectory, "redis-image");
    const cached = await readLayer(directory);
    if (cached) return cached;

    const partial = `${directory}.partial`;
    await rm(partial, { recursive: true, force: true });
    const root = join(partial, "root");
    await layOutFiles(toolbox, root);
    const tar = join(partial, "layer.tar");
    await execa("tar", ["--create", "--file", tar, "--sort=name", "--mtime=@0", "--numeric-owner", "-C", root, "."]);
    const files = await readFile(tar);
    const layer = { version: await redisVersion(toolbox), recipe, diffId: sha256(files) };
    const content = new Uint8Array(gzipSync(files));
    await writeFile(join(partial, "layer.tar.gz"), content);
    await writeFile(join(partial, "layer.json"), JSON.stringify(layer));
    await rm(root, { recursive: true });
    await rm(tar);
    await rm(directory, { recursive: true, force: true });
    await rename(partial, directory);
    return { ...layer, content };
  });
}

/** The architecture of this machine as an image names it (Go's GOARCH). */
const architectures: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  x64: "amd64",
  arm64: "arm64",
  arm: "arm",
  ia32: "386",
  ppc64: "ppc64le",
  riscv64: "riscv64",
  s390x: "s390x",
};

/**
 * The image around the layer: what the official one declares (docker-library/redis, Dockerfile) as far as a service can
 * tell, in Docker's image format (Image Manifest V2, Schema 2).
 */
export function redisImage(layer: RedisLayer, architecture: NodeJS.Architecture = process.arch): PushableImage {
  const config = JSON.stringify({
    architecture: architectures[architecture] ?? architecture,
    os: "linux",
    config: {
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", `REDIS_VERSION=${layer.version}`],
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["redis-server"],
      ExposedPorts: { "6379/tcp": {} },
      Volumes: { "/data": {} },
      WorkingDir: "/data",
    },
    rootfs: { type: "layers", diff_ids: [layer.diffId] },
    history: [{ created: "1970-01-01T00:00:00Z", created_by: "holdfast: Debian's redis-server" }],
  });
  const configBlob = new TextEncoder().encode(config);
  const manifestMediaType = "application/vnd.docker.distribution.manifest.v2+json";
  return {
    repository: "redis",
    tag: layer.version,
    blobs: [layer.content, configBlob],
    manifestMediaType,
    manifest: JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestMediaType,
      config: {
        mediaType: "application/vnd.docker.container.image.v1+json",
        size: configBlob.length,
        digest: sha256(configBlob),
      },
      layers: [
        {
          mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
          size: layer.content.length,
          digest: sha256(layer.content),
        },
      ],
    }),
  };
}

/**
 * As the official entrypoint does: options alone mean redis-server, and a server started as root hands /data to the user
 * redis and goes on as that user. setpriv has its path, since busybox' shell prefers an applet of that name.
 */
const entrypoint = `#!/bin/sh
set -e
if [ "\${1#-}" != "$1" ] || [ "\${1%.conf}" != "$1" ]; then
	set -- redis-server "$@"
fi
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
	find . ! -user redis -exec chown redis:redis '{}' +
	exec /usr/bin/setpriv --reuid=${redisId} --regid=${redisId} --clear-groups "$0" "$@"
fi
if [ "$(umask)" = 0022 ]; then
	umask 0077
fi
exec "$@"
`;

/**
 * Debian's Redis refuses other machines while no password is set; the official image is built with protected-mode off,
 * since a container's port is reached only where it is published. A configuration that sets it is left alone.
 */
const redisServer = `#!/bin/sh
case " $* " in
	*protected-mode*|*" -v "*|*" --version "*|*" -h "*|*" --help "*|*" --test-memory "*|*" --check-system "*) ;;
	*) if ! grep -qs '^ *protected-mode' "$1"; then set -- "$@" --protected-mode no; fi ;;
esac
exec /usr/bin/redis-server "$@"
`;

const users = `root:x:0:0:root:/root:/bin/sh\nredis:x:${redisId}:${redisId}::/data:/bin/sh\n`;
const groups = `root:x:0:\nredis:x:${redisId}:\n`;

const imagePrograms = ["usr/bin/redis-server", "usr/bin/redis-cli", "usr/bin/setpriv", "bin/busybox"];

const recipe = sha256(JSON.stringify([entrypoint, redisServer, users, groups, imagePrograms]));

async function layOutFiles(toolbox: Toolbox, root: string): Promise<void> {
  for (const directory of ["bin", "usr/bin", "usr/local/bin", "etc", "proc", "sys", "dev", "root"]) {
    await mkdir(join(root, directory), { recursive: true });
  }
  await mkdir(join(root, "tmp"));
  await chmod(join(root, "tmp"), 0o1777);
  await mkdir(join(root, "data"));
  await chown(join(root, "data"), redisId, redisId);
  await writeFile(join(root, "etc/passwd"), users);
  await writeFile(join(root, "etc/group"), groups);
  await writeFile(join(root, "usr/local/bin/docker-entrypoint.sh"), entrypoint, { mode: 0o755 });
  await writeFile(join(root, "usr/local/bin/redis-server"), redisServer, { mode: 0o755 });

  for (const target of imagePrograms) {
    const program = await requireProgram(toolbox, basename(target));
    await copyInto(root, program, target);
    for (const library of await sharedLibraries(toolbox, program)) {
      await copyInto(root, library.source, library.target);
    }
  }
  // Redis is one program that acts by the name it is called by (server.c, `redis_check_rdb_main`).
  for (const name of ["redis-check-aof", "redis-check-rdb", "redis-sentinel"]) {
    await symlink("redis-server", join(root, "usr/bin", name));
  }

  const { stdout } = await execa(join(root, "bin/busybox"), ["--list"]);
  const applets = stdout.split("\n").filter((name) => name !== "busybox" && name !== "setpriv");
  for (const applet of applets) await symlink("busybox", join(root, "bin", applet));
}

async function copyInto(root: string, source: string, target: string): Promise<void> {
  const path = join(root, target);
  await mkdir(dirname(path), { recursive: true });
  await copyFile(source, path);
  await chmod(path, 0o755);
}

/** The shared libraries of a program, and where the loader of the image finds them; ldd fails for a static one. */
async function sharedLibraries(toolbox: Toolbox, program: string): Promise<{ source: string; target: string }[]> {
  const { stdout } = await execa("ldd", [program], { env: toolbox.environment, reject: false });
  return parseLdd(stdout);
}

/** Reads the output of ldd(1): libraries go to /lib, the loader stays where the programs name it. */
export function parseLdd(output: string): { source: string; target: string }[] {
  return output.split("\n").flatMap((line) => {
    const [, name, source] = /^\s*(\S+) => (\/\S+) \(/.exec(line) ?? [];
    if (name !== undefined && source !== undefined) return [{ source, target: `lib/${name}` }];
    const [, loader] = /^\s*(\/\S+) \(/.exec(line) ?? [];
    return loader === undefined ? [] : [{ source: loader, target: loader.slice(1) }];
  });
}

async function redisVersion(toolbox: Toolbox): Promise<string> {
  const program = await requireProgram(toolbox, "redis-server");
  const { stdout } = await execa(program, ["--version"], { env: toolbox.environment });
  return z.string().parse(/ v=(\S+)/.exec(stdout)?.[1]);
}

async function requireProgram(toolbox: Toolbox, name: string): Promise<string> {
  const path = await findProgram(toolbox.environment, name);
  if (path !== undefined) return path;
  throw new InputError({
    path: "sandbox Redis image",
    expected: `the program ${name}`,
    got: "none on this machine or in the packages",
    fix: "Remove the cache folder of the sandbox and start it again",
  });
}

async function readLayer(directory: string): Promise<RedisLayer | undefined> {
  try {
    const layer = layerSchema.parse(JSON.parse(await readFile(join(directory, "layer.json"), "utf8")));
    if (layer.recipe !== recipe) return undefined;
    return { ...layer, content: new Uint8Array(await readFile(join(directory, "layer.tar.gz"))) };
  } catch {
    return undefined; // Not assembled yet, or not to the end.
  }
}
