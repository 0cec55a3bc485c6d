import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { fillToolbox, type Toolbox, type ToolboxContents } from "../../lab/host/toolbox.ts";
import { assembleImage, requireProgram, type FolderCopy, type ImageRecipe } from "../../lab/images/assembled-image.ts";
import { pushBackupImage } from "../../lab/images/backup.ts";
import { labRegistry, pushImage } from "../../lab/images/registry.ts";
import { testCacheDirectory } from "./sandbox.ts";

/** Makes an image of Debian's PostgreSQL, puts it into the registry of a sandbox or a lab and returns its reference by digest. */
export async function pushPostgresqlImage(
  swarm: Parameters<typeof labRegistry>[0],
  cacheDirectory = testCacheDirectory,
): Promise<string> {
  const { toolbox, root } = await postgresqlToolbox(cacheDirectory);
  return pushImage(
    labRegistry(swarm),
    await assembleImage(await postgresqlRecipe(toolbox, root), toolbox, cacheDirectory),
  );
}

/** Makes the image that backs such a PostgreSQL up. */
export async function pushPostgresqlBackupImage(swarm: Parameters<typeof labRegistry>[0]): Promise<string> {
  const { toolbox, root } = await postgresqlToolbox();
  const { tag, files } = await postgresqlRecipe(toolbox, root);
  const [server = "", ...others] = files.programs;
  const programs = ["pg_basebackup", "pg_receivewal", "pg_verifybackup"].map((name) => join(dirname(server), name));
  return pushBackupImage(swarm, testCacheDirectory, undefined, {
    ...{ name: "postgres", version: tag, folders: files.folders, links: {} },
    ...{ programs: [server, ...others, ...programs], path: toolbox.environment["PATH"] ?? "" },
  });
}

/** PostgreSQL's programs of the newest version that is there, and below which folder its packages lie. */
export async function postgresqlToolbox(
  cacheDirectory = testCacheDirectory,
): Promise<{ toolbox: Toolbox; root: string }> {
  const filled = await fillToolbox(cacheDirectory, () => undefined, postgresqlTools);
  const root = [filled.directory, "/"].find((each) => existsSync(join(each, serverFolder))) ?? "/";
  const versions = await readdir(join(root, serverFolder));
  const programs = join(root, serverFolder, versions.sort((one, other) => Number(other) - Number(one))[0] ?? "", "bin");
  const PATH = `${programs}:${filled.environment["PATH"] ?? ""}`;
  return { toolbox: { ...filled, environment: { ...filled.environment, PATH } }, root };
}

/** Where Debian keeps the programs of PostgreSQL, a folder for each version. */
const serverFolder = "usr/lib/postgresql";

/** PostgreSQL runs as this user and group, as in the official image for Debian (docker-library/postgres, Dockerfile). */
const postgresqlId = 999;

/** The toolbox that PostgreSQL's image is made from. */
const postgresqlTools: ToolboxContents = {
  name: "postgresql-toolbox",
  packages: { postgresql: "pg_ctlcluster", "busybox-static": "busybox" },
  programs: ["setpriv"],
};

/**
 * How to make an image of Debian's PostgreSQL that is to a service what the official one is (docker-library/postgres):
 * the same folders, variables, user and entry point, as far as one password and one database go.
 */
async function postgresqlRecipe(toolbox: Toolbox, root: string): Promise<ImageRecipe> {
  const server = await requireProgram(toolbox, "postgres", "postgres");
  const { stdout } = await execa(server, ["--version"], { env: toolbox.environment });
  const [, version, major] = z
    .string()
    .array()
    .parse(/ ((\d+)[\d.]*)/.exec(stdout));
  return recipeFor({ version: z.string().parse(version), major: z.string().parse(major), root });
}

