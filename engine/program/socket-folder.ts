/**
 * Where the engine, its program and its policy packs talk to each other: Unix sockets in a folder that only this user can enter. A port on
 * loopback is open to every user of the machine, and anyone who may request a resource can become root through a container.
 */
import { accessSync, constants, mkdtempSync, readdirSync, realpathSync, rmdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { InputError } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import { errorCode } from "../state/durable-file.ts";

/** A folder of mode 0700 for the sockets of one operation; disposing of it removes it. */
export class SocketFolder implements Disposable {
  readonly path: string;

  /** @throws InputError when other users can replace files in the folder for temporary files */
  constructor() {
    const folder = temporaryFolder();
    removeLeftOvers(folder);
    this.path = mkdtempSync(join(folder, `holdfast-${process.pid}-`));
  }

  /** The address of a socket in it, as gRPC takes it. */
  address(name: string): string {
    return `unix:${join(this.path, name)}`;
  }

  /**
   * The address of a server of the SDK in a process that was started with {@link serveOnSockets}, by the port that it reports. The
   * socket of a process that has just ended is gone, which a caller notices.
   *
   * @throws SituationError when the server listens elsewhere: a free port of the system has more digits than these numbers
   */
  served(port: string): string {
    if (/^\d{1,3}$/u.test(port)) return this.address(port);
    throw new SituationError({
      what: `@pulumi/pulumi serves on port ${port}, which every user of this machine can reach, instead of on a private Unix socket`,
      fix: "Install the SDK and the policy SDK under node_modules, as npm does, or use the Pulumi CLI (--engine pulumi)",
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The longest path of a socket is 103 bytes on macOS and 107 on Linux (unix(7)). */
const longestFolder = 70;

function temporaryFolder(): string {
  const folder = tmpdir().length <= longestFolder ? tmpdir() : "/tmp";
  const open = ancestors(realFolder(folder)).find(isOpen);
  if (open === undefined) return folder;
  throw new InputError({
    path: "TMPDIR",
    expected: "a folder in which users cannot replace the files of others",
    got: `${open}, where every user may rename everything`,
    fix: `Give it the mode of /tmp (\`chmod 1777 ${open}\`), or set TMPDIR to a folder of your own`,
  });
}

/** Removes the empty folders that killed engines left behind; one that is in use has a socket in it. */
function removeLeftOvers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = /^holdfast-(\d+)-/u.exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    try {
      rmdirSync(join(folder, name));
    } catch {
      // It is not empty, or another user's.
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}

function realFolder(path: string): string {
  try {
    // With `/.` appended, a file is not accepted.
    const folder = realpathSync.native(`${path}/.`);
    accessSync(folder, constants.W_OK);
    return folder;
  } catch (error) {
    throw new InputError({
      path: "TMPDIR",
      expected: "a folder that this user can write to",
      got: error instanceof Error ? error.message : String(error),
      fix: `Make it (\`mkdir -p ${path}\`), or set TMPDIR to another`,
    });
  }
}

function ancestors(path: string): string[] {
  return path === dirname(path) ? [path] : [...ancestors(dirname(path)), path];
}

/** Whether everyone may write there, without the sticky bit that prevents renaming the files of others. */
function isOpen(path: string): boolean {
  const { mode } = statSync(path);
  return (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
}

/**
 * What `node --import` takes so that servers of the SDK (callbacks of a program, a policy pack) listen on sockets in a folder, each under
 * the number that it gets for its port, and clients of the SDK in the same process find them there. The SDK knows no other address
 * than a free port of 127.0.0.1 (@pulumi/pulumi/runtime/callbacks.js, @pulumi/policy/server.js). Its automation API is for other
 * processes and left alone.
 */
export function serveOnSockets({ path }: SocketFolder): string {
  return `data:text/javascript,${encodeURIComponent(`const folder = ${JSON.stringify(path)};${onSockets}`)}`;
}

const onSockets = `
  import Module from "node:module";
  const sockets = new Map();
  const moved = new WeakMap();
  const move = (grpc) => {
    const Server = class extends grpc.Server {
      bindAsync(address, credentials, done) {
        if (address !== "127.0.0.1:0") return super.bindAsync(address, credentials, done);
        const port = sockets.size + 1;
        const socket = "unix:" + folder + "/" + port;
        sockets.set("127.0.0.1:" + port, socket);
        super.bindAsync(socket, credentials, (error) => done(error, port));
      }
    };
    const makeGenericClientConstructor = (...args) =>
      class extends grpc.makeGenericClientConstructor(...args) {
        constructor(address, ...rest) {
          super(sockets.get(address) ?? address, ...rest);
        }
      };
    return { ...grpc, Server, makeGenericClientConstructor };
  };
  const load = Module._load;
  Module._load = function (request, parent, isMain) {
    const loaded = load.call(this, request, parent, isMain);
    if (request !== "@grpc/grpc-js") return loaded;
    if (!/[\\\\/]node_modules[\\\\/]@pulumi[\\\\/](?!pulumi[\\\\/]automation[\\\\/])/.test(parent?.filename ?? "")) return loaded;
    if (!moved.has(loaded)) moved.set(loaded, move(loaded));
    return moved.get(loaded);
  };
`;
