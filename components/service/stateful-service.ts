import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { requireDigest } from "../../model/image/digest.ts";
import { objectLabels } from "../../model/service/object-labels.ts";
import { labelsOfOwner } from "../../model/service/ownership.ts";
import { startScriptPath } from "../../model/service/start-guard.ts";
import { checkedArguments, checkedName, whenKnown } from "../arguments/arguments.ts";
import { checked } from "../arguments/checked.ts";
import { declareService } from "../hooks/declared-services.ts";
import { firstStartHooks } from "../hooks/first-start.ts";
import { joinHooks, takesHooks } from "../hooks/hooks.ts";
import { nameCheck } from "../hooks/name-check.ts";
import { keepsLabels, ownerLabelList, ownStack } from "../hooks/owner.ts";
import { readinessHooks } from "../hooks/readiness.ts";
import { claimVolume, type DataVolume } from "../volumes/data-volume.ts";
import { claimPorts } from "./claimed-ports.ts";
import { requireCoveredVolumes } from "./covered-volumes.ts";
import { serviceArguments } from "./service-arguments.ts";
import {
  attach,
  type FileSource,
  type FileTarget,
  OnUpdateFailure,
  type ServiceSettings,
  dockerServiceArgs,
} from "./service-spec.ts";
import { updateEndHooks, versionHooks } from "./way-back.ts";

/** A data volume and its place in the container. */
export interface DataMount {
  /** The volume. */
  volume: DataVolume;
  /** Where the server keeps its data. */
  path: string;
}

/** A file in the container whose content Swarm carries. */
export interface FileContent extends FileTarget {
  /** What it says. */
  content: pulumi.Input<string>;
}

/** Arguments of {@link StatefulService}. */
export interface StatefulServiceArgs extends ServiceSettings {
  /** Name of the service. @default the component's name */
  serviceName?: string;
  /** The image, by digest. */
  image: pulumi.Input<string>;
  /** What the state lies on. */
  data: DataMount[];
  /** Secrets as files, by a name of your choice; a changed content makes a new secret and a new task. @default none */
  secretFiles?: Record<string, FileContent>;
  /** Configurations as files, by a name of your choice; a changed content makes a new configuration and a new task. @default none */
  configFiles?: Record<string, FileContent>;
  /** Ids of the overlay networks that the service joins. @default one of its own */
  networkIds?: pulumi.Input<string>[];
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
 */
export class StatefulService extends pulumi.ComponentResource {
  /** Name of the service, which is also its host name on its networks. */
  readonly serviceName: pulumi.Output<string>;
  /** Id of the service. */
  readonly serviceId: pulumi.Output<string>;

  constructor(name: string, args: StatefulServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:StatefulService", checkedName(name, "StatefulService"), {}, opts);
    const given = checkedArguments(serviceArguments, args, name);
    const { data, secretFiles = {}, configFiles = {}, networkIds, serviceName = name, image, ...settings } = given;
    const mountPaths = [...data, ...(settings.scratch ?? [])].map((mount) => mount.path);
    const fitting = whenKnown(image, (reference) => {
      requireCoveredVolumes(requireDigest(reference, `${name}.image`), mountPaths, `${name}.data`);
    });
    const mounts = checked(() =>
      data.map(({ volume, path }, index) => ({
        volume: claimVolume(volume, name, `${name}.data[${index}].volume`),
        path,
      })),
    );
    const spec = checked(() =>
      dockerServiceArgs(
        {
          ...settings,
          labels: { ...settings.labels, ...labelsOfOwner(ownStack()) },
          name: serviceName,
          image: fitting,
          data: mounts,
          files: { ...byArgument("secretFiles", secretFiles), ...byArgument("configFiles", configFiles) },
        },
        name,
      ),
    );
    const { ports = [], stopped = false } = settings;
    checked(() => {
      claimPorts({ service: name, ports, pin: mounts.find(({ volume }) => volume.pin)?.volume.pin, stopped }, this);
    });
    const attachments = {
      networkIds: networkIds ?? [this.#network(`${name}-network`).id],
      secretFiles: Object.entries(secretFiles).map(([key, file]) => this.#secret(`${name}-${key}`, file)),
      configFiles: Object.entries(configFiles).map(([key, file]) => this.#config(`${name}-${key}`, file)),
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
      ...Object.values(settings.environment ?? {}),
    ];
    const hooks = joinHooks([
      { beforeCreate: names, beforeUpdate: names },
      versionHooks(wayBack),
      readinessHooks(this),
      firstStartHooks(this),
      updateEndHooks(wayBack, secrets, this),
    ]);
    const options = { parent: this, hooks, ignoreChanges: addedBySwarm };
    const service = new docker.Service(`${name}-service`, attach(spec, attachments), options);
    this.serviceName = service.name;
    this.serviceId = service.id;
    this.registerOutputs({ serviceName: this.serviceName, serviceId: this.serviceId });
  }

  #network(name: string): docker.Network {
    const args = { driver: "overlay", labels: ownerLabelList() };
    return new docker.Network(name, args, { parent: this, ...keepsLabels });
  }

  /** Auto-named: a name made from the content would let a password be guessed at. */
  #secret(name: string, { content, ...target }: FileContent): FileSource {
    const args = { data: base64(pulumi.secret(content)), labels: ownerLabelList() };
    const secret = new docker.Secret(name, args, { parent: this, ...keepsLabels });
    return { ...target, id: secret.id, name: secret.name };
  }

  /**
   * Auto-named: a name made from the content comes back when a change is taken back, and then belongs to the old
   * configuration, which an unfinished run has not deleted yet. The label tells in `docker config inspect` whether two are
   * the same; alone it is no reason for another configuration and a new task.
   */
  #config(name: string, { content, ...target }: FileContent): FileSource {
    const digest = pulumi.output(content).apply(sha256);
    const config = new docker.ServiceConfig(
      name,
      { data: base64(content), labels: [...ownerLabelList(), { label: objectLabels.digest, value: digest }] },
      { parent: this, ...keepsLabels },
    );
    return { ...target, id: config.id, name: config.name };
  }
}

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
