import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { requireDigest } from "../../model/image/digest.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import { objectLabels } from "../../model/service/object-labels.ts";
import { labelsOfOwner } from "../../model/service/ownership.ts";
import { startScriptPath } from "../../model/service/start-guard.ts";
import { checkedArguments, checkedName, whenKnown } from "../arguments/arguments.ts";
import { checked } from "../arguments/checked.ts";
import { type KeptPlaces, requireNoTransform, type Transform, transformed } from "../arguments/transform.ts";
import { declareService } from "../hooks/declared-services.ts";
import { firstStartHooks } from "../hooks/first-start.ts";
import { joinHooks, takesHooks } from "../hooks/hooks.ts";
import { nameCheck } from "../hooks/name-check.ts";
import { keepsLabels, ownerLabelList, ownStack } from "../hooks/owner.ts";
import { readinessHooks } from "../hooks/readiness.ts";
import { claimVolume, type DataVolume, volumeSpec } from "../volumes/data-volume.ts";
import { backupLabels, backupServices, backupWords, requireBackedUpImage } from "./backup.ts";
import { claimPorts } from "./claimed-ports.ts";
import { requireCoveredVolumes } from "./covered-volumes.ts";
import { serviceArguments } from "./service-arguments.ts";
import type { FileSource, FileTarget } from "./mounts.ts";
import { attach, type DockerServiceArgs, dockerServiceArgs, type ServiceSettings } from "./service-spec.ts";
import { transformedService } from "./transformed-service.ts";
import { OnUpdateFailure } from "./updates.ts";
import { updateEndHooks, versionHooks } from "./way-back.ts";
import { mayBeSecret } from "../../text/secret-names.ts";

/** A data volume and its place in the container. */
export interface DataMount {
  /** The volume. */
  volume: DataVolume;
  /** Where the server keeps its data. */
  path: string;
  /** Whether the service only reads it; then another one may write it. @default false */
  readOnly?: boolean;
}

/** A file in the container whose content Swarm carries. */
export interface FileContent extends FileTarget {
  /** What it says. */
  content: pulumi.Input<string>;
}

/** A transform for each kind of resource that a component of a service makes. */
export interface ServiceTransforms {
  /** Of the service. @default none */
  service?: Transform<DockerServiceArgs>;
  /** Of the network that is made where no `networkIds` are given. @default none */
  network?: Transform<docker.NetworkArgs>;
  /** Of each secret; a function gets its name. @default none */
  secret?: Transform<docker.SecretArgs>;
  /** Of each configuration; a function gets its name. @default none */
  config?: Transform<docker.ServiceConfigArgs>;
  /** Of the service that makes a backup, and of the one that drills it. @default none */
  backup?: Transform<DockerServiceArgs>;
}

/** What every component of a service takes. */
export interface CommonServiceArgs {
  /** Name of the service. @default the component's name */
  serviceName?: string;
  /** Ids of the overlay networks that the service joins. @default its own network */
  networkIds?: pulumi.Input<string>[];
  /** Changes the resources that the component makes; what it relies on is still checked. @default none */
  transform?: ServiceTransforms;
}

/** Arguments of {@link StatefulService}. */
export interface StatefulServiceArgs extends CommonServiceArgs, ServiceSettings {
  /** The image, by digest. */
  image: pulumi.Input<string>;
  /** The data volumes, and where they are mounted. */
  data: DataMount[];
  /** Secrets as files, by a name of your choice; a changed content makes a new secret and a new task. @default none */
  secretFiles?: Record<string, FileContent>;
  /** Configurations as files, by a name of your choice; a changed content makes a new configuration and a new task. @default none */
  configFiles?: Record<string, FileContent>;
}

