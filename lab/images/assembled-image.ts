import { chmod, chown, copyFile, cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { execa } from "execa";
import { z } from "zod";
import { SituationError } from "../../text/situation-error.ts";
import { withExclusiveLock } from "../host/exclusive-lock.ts";
import { findProgram } from "../host/toolbox.ts";
import type { Toolbox } from "../host/toolbox.ts";
import { sha256 } from "./registry.ts";
import type { PushableImage } from "./registry.ts";

/** What an image declares, in the words of Docker's image format. */
export interface ImageConfig {
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly Volumes: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly StopSignal?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

/** A folder of the image with what is in a folder of this machine. */
export interface FolderCopy {
  readonly from: string;
  readonly to: string;
  /** Names of files and folders to leave out. */
  readonly except?: RegExp;
}

/** The files of an image: those of one server, a shell, and nothing else. */
export interface ImageFiles {
  /** Programs of the toolbox, by their places in the image; their shared libraries come along. */
  readonly programs: readonly string[];
  /** What the programs read besides; libraries in them bring the libraries that they need. */
  readonly folders: readonly FolderCopy[];
  /** Texts by their places; one that begins with `#!` is a program. */
  readonly texts: Readonly<Record<string, string>>;
  /** Symbolic links, and what they point to. */
  readonly links: Readonly<Record<string, string>>;
  /** Who the server runs as: the only user besides root. */
  readonly user: { readonly name: string; readonly id: number; readonly home: string };
  /** Folders that belong to that user, and their modes. */
  readonly userFolders: Readonly<Record<string, number>>;
}

/** How to make one image. */
export interface ImageRecipe {
  readonly repository: string;
  /** The version of the server, as it calls itself: `7.0.15`. */
  readonly tag: string;
  /** Whose files these are, for the image's history. */
  readonly origin: string;
  readonly files: ImageFiles;
  /** A layer of its own for folders that change more often than the other files; it is made anew each time. */
  readonly program?: readonly FolderCopy[];
  readonly config: ImageConfig;
}

const cachedLayerSchema = z.object({
  /** The digest of what the layer is assembled by: other files, or another release of Holdfast, assemble it again. */
  recipe: z.string(),
  diffId: z.string(),
});

/** A layer of an image. */
export interface ImageLayer {
  /** The digest of the layer before compression. */
  readonly diffId: string;
  /** The layer, compressed with gzip. */
  readonly content: Uint8Array<ArrayBuffer>;
}

/**
 * Assembles an image out of this machine's and the toolbox' programs; its files once for a cache folder. The same files
 * give the same image, byte by byte.
 *
 * @throws SituationError when one of its programs is nowhere
 */
export async function assembleImage(
  recipe: ImageRecipe,
  toolbox: Toolbox,
  cacheDirectory: string,
): Promise<PushableImage> {
  const layers = await withExclusiveLock(`cache:${cacheDirectory}`, async () => {
    const directory = join(cacheDirectory, `${recipe.repository}-image`);
    const files = await assembleLayer(recipe, toolbox, directory);
    return recipe.program === undefined ? [files] : [files, await programLayer(recipe.program, `${directory}.partial`)];
  });
  return imageOf(recipe, layers);
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

/** The image around its layers, in Docker's image format (Image Manifest V2, Schema 2). */
export function imageOf(
  { repository, tag, origin, config }: ImageRecipe,
  layers: readonly ImageLayer[],
  architecture: NodeJS.Architecture = process.arch,
): PushableImage {
  const configBlob = new TextEncoder().encode(
    JSON.stringify({
      architecture: architectures[architecture] ?? architecture,
      os: "linux",
      config,
      rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(() => ({ created: "1970-01-01T00:00:00Z", created_by: `holdfast: ${origin}` })),
    }),
  );
  const manifestMediaType = "application/vnd.docker.distribution.manifest.v2+json";
  return {
    repository,
    tag,
    blobs: [...layers.map(({ content }) => content), configBlob],
    manifestMediaType,
    manifest: JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestMediaType,
      config: {
        mediaType: "application/vnd.docker.container.image.v1+json",
        size: configBlob.length,
        digest: sha256(configBlob),
      },
      layers: layers.map(({ content }) => ({
        mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
        size: content.length,
        digest: sha256(content),
      })),
    }),
  };
}

async function assembleLayer(recipe: ImageRecipe, toolbox: Toolbox, directory: string): Promise<ImageLayer> {
  const digest = sha256(
    JSON.stringify([recipe.tag, recipe.files, shellPrograms], (_, value: unknown) =>
      value instanceof RegExp ? value.source : value,
    ),
  );
  const cached = await readLayer(directory, digest);
  if (cached) return cached;

  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  const root = join(partial, "root");
  await layOutFiles(recipe, toolbox, root);
  const layer = await packed(root, partial);
  await writeFile(join(partial, "layer.tar.gz"), layer.content);
  await writeFile(join(partial, "layer.json"), JSON.stringify({ recipe: digest, diffId: layer.diffId }));
  await rm(root, { recursive: true });
  await rm(directory, { recursive: true, force: true });
  await rename(partial, directory);
  return layer;
}

async function programLayer(folders: readonly FolderCopy[], partial: string): Promise<ImageLayer> {
  await rm(partial, { recursive: true, force: true });
  const root = join(partial, "root");
  for (const folder of folders) await copyFolder(root, folder);
  const layer = await packed(root, partial);
  await rm(partial, { recursive: true });
  return layer;
}

/** The layer of a folder's files, through a file in another folder. */
async function packed(root: string, beside: string): Promise<ImageLayer> {
  const tar = join(beside, "layer.tar");
  // Whatever the umask: the server is another user than the one who assembles.
  const readable = ["--mode", "a+rX"];
  await execa("tar", [
    "--create",
    "--file",
    tar,
    "--sort=name",
    "--mtime=@0",
    "--numeric-owner",
    ...readable,
    "-C",
    root,
    ".",
  ]);
  const files = await readFile(tar);
  await rm(tar);
  return { diffId: sha256(files), content: new Uint8Array(gzipSync(files)) };
}

async function readLayer(directory: string, digest: string): Promise<ImageLayer | undefined> {
  try {
    const { recipe, diffId } = cachedLayerSchema.parse(
      JSON.parse(await readFile(join(directory, "layer.json"), "utf8")),
    );
    if (recipe !== digest) return undefined;
    return { diffId, content: new Uint8Array(await readFile(join(directory, "layer.tar.gz"))) };
  } catch {
    return undefined; // Not assembled yet, or not to the end.
  }
}

/** What every image has besides its server: a shell with its usual commands, the way down from root, and locks, which Debian's busybox lacks. */
const shellPrograms = ["bin/busybox", "usr/bin/setpriv", "usr/bin/flock"];

async function layOutFiles({ repository, files }: ImageRecipe, toolbox: Toolbox, root: string): Promise<void> {
  const { user } = files;
  for (const directory of ["bin", "usr/bin", "usr/local/bin", "etc", "proc", "sys", "dev", "root", "tmp"]) {
    await mkdir(join(root, directory), { recursive: true });
  }
  await chmod(join(root, "tmp"), 0o1777);
  for (const [folder, mode] of Object.entries(files.userFolders)) {
    await mkdir(join(root, folder), { recursive: true });
    await chown(join(root, folder), user.id, user.id);
    await chmod(join(root, folder), mode);
  }
  const texts = {
    "etc/passwd": `root:x:0:0:root:/root:/bin/sh\n${user.name}:x:${user.id}:${user.id}::${user.home}:/bin/sh\n`,
    "etc/group": `root:x:0:\n${user.name}:x:${user.id}:\n`,
    ...files.texts,
  };
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text, { mode: text.startsWith("#!") ? 0o755 : 0o644 });
  }

  const programs = [...files.programs, ...shellPrograms];
  const sources = await Promise.all(programs.map((path) => requireProgram(toolbox, basename(path), repository)));
  for (const [index, source] of sources.entries()) await copyInto(root, source, programs[index] ?? source);
  for (const folder of files.folders) await copyFolder(root, folder);
  const modules = (await readdir(root, { recursive: true })).filter((path) => path.endsWith(".so"));
  const needing = [...sources, ...modules.map((path) => join(root, path))];
  for (const { source, target } of await sharedLibraries(toolbox, needing)) {
    await copyInto(root, source, target);
  }
  for (const [path, target] of Object.entries(files.links)) await symlink(target, join(root, path));

  const { stdout } = await execa(join(root, "bin/busybox"), ["--list"]);
  const applets = stdout.split("\n").filter((name) => !shellPrograms.some((path) => basename(path) === name));
  for (const applet of applets) await symlink("busybox", join(root, "bin", applet));
}

