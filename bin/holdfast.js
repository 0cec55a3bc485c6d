#!/usr/bin/env node
/**
 * The command `holdfast`. In a checkout it runs cli/holdfast.ts with the Node that the checkout installs for itself; in
 * the published package, where Node strips no types, what tsc built from it.
 */
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../cli/holdfast.ts", import.meta.url));

if (existsSync(source)) {
  const { nodePath, tryBootstrap } = await import("../bootstrap.js");
  if (tryBootstrap()) await run(nodePath);
  else process.exitCode = 1;
} else {
  await import("../dist/cli/holdfast.js");
}

/** With what was compiled before, also of the first file: to strip its types would take longer than all the rest. */
async function run(nodePath) {
  process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("../.holdfast/compiled", import.meta.url));
  if (realpathSync(process.execPath) !== realpathSync(nodePath)) {
    runAs(nodePath, [source, ...process.argv.slice(2)]);
    return;
  }
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import("../cli/holdfast.ts");
}

/**
 * Becomes another program as far as a parent can: its terminal, its signals, its end. Of an end by `kill -9` the program learns by the
 * channel, which closes then.
 */
function runAs(program, args) {
  const child = spawn(program, args, { stdio: ["inherit", "inherit", "inherit", "ipc"] });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // A terminal sends an interrupt to both; a second one would mean "at once" to the child.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(`${program}: expected a program that runs, got ${error.message}. Run \`npm ci\`.`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = signal === null ? code : 128 + constants.signals[signal];
  });
}
