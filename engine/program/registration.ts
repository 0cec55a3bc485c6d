import type { Alias as AliasMessage } from "@pulumi/pulumi/proto/alias_pb.js";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";

import { parseDuration } from "../../text/duration.ts";
import { SituationError } from "../../text/situation-error.ts";
import type { Alias } from "../model/aliases.ts";
import type { Goal } from "../model/goal.ts";
import type { PropertyMap } from "../model/property-value.ts";
import { isProviderType } from "../model/provider-type.ts";
import type { CustomTimeouts, HookBinding } from "../model/resource-state.ts";
import { decodeWire } from "../model/wire-value.ts";

/**
 * Reads what the program registers. Whatever the protocol allows and this engine does not support is refused by name.
 *
 * @throws SituationError that names the option and the resource
 */
export function readGoal(request: RegisterResourceRequest): Goal {
  refuseUnknownOptions(request);
  const parent = request.getParent();
  const provider = request.getProvider();
  const deletedWith = request.getDeletedwith();
  const timeouts = readTimeouts(request);
  const protect = request.hasProtect() ? request.getProtect() : undefined;
  const retainOnDelete = request.hasRetainondelete() ? request.getRetainondelete() : undefined;
  return {
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    inputs: readInputs(request),
    version: request.getVersion(),
    dependencies: request.getDependenciesList(),
    propertyDependencies: readPropertyDependencies(request),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    hideDiffs: request.getHidediffsList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    hooks: readHooks(request),
    aliases: [...request.getAliasurnsList().map((urn) => ({ urn })), ...request.getAliasesList().map(readAlias)],
    ...(parent !== "" && { parent }),
    ...(provider !== "" && { provider }),
    ...(deletedWith !== "" && { deletedWith }),
    ...(timeouts && { customTimeouts: timeouts }),
    ...(protect !== undefined && { protect }),
    ...(retainOnDelete !== undefined && { retainOnDelete }),
    ...(request.getDeletebeforereplacedefined() && { deleteBeforeReplace: request.getDeletebeforereplace() }),
  };
}

/** To a provider that the program declares Pulumi adds what it gives the default one (source_eval.go, `SetProviderVersion`). */
function readInputs(request: RegisterResourceRequest): PropertyMap {
  const inputs = decodeWire(request.getObject()?.toJavaScript() ?? {});
  const version = request.getVersion();
  if (!isProviderType(request.getType())) return inputs;
  return { __internal: {}, ...inputs, ...(version !== "" && { version }) };
}

function refuseUnknownOptions(request: RegisterResourceRequest): void {
  const asked = {
    remote: request.getRemote(),
    import: request.getImportid() !== "",
    replaceWith: request.getReplaceWithList().length > 0,
    replacementTrigger: request.hasReplacementTrigger(),
    transforms: request.getTransformsList().length > 0,
    "hooks around deletions and errors": deletionHooks(request).length > 0,
    envVarMappings: request.getEnvvarmappingsMap().getLength() > 0,
    pluginDownloadURL: request.getPlugindownloadurl() !== "",
    pluginChecksums: request.getPluginchecksumsMap().getLength() > 0,
    packageRef: request.getPackageref() !== "",
    stateMigrations: request.getStateMigrationsList().length > 0,
  };
  const unknown = Object.entries(asked).flatMap(([option, used]) => (used ? [option] : []));
  if (unknown.length > 0)
    throw new SituationError({
      what: `${request.getType()} ${request.getName()}: the embedded engine does not support the resource option ${unknown.join(", ")}`,
      fix: "Use the Pulumi CLI (--engine pulumi) for this program",
    });
}

function readPropertyDependencies(request: RegisterResourceRequest): Record<string, string[]> {
  const dependencies: Record<string, string[]> = {};
  // The generated map's iterators give raw arrays; only `forEach` gives messages.
  request.getPropertydependenciesMap().forEach((value, name) => {
    dependencies[name] = value.getUrnsList();
  });
  return dependencies;
}

function readHooks(request: RegisterResourceRequest): HookBinding {
  const hooks = request.getHooks();
  if (hooks === undefined) return {};
  const all: Required<HookBinding> = {
    beforeCreate: hooks.getBeforeCreateList(),
    afterCreate: hooks.getAfterCreateList(),
    beforeUpdate: hooks.getBeforeUpdateList(),
    afterUpdate: hooks.getAfterUpdateList(),
  };
  return Object.fromEntries(Object.entries(all).filter(([, names]) => names.length > 0));
}

/** Hooks that would have to outlive the program that declared them, or take part in retries. */
function deletionHooks(request: RegisterResourceRequest): string[] {
  const hooks = request.getHooks();
  return hooks ? [...hooks.getBeforeDeleteList(), ...hooks.getAfterDeleteList(), ...hooks.getOnErrorList()] : [];
}

function readAlias(message: AliasMessage): Alias {
  const spec = message.getSpec();
  if (spec === undefined) return { urn: message.getUrn() };
  const { name, type, stack, project, parenturn: parent } = spec.toObject();
  return {
    ...(name !== "" && { name }),
    ...(type !== "" && { type }),
    ...(stack !== "" && { stack }),
    ...(project !== "" && { project }),
    ...(spec.getNoparent() ? { parent: null } : parent !== "" && { parent }),
  };
}

function readTimeouts(request: RegisterResourceRequest): CustomTimeouts | undefined {
  const timeouts = request.getCustomtimeouts()?.toObject();
  if (timeouts === undefined || (timeouts.create === "" && timeouts.update === "" && timeouts.pb_delete === ""))
    return undefined;
  const seconds = (text: string, kind: string): number =>
    parseDuration(text, `${request.getName()}.customTimeouts.${kind}`) / 1000;
  return {
    ...(timeouts.create !== "" && { createSeconds: seconds(timeouts.create, "create") }),
    ...(timeouts.update !== "" && { updateSeconds: seconds(timeouts.update, "update") }),
    ...(timeouts.pb_delete !== "" && { deleteSeconds: seconds(timeouts.pb_delete, "delete") }),
  };
}
