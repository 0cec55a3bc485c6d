import { execa } from "execa";
import { z } from "zod";
import type { Toolbox } from "../host/toolbox.ts";
import { requireProgram, type ImageRecipe } from "./assembled-image.ts";

/** Redis runs as this user and group; the official image has the same numbers (docker-library/redis, Dockerfile). */
const redisId = 999;

/** How to make an image of Debian's Redis that is to a service what the official one is (docker-library/redis, Dockerfile). */
export async function redisRecipe(toolbox: Toolbox): Promise<ImageRecipe> {
  const program = await requireProgram(toolbox, "redis-server", "redis");
  const { stdout } = await execa(program, ["--version"], { env: toolbox.environment });
  const version = z.string().parse(/ v=(\S+)/.exec(stdout)?.[1]);
  return redisRecipeFor(version);
}

/** The recipe for one version of Redis. */
export function redisRecipeFor(version: string): ImageRecipe {
  return {
    repository: "redis",
    tag: version,
    origin: "Debian's redis-server",
    files: {
      programs: ["usr/bin/redis-server", "usr/bin/redis-cli"],
      folders: [],
      texts: {
        "usr/local/bin/docker-entrypoint.sh": entrypoint,
        "usr/local/bin/redis-server": redisServer,
      },
      // Redis is one program that acts by the name it is called by (server.c, `redis_check_rdb_main`).
      links: Object.fromEntries(
        ["redis-check-aof", "redis-check-rdb", "redis-sentinel"].map((name) => [`usr/bin/${name}`, "redis-server"]),
      ),
      user: { name: "redis", id: redisId, home: "/data" },
      userFolders: { data: 0o755 },
    },
    config: {
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", `REDIS_VERSION=${version}`],
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["redis-server"],
      ExposedPorts: { "6379/tcp": {} },
      Volumes: { "/data": {} },
      WorkingDir: "/data",
    },
  };
}

/**
 * As the official entrypoint does: options alone mean redis-server, and a server started as root hands /data to the user
 * redis and continues as that user. setpriv has its path, since busybox' shell prefers an applet of that name.
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
