import { fillToolbox } from "../../lab/host/toolbox.ts";
import { assembleImage } from "../../lab/images/assembled-image.ts";
import { postgresqlRecipe, postgresqlTools } from "../../lab/images/postgresql.ts";
import { pushImage, labRegistry } from "../../lab/images/registry.ts";
import { testCacheDirectory, type SharedSandbox } from "./sandbox.ts";

/** Makes an image of Debian's PostgreSQL, puts it into the sandbox's registry and returns its reference by digest. */
export async function pushPostgresqlImage(sandbox: SharedSandbox): Promise<string> {
  const toolbox = await fillToolbox(testCacheDirectory, () => undefined, postgresqlTools);
  const image = await assembleImage(await postgresqlRecipe(toolbox), toolbox, testCacheDirectory);
  return pushImage(labRegistry(sandbox), image);
}