/** The recipe for the PostgreSQL whose packages lie below a folder. */
function recipeFor({ version, major, root }: { version: string; major: string; root: string }): ImageRecipe {
  const programs = `usr/lib/postgresql/${major}/bin`;
  const folder = (path: string, except?: RegExp): FolderCopy => ({
    from: [join(root, path), join("/", path)].find((each) => existsSync(each)) ?? path,
    to: path,
    ...(except && { except }),
  });
  // Version 18 moved the data (docker-library/docs, postgres, PGDATA).
  const isMoved = Number(major) >= 18;
  const volume = isMoved ? "var/lib/postgresql" : "var/lib/postgresql/data";
  return {
    repository: "postgres",
    tag: version,
    origin: `Debian's postgresql-${major}`,
    files: {
      programs: ["postgres", "initdb", "psql", "pg_isready"].map((name) => `${programs}/${name}`),
      folders: [
        folder(`usr/share/postgresql/${major}`, /^man$/u),
        // The compiler that turns queries into machine code is large, and PostgreSQL does without.
        folder(`usr/lib/postgresql/${major}/lib`, /^(?:llvmjit.*|bitcode|pgxs)$/u),
        folder("usr/share/zoneinfo", /^(?:right|posix)$/u),
        folder("usr/lib/locale/C.utf8"),
      ],
      texts: { "usr/local/bin/docker-entrypoint.sh": entrypoint },
      links: {},
      user: { name: "postgres", id: postgresqlId, home: "/var/lib/postgresql" },
      // A file system in memory that is mounted over a folder takes over its mode, not its owner.
      userFolders: { [volume]: 0o1777, "var/run/postgresql": 0o3777 },
    },
    config: {
      Env: [
        `PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/${programs}`,
        "LANG=C.UTF-8",
        `PG_MAJOR=${major}`,
        `PG_VERSION=${version}`,
        `PGDATA=/${isMoved ? `${volume}/${major}/docker` : volume}`,
      ],
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["postgres"],
      ExposedPorts: { "5432/tcp": {} },
      Volumes: { [`/${volume}`]: {} },
      StopSignal: "SIGINT",
    },
  };
}

/**
 * As the official entrypoint does: a server without data gets some, from `POSTGRES_USER`, `POSTGRES_PASSWORD` or
 * `POSTGRES_PASSWORD_FILE`, `POSTGRES_DB` and `POSTGRES_INITDB_ARGS`; it asks for the password over the network, and listens
 * to every address. Once it has data, it runs the scripts for that. A server started as root goes on as the user postgres.
 */
const entrypoint = `#!/bin/sh
set -eu
if [ "\${1#-}" != "$1" ]; then
	set -- postgres "$@"
fi
if [ "$1" = postgres ] && [ "$(id -u)" = 0 ]; then
	mkdir -p "$PGDATA"
	chown -R postgres:postgres "$PGDATA" /var/run/postgresql
	exec /usr/bin/setpriv --reuid=${postgresqlId} --regid=${postgresqlId} --clear-groups "$0" "$@"
fi
if [ "$1" = postgres ]; then
	shift
	set -- postgres -c listen_addresses='*' "$@"
	if [ ! -s "$PGDATA/PG_VERSION" ]; then
		user=\${POSTGRES_USER:-postgres}
		database=\${POSTGRES_DB:-$user}
		if [ -n "\${POSTGRES_PASSWORD_FILE:-}" ]; then
			POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
		fi
		if [ -z "\${POSTGRES_PASSWORD:-}" ]; then
			echo "Error: the database is not initialised and no password is given: set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE" >&2
			exit 1
		fi
		mkdir -p "$PGDATA"
		chmod 700 "$PGDATA"
		(umask 077 && printf '%s\\n' "$POSTGRES_PASSWORD" > /tmp/password)
		initdb --pgdata="$PGDATA" --username="$user" --pwfile=/tmp/password \${POSTGRES_INITDB_ARGS:-}
		rm /tmp/password
		echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
		if [ "$database" != postgres ]; then
			echo "CREATE DATABASE \\"$database\\"" | postgres --single -D "$PGDATA" postgres > /dev/null
		fi
		if [ -d /docker-entrypoint-initdb.d ]; then
			postgres -c listen_addresses= & server=$!
			until pg_isready -q -U "$user"; do sleep 0.1; done
			for script in /docker-entrypoint-initdb.d/*.sh; do . "$script"; done
			kill -INT "$server"
			wait "$server"
		fi
	fi
fi
exec "$@"
`;
