#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { join } from "node:path";

// A umask that lets everyone write is not meant for the state, nor for code that is run later.
const umask = process.umask(0o022);
if ((umask & 0o002) !== 0) process.umask(umask);

/**
 * What Node has compiled once, for this process and for those that it starts: that halves the time until a command does
 * something. It is in the project's own folder, because anyone who can write to it decides what is run.
 */
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "..", ".holdfast", "compiled");
enableCompileCache(process.env["NODE_COMPILE_CACHE"]);

// bin/holdfast.js has started this process; without it nothing shows what happens here.
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();

// Only what is imported from here on is compiled with it.
const { main } = await import("./main.ts");
await main();
