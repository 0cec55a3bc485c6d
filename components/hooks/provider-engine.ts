import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { plainValues } from "./hooks.ts";

const settingNames = ["host", "context", "certPath", "caMaterial", "certMaterial", "keyMaterial"] as const;

/** A manager of the swarm that a component's resources belong to; undefined where it cannot be asked, or is not known yet. */
export type SwarmManager = () => Promise<EngineConnection | undefined>;

/**
 * Finds the engine of the Docker provider that a component's children have, by the provider's own rules: another one, such as that of
 * the shell's docker context, may be a manager of another swarm. Nothing is contacted before it is asked for.
 */
export function swarmManager(component: pulumi.ComponentResource): SwarmManager {
  // The provider of the package `docker` is always of this type.
  const provider = component.getProvider("docker:index/service:Service") as docker.Provider | undefined;
  const config = new pulumi.Config("docker");
  const given = Object.fromEntries(settingNames.map((name) => [name, provider ? provider[name] : config.get(name)]));
  return async () => {
    const known = await plainValues(given);
    const settings = Object.fromEntries(settingNames.map((name) => [name, text(known[name])]));
    if (provider !== undefined && pulumi.runtime.isDryRun() && !settings["host"] && !settings["context"])
      return undefined;
    const [{ connectEngine, findEngine, requireManager }, { locateProviderEngine }] = await Promise.all([
      import("../../swarm/engine/connection.ts"),
      import("../../swarm/engine/address.ts"),
    ]);
    try {
      const engine = isEmbedded()
        ? findEngine({ host: settings["host"] })
        : connectEngine(locateProviderEngine(settings));
      await requireManager(engine);
      return engine;
    } catch {
      return undefined;
    }
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Whether Holdfast's own engine runs the program: it finds the swarm as the docker CLI does, and looks before it begins. */
export function isEmbedded(): boolean {
  return process.env["HOLDFAST_ENGINE"] === "embedded";
}
