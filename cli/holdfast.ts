#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { join } from "node:path";

// Who lets everybody write by the umask does not mean the state, nor what is run later.
const umask = process.umask(0o022);
if ((umask & 0o002) !== 0) process.umask(umask);

/**
 * What Node has compiled once, for this process and for those that it starts: that halves the time until a command does
 * something. It lies in a folder of our own, for whoever can write to it decides what is run.
 */
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "..", ".holdfast", "compiled");
enableCompileCache(process.env["NODE_COMPILE_CACHE"]);

// bin/holdfast.js has started this process; without it nobody sees any more what happens here.
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();

// Only what is imported from here on is compiled with it.
const { main } = await import("./main.ts");
await main();
