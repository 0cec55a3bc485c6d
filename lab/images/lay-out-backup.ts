/** Lays out the companion's program in a folder: `node lab/images/lay-out-backup.ts FOLDER`; backup/Dockerfile does so. */
import { copyFolder } from "./assembled-image.ts";
import { backupProgram } from "./backup-program.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("Give the folder.");
for (const each of await backupProgram(".")) await copyFolder(folder, each);