/** Copies a folder, or a file, into the files of an image. */
export async function copyFolder(root: string, { from, to, except }: FolderCopy): Promise<void> {
  await cp(from, join(root, to), {
    recursive: true,
    dereference: true,
    filter: (source) => except?.test(basename(source)) !== true,
  });
}

async function copyInto(root: string, source: string, target: string): Promise<void> {
  const path = join(root, target);
  await mkdir(dirname(path), { recursive: true });
  await copyFile(source, path);
  await chmod(path, 0o755);
}

/** The shared libraries of programs, and where the loader of the image finds them; ldd fails for a static one. */
async function sharedLibraries(toolbox: Toolbox, programs: string[]): Promise<{ source: string; target: string }[]> {
  const { stdout } = await execa("ldd", programs, { env: toolbox.environment, reject: false });
  const found = new Map(parseLdd(stdout).map((library) => [library.target, library]));
  return [...found.values()];
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

/**
 * The path of a program that an image needs.
 *
 * @throws SituationError when it is neither in the toolbox nor on the machine
 */
export async function requireProgram(toolbox: Toolbox, name: string, image: string): Promise<string> {
  const path = await findProgram(toolbox.environment, name);
  if (path !== undefined) return path;
  throw new SituationError({
    what: `The program ${name} of the image ${image} is neither on this machine nor in the packages`,
    fix: "Remove the cache folder of the sandbox and start it again",
  });
}
