import { InputError, showValue } from "../../text/input-error.ts";
import { matching } from "../../text/matching.ts";
import { quotedWord } from "../../text/shell-words.ts";

/** The file at the top of a data volume that names the store it belongs to. */
export const storeMarker = ".holdfast-store";

/** The file next to the mark that a running server keeps locked. */
export const volumeLockFile = ".holdfast-lock";

/** On the volume that a store's data is being moved to: whose it is, and a number that grows while it comes. It is there until all has come. */
export const arrivingFile = ".holdfast-arriving";

/** On that volume: a server waits for the rest of the data. */
export const wantedFile = ".holdfast-wanted";

/** On the volume that a store's data was moved from, in place of the mark: whose it was, and where it is. */
export const movedFile = ".holdfast-moved";

/** The start script's path in the container. */
export const startScriptPath = "/etc/holdfast/start";

/** The variable that tells the task of a first start which store's mark to set on an unmarked volume; no other task has it. */
export const firstStartVariable = "HOLDFAST_FIRST_START";

/** The variable that tells the task before a service's creation which store's volumes to release for that service. */
export const creationVariable = "HOLDFAST_CREATION";

/** The variable with the id of the server's service, which differs between two checkouts of one stack. */
export const serviceVariable = "HOLDFAST_SERVICE";

/** The environment of a service with a start script; Swarm fills in the id. */
export const guardEnvironment = { [serviceVariable]: "{{.Service.ID}}" };

/** A file that exists while a start script prepares the data; health checks treat it as a sign of life. */
export const preparingFile = "/tmp/holdfast-preparing";

/** What a container does before its server starts. */
export interface StartGuard {
  /** Names the store; never changes during the life of its data. */
  identity: string;
  /** Where the data volumes are mounted. */
  dataPaths: string[];
  /** Environment variables of the server. */
  environment?: Record<string, string>;
  /**
   * Shell lines that set `product` and `major`, the server's name and major version, for a server that makes its files unreadable
   * to older versions. They are recorded on the volume; the same product with a lower number refuses to start.
   */
  serverVersion?: string;
  /** Shell lines that prepare the data; they may call `refuse <message>`. */
  preparation?: string;
}

/**
 * Parses the time until which a first start is allowed.
 *
 * @param time - such as `2026-11-23T12:00:00Z`; or `2026-11-23 12:00:00 +0000 UTC`, which Pulumi makes of an unquoted time in a
 * settings file, as an earlier version of Holdfast wrote it
 * @param path - its path, for the error
 * @returns seconds since 1970
 * @throws InputError when it is not a time with a zone
 */
export function parseFirstStart(time: string, path: string): number {
  const iso = time.replace(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) \+0000 UTC$/u, "$1T$2Z");
  const seconds = Date.parse(iso) / 1000;
  if (/^[^T]*T.*(?:Z|[+-]\d\d:\d\d)$/u.test(iso) && Number.isInteger(seconds)) return seconds;
  throw new InputError({
    path,
    expected: "a time in whole seconds with its zone, such as 2026-11-23T12:00:00Z",
    got: showValue(time),
    fix: "Give the time until which an empty volume may become this store's, an hour from now for example",
  });
}

/**
 * Checks a store's identity.
 *
 * @throws InputError when it is empty or has characters that a shell would not read literally
 */
export const requireIdentity = matching(/^[\w./-]+$/u, {
  expected: "letters, digits, '.', '_', '/' and '-'",
  fix: "Name the store, for example shop/prod/redis",
});

/**
 * Writes the script that a container runs before its server. It refuses to start on a volume without the store's mark, unless a
 * first start is requested.
 *
 * The mark is needed because an empty local volume is created wherever a task starts. A separate task sets it by running this
 * script once before the store's first server ({@link firstStartVariable}). A server never sets it, however soon it is restarted
 * and whatever its node's clock says.
 *
 * The server's major version is recorded next to the mark before the server can change a file. A marked volume without a recorded
 * version is accepted and gets one.
 *
 * Before examining a volume, it locks a file in it. The server inherits the open file, so the kernel releases the lock when that
 * process ends, however it ends: two servers never run on one volume, and a dead one blocks nothing. The lock file also has the
 * id of the service that used the volume last: while no server runs, as during an update, another checkout's server gives way to
 * it. Creating a service releases the volume immediately; a restored volume, or one whose service was removed, is free once the
 * others have given way. If the image has no `flock`, or the file system no locks, the script says so and starts; the mark still
 * applies.
 *
 * The script needs a POSIX shell with `id`, `mv`, `rm`, `sleep` and `sync`. It ends by running the image's
 * `docker-entrypoint.sh`, if any.
 */