/**
 * A service whose state survives: one task, on the node of its data, stopped before the next one starts.
 *
 * @example
 * new StatefulService("queue", {
 *   image: "nats:2@sha256:…",
 *   data: [{ volume, path: "/data" }],
 *   args: ["--jetstream", "--store_dir", "/data", "--http_port", "8222"],
 *   memoryLimit: "200M",
 *   healthCheck: { test: ["CMD", "wget", "-q", "-O-", "http://localhost:8222/healthz"] },
 * });
 *
 * @example
 * // What the component has no argument for is a transform of what it makes.
 * new StatefulService("queue", {
 *   ...args,
 *   transform: {
 *     service: { taskSpec: { containerSpec: { sysctl: { "net.core.somaxconn": "1024" } } } },
 *     network: (networkArgs) => {
 *       networkArgs.options = { encrypted: "" };
 *     },
 *   },
 * });
 */
export class StatefulService extends pulumi.ComponentResource {
  /** Name of the service, which is also its host name on its networks. */
  readonly serviceName: pulumi.Output<string>;
  /** Id of the service. */
  readonly serviceId: pulumi.Output<string>;

  constructor(name: string, args: StatefulServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:StatefulService", checkedName(name, "StatefulService"), {}, opts);
    const given = checkedArguments(serviceArguments, args, name);
    const { data, secretFiles = {}, configFiles = {}, networkIds, serviceName = name, image, ...rest } = given;
    const { transform = {}, backup, ...settings } = rest;
    const mountPaths = [...data, ...(settings.scratch ?? [])].map((mount) => mount.path);
    const fitting = whenKnown(image, (reference) => {
      requireCoveredVolumes(requireDigest(reference, `${name}.image`), mountPaths, `${name}.data`);
      if (typeof backup !== "object") return;
      requireBackedUpImage(reference, settings.labels?.[serviceLabels.image], backup.kind, `${name}.backup`);
    });
    const mounts = checked(() =>
      data.map(({ volume, ...mount }, index) => ({
        volume:
          mount.readOnly === true ? volumeSpec(volume) : claimVolume(volume, name, `${name}.data[${index}].volume`),
        ...mount,
      })),
    );
    const path = `${name}.transform`;
    let network: docker.Network | undefined;
    const networks = (): pulumi.Input<string>[] =>
      networkIds ?? [(network ??= this.#network(`${name}-network`, transform.network, path)).id];
    const backingUp = checked(() => {
      if (typeof backup === "object")
        return backupServices({ ...given, serviceName, backup, transform }, name, networks);
      requireNoTransform(transform.backup, `${name}.transform.backup`, "no backup with a repository is declared");
      return undefined;
    });
    const spec = checked(() =>
      dockerServiceArgs(
        {
          ...settings,
          ...(backup !== undefined && { backup: backupWords(backup) }),
          labels: {
            ...settings.labels,
            ...(backingUp && { [serviceLabels.backupBy]: backingUp.companion.serviceName ?? "" }),
            ...backupLabels(backup),
            ...labelsOfOwner(ownStack()),
          },
          name: serviceName,
          image: fitting,
          data: mounts,
          files: { ...byArgument("secretFiles", secretFiles), ...byArgument("configFiles", configFiles) },
        },
        name,
      ),
    );
    if (networkIds !== undefined) {
      checked(() => {
        requireNoTransform(transform.network, `${path}.network`, "`networkIds` are given");
      });
    }
    const attachments = {
      networkIds: networks(),
      secretFiles: Object.entries(secretFiles).map(([key, file]) =>
        this.#secret(`${name}-${key}`, file, transform.secret, path),
      ),
      configFiles: Object.entries(configFiles).map(([key, file]) =>
        this.#config(`${name}-${key}`, file, transform.config, path),
      ),
    };
    declareService(serviceName);
    const names = takesHooks() ? [nameCheck(this)] : [];
    const wayBack = {
      serviceName,
      path: name,
      onUpdateFailure: settings.onUpdateFailure ?? OnUpdateFailure.rollback,
      isUnguarded: data.length > 0 && settings.command?.includes(startScriptPath) !== true,
      labels: settings.labels ?? {},
    };
    const secrets = [
      ...Object.values(secretFiles).map(({ content }) => content),
      ...Object.entries(settings.environment ?? {}).flatMap(([name, value]) => (mayBeSecret(name) ? [value] : [])),
    ];
    const hooks = joinHooks([
      { beforeCreate: names, beforeUpdate: names },
      versionHooks(wayBack),
      readinessHooks(this),
      firstStartHooks(this),
      updateEndHooks(wayBack, secrets, this),
    ]);
    const own = {
      name: `${name}-service`,
      args: attach(spec, attachments),
      opts: { parent: this, hooks, ignoreChanges: addedBySwarm },
    };
    const made = checked(() => {
      const service = transformedService(transform.service, own, `${path}.service`);
      const { stopped = false } = settings;
      const pin = mounts.find(({ volume }) => volume.pin)?.volume.pin;
      claimPorts({ service: name, ports: service.ports, pin, stopped }, this);
      return service;
    });
    const service = new docker.Service(made.name, made.args, made.opts);
    if (backingUp !== undefined) {
      const options = { parent: this, dependsOn: [service] };
      new StatefulService(`${name}-backup`, backingUp.companion, options);
      if (backingUp.drill !== undefined) new StatefulService(`${name}-drill`, backingUp.drill, options);
    }
    this.serviceName = service.name;
    this.serviceId = service.id;
    this.registerOutputs({ serviceName: this.serviceName, serviceId: this.serviceId });
  }

  #network(name: string, transform: ServiceTransforms["network"], path: string): docker.Network {
    // A transform may name it, and the name may be another stack's.
    const hooks = takesHooks() ? { hooks: { beforeCreate: [nameCheck(this)] } } : {};
    const own = { name, args: { driver: "overlay", labels: ownerLabelList() }, opts: { ...this.#options(), ...hooks } };
    const made = checked(() => transformed<docker.NetworkArgs>(transform, own, {}, `${path}.network`));
    return new docker.Network(made.name, made.args, made.opts);
  }

  /** Auto-named: a name made from the content would let a password be guessed at. */
  #secret(
    name: string,
    { content, ...target }: FileContent,
    transform: ServiceTransforms["secret"],
    path: string,
  ): FileSource {
    const args = { data: base64(pulumi.secret(content)), labels: ownerLabelList() };
    const own = { name, args, opts: this.#options() };
    const made = checked(() => transformed<docker.SecretArgs>(transform, own, keptOfFiles, `${path}.secret`));
    return { ...target, ...identified(new docker.Secret(made.name, made.args, made.opts)) };
  }

  /**
   * Auto-named: a name made from the content comes back when a change is reverted, and may still belong to the old configuration,
   * which an unfinished run has not deleted. The label shows in `docker config inspect` whether two are the same; it is no reason
   * for another configuration and a new task by itself.
   */
  #config(
    name: string,
    { content, ...target }: FileContent,
    transform: ServiceTransforms["config"],
    path: string,
  ): FileSource {
    const digest = { label: objectLabels.digest, value: pulumi.output(content).apply(sha256) };
    const args = { data: base64(content), labels: [...ownerLabelList(), digest] };
    const own = { name, args, opts: this.#options() };
    const made = checked(() => transformed<docker.ServiceConfigArgs>(transform, own, keptOfFiles, `${path}.config`));
    return { ...target, ...identified(new docker.ServiceConfig(made.name, made.args, made.opts)) };
  }

  #options(): pulumi.CustomResourceOptions {
    return { parent: this, ...keepsLabels };
  }
}

function identified({ id, name }: docker.Secret | docker.ServiceConfig) {
  return { id, name };
}

/** Pulumi names them, so that a new one can be made before the old one goes; their content has been checked as an argument. */
const keptOfFiles: KeptPlaces = {
  name: "Leave it out: new content gets a new name, so that both exist during an update",
  data: "Change the content where it is an argument of the component",
};

/**
 * A creation adds the image's platforms to the placement. The provider takes them over in a refresh, and would then plan an update to
 * drop what no program has named.
 */
const addedBySwarm = ["taskSpec.placement.platforms"];

function byArgument(argument: string, files: Record<string, FileContent>): Record<string, FileTarget> {
  return Object.fromEntries(Object.entries(files).map(([key, file]) => [`${argument}.${key}`, file]));
}

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

function base64(content: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.output(content).apply((text) => Buffer.from(text).toString("base64"));
}