export function startScript({ identity, dataPaths, environment, serverVersion, preparation }: StartGuard): string {
  const exports = Object.entries(environment ?? {}).map(([name, value]) => `export ${name}=${quotedWord(value)}`);
  return `# Written by Holdfast: starts the server on the data of this store, and on no other.
set -eu
identity=${quotedWord(identity)}
first_start=\${${firstStartVariable}-}
creation=\${${creationVariable}-}
service=\${${serviceVariable}-}
patience=3
step_back_seconds=15
once=
if [ "$first_start" = "$identity" ]; then once=yes; fi
if [ "$creation" = "$identity" ]; then once=yes patience=60; fi

refuse() {
  echo "holdfast: refused to start: $1" >&2
  exit 78
}

require_readable() {
  [ -r "$1" ] || refuse "$1: expected a file that user $(id -u) may read, got another's. Give the files of the volume to that user."
}

# Locks a file for as long as this process runs, the server that it becomes included: the open file is inherited.
lock() {
  [ ! -L "$1/${volumeLockFile}" ] || refuse "$1/${volumeLockFile}: expected a file, got a link to another one. Remove it; it holds no data."
  [ ! -e "$1/${volumeLockFile}" ] || [ -f "$1/${volumeLockFile}" ] || refuse "$1/${volumeLockFile}: expected a file, got something else. Remove it; it holds no data."
  opening=">>"
  if ! (true >> "$1/${volumeLockFile}") 2> /dev/null; then
    # Another user's file, as after a change of the server's user: it can be locked without being written.
    [ -e "$1/${volumeLockFile}" ] || refuse "$1: expected room for the file ${volumeLockFile}, got an error. Make room, and start again."
    require_readable "$1/${volumeLockFile}"
    opening="<"
  fi
  if ! command -v flock > /dev/null; then
    echo "holdfast: $1: the image has no program flock, so that a second server on this data would not be noticed" >&2
    return
  fi
  eval "exec $descriptor$opening \\"\\$1/${volumeLockFile}\\""
  tries=0
  until said=$(flock -n $descriptor 2>&1); do
    if [ -n "$said" ]; then
      echo "holdfast: $1: no lock can be had, so that a second server on this data would not be noticed: $said" >&2
      return
    fi
    # A server that was killed a moment ago may not be gone to the end; before a creation the former one may still be stopping.
    tries=$((tries + 1))
    if [ $tries -gt \${patience} ]; then
      read_claim "$1"
      refuse "$1: expected data that no other server writes, got that of a server which runs\${holder:+ in the container $holder}. Two servers on one volume destroy its data: give this one a volume of its own, or end the other one first."
    fi
    sleep 1
  done
}

# Which service had the volume last, and which container.
read_claim() {
  claimed=
  holder=
  while read -r key value; do
    case $key in service) claimed=$value ;; container) holder=$value ;; esac
  done < "$1/${volumeLockFile}"
}

# Lets the server of the service that had the volume last go first, which may just be between two tasks.
step_back() {
  read_claim "$1"
  if [ -z "$service" ] || [ -z "$claimed" ] || [ "$claimed" = "$service" ]; then return; fi
  echo "holdfast: $1: the service $claimed had this data last; this one starts in $step_back_seconds s unless that one does" >&2
  eval "exec $descriptor>&-"
  sleep "$step_back_seconds"
  lock "$1"
}

# Claims the volume for this service; it starts all the same where there is no room to note it.
claim() {
  { echo "service $service" && echo "container \${HOSTNAME-}"; } 2> /dev/null > "$1/${volumeLockFile}" || true
}

# A service that is to be created gives the volume free, for itself.
give_free() {
  if [ "$creation" = "$identity" ]; then (: > "$1/${volumeLockFile}") 2> /dev/null || true; fi
}

# Writes the mark whole or not at all.
mark() {
  rm -f "$marker.new" && {
    echo "$identity" && { [ -z "$others" ] || echo "$others"; } && { [ -z "$major" ] || echo "$product $major"; }
  } > "$marker.new" && sync && mv -f "$marker.new" "$marker" && sync
}

# Data of this store that is being moved here: asks for the rest, and waits until it is whole, as long as it comes.
await_arrival() {
  arriving=$1/${arrivingFile}
  read_arrival
  [ "$found" = "$identity" ] || refuse "$1: expected the data of $identity, got that of $found, which is being moved here. Mount the volume of $identity."
  wanted=$1/${wantedFile}
  trap 'rm -f "$wanted"; exit 143' TERM INT
  echo "\${HOSTNAME-}" > "$wanted" || refuse "$1: expected room for the file ${wantedFile}, got an error. Make room, and start again."
  echo "holdfast: $1: waiting for the rest of the data of $identity, which is being moved here"
  former=
  idle=0
  while [ ! -s "$1/${storeMarker}" ]; do
    [ -e "$arriving" ] || break
    read_arrival
    if [ "$number" != "$former" ]; then former=$number idle=0; fi
    if [ "$idle" -gt "$arrival_patience" ]; then
      rm -f "$wanted"
      refuse "$1: expected the rest of the data of $identity, which is being moved here, got none for 20 s. It is whole where it was: run the move again."
    fi
    if sleep 0.1 2> /dev/null; then idle=$((idle + 1)); else sleep 1; idle=$((idle + 10)); fi
  done
  trap - TERM INT
}

# Whose data is coming, and how much has come.
read_arrival() {
  found=
  number=
  { read -r found && read -r number; } 2> /dev/null < "$arriving" || true
}

arrival_patience=200
product=
major=
descriptor=10
${serverVersion === undefined ? "" : `${serverVersion}\ncase $major in *[!0-9]*) major= ;; esac\n`}
for path in ${dataPaths.map(quotedWord).join(" ")}; do
  marker=$path/${storeMarker}
  noted=
  others=
  [ -w "$path" ] || refuse "$path: expected a folder that user $(id -u) may write, got another's. Give the volume to that user."
  # What has a mark already is the server's to judge, and may be locked by one that runs.
  if [ -n "$once" ] && [ "$creation" != "$identity" ] && [ -s "$marker" ]; then continue; fi
  descriptor=$((descriptor - 1))
  lock "$path"
  if [ ! -s "$marker" ] && [ -e "$path/${arrivingFile}" ]; then
    [ -z "$once" ] || refuse "$path: expected a volume for a first start, got one that data is being moved to. Wait until that is over."
    await_arrival "$path"
  fi
  if [ -s "$marker" ]; then
    require_readable "$marker"
    {
      read -r found || true
      while read -r name number; do
        if [ "$name" = "$product" ]; then noted=$number; else others="\${others:+$others
}$name $number"; fi
      done
    } < "$marker"
    if [ -n "$once" ]; then
      if [ "$found" = "$identity" ]; then give_free "$path"; fi
      continue
    fi
    [ "$found" = "$identity" ] || refuse "$path: expected the data of $identity, got that of $found. Mount the volume of $identity, or name that store as this one's identity."
    step_back "$path"
    case $noted in *[!0-9]*) noted= ;; esac
    if [ -n "$major" ] && [ "$major" -lt "\${noted:-0}" ]; then
      refuse "$path: expected $product $noted or newer, which has run on this data and may have changed its files, got $product $major. Use $product $noted again, or restore a backup from before it."
    elif [ -n "$major" ] && [ "$major" != "$noted" ]; then
      if mark; then
        echo "holdfast: $product $major starts on $path\${noted:+, on which $product $noted ran before}"
      elif [ -n "$noted" ]; then
        refuse "$path: expected room to note that $product $major runs on it from now on, got an error. Make room, and start again; the data is as $product $noted left it."
      else
        echo "holdfast: $path: no room to note that $product $major runs on it" >&2
      fi
    fi
    claim "$path"
  elif [ -n "$once" ]; then
    give_free "$path"
    if [ "$first_start" = "$identity" ]; then
      mark
      echo "holdfast: first start of $identity on $path"
    fi
  elif [ -s "$path/${movedFile}" ]; then
    { read -r found || true; read -r destination || true; } < "$path/${movedFile}"
    refuse "$path: expected the data of $identity, got what that of $found was before it was moved to $destination. Move the service there again (holdfast move); its newest data is there."
  else
    refuse "$path: expected the data of $identity, got a volume without its mark. Bring the volume back, or ask for a first start."
  fi
done
if [ -n "$once" ]; then exit 0; fi
${exports.length === 0 ? "" : `\n${exports.join("\n")}\n`}${preparation === undefined ? "" : `\n${preparation}`}
if command -v docker-entrypoint.sh > /dev/null; then exec docker-entrypoint.sh "$@"; fi
exec "$@"
`;
}

/**
 * Parses a start script; `undefined` for text that {@link startScript} did not write exactly, because nothing is guaranteed for
 * any other script. Exported variables end up in the preparation.
 */
export function readStartScript(script: string): StartGuard | undefined {
  const fields =
    /^identity='(?<identity>[^'\n]+)'\nfirst_start=[^]*?^product=\nmajor=\ndescriptor=10\n(?:(?<serverVersion>[^]*?)\ncase \$major in [^\n]+\n)?\nfor path in (?<paths>.+); do$[^]*?^done\nif [^\n]+\n(?:\n(?<rest>[^]*))?\nif command -v docker-entrypoint\.sh /mu.exec(
      script,
    )?.groups;
  if (fields === undefined) return undefined;
  const { identity = "", serverVersion, paths = "", rest } = fields;
  const guard: StartGuard = {
    identity,
    dataPaths: Array.from(paths.matchAll(/'((?:[^']|'\\'')*)'/gu), ([, path = ""]) => path.replaceAll("'\\''", "'")),
    ...(serverVersion !== undefined && { serverVersion }),
    ...(rest !== undefined && { preparation: rest }),
  };
  return startScript(guard) === script ? guard : undefined;
}
