import analyzerProto from "@pulumi/pulumi/proto/analyzer_pb.js";
import type * as analyzerMessages from "@pulumi/pulumi/proto/analyzer_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";

import { isPropertyMap, type PropertyMap, type PropertyValue } from "../model/property-value.ts";
import type { ResourceState, Urn } from "../model/resource-state.ts";
import { parseUrn } from "../model/urn.ts";
import { encodeWire } from "../model/wire-value.ts";
import type { EnforcementLevel } from "./configuration.ts";

/** Something that a policy has to say about a resource or about the whole stack. */
export interface Violation {
  policyName: string;
  policyPackName: string;
  policyPackVersion: string;
  enforcementLevel: EnforcementLevel;
  message: string;
  urn?: Urn;
}

/** New inputs that a policy wants a resource to have. */
export interface Remediation extends Violation {
  inputs?: PropertyMap;
}

/** A resource as policies see it, with its provider's resource. */
export interface JudgedResource {
  resource: ResourceState;
  provider: ResourceState | undefined;
  /** The resource option, where the program gives it; the state does not keep it. */
  deleteBeforeReplace: boolean | undefined;
}

/** A resource as `Analyze` and, with the engine's book-keeping, `Remediate` take it. */
export function resourceRequest(judged: JudgedResource, withBookkeeping: boolean): analyzerMessages.AnalyzeRequest {
  const { resource } = judged;
  const request = new analyzerProto.AnalyzeRequest()
    .setType(resource.type)
    .setUrn(resource.urn)
    .setName(parseUrn(resource.urn).name)
    .setProperties(policyProperties(resource.inputs, withBookkeeping))
    .setOptions(resourceOptions(judged));
  if (judged.provider) request.setProvider(providerResource(judged.provider));
  return request;
}

/** A resource as `AnalyzeStack` takes it: by its outputs, with its place among the others. */
export function stackResource(judged: JudgedResource): analyzerMessages.AnalyzerResource {
  const { resource, provider } = judged;
  const message = new analyzerProto.AnalyzerResource()
    .setType(resource.type)
    .setUrn(resource.urn)
    .setName(parseUrn(resource.urn).name)
    .setProperties(policyProperties(resource.outputs, false))
    .setOptions(resourceOptions(judged))
    .setParent(resource.parent ?? "")
    .setDependenciesList(resource.dependencies);
  for (const [name, urns] of Object.entries(resource.propertyDependencies))
    message.getPropertydependenciesMap().set(name, new analyzerProto.AnalyzerPropertyDependencies().setUrnsList(urns));
  if (provider) message.setProvider(providerResource(provider));
  return message;
}

function resourceOptions({ resource, deleteBeforeReplace }: JudgedResource): analyzerMessages.AnalyzerResourceOptions {
  const seconds = resource.customTimeouts;
  return new analyzerProto.AnalyzerResourceOptions()
    .setProtect(resource.protect ?? false)
    .setDeletebeforereplace(deleteBeforeReplace ?? false)
    .setDeletebeforereplacedefined(deleteBeforeReplace !== undefined)
    .setIgnorechangesList(resource.ignoreChanges)
    .setAdditionalsecretoutputsList(resource.additionalSecretOutputs)
    .setAliasesList(resource.aliases)
    .setParent(resource.parent ?? "")
    .setCustomtimeouts(
      new analyzerProto.AnalyzerResourceOptions.CustomTimeouts()
        .setCreate(seconds?.createSeconds ?? 0)
        .setUpdate(seconds?.updateSeconds ?? 0)
        .setDelete(seconds?.deleteSeconds ?? 0),
    );
}

function providerResource(provider: ResourceState): analyzerMessages.AnalyzerProviderResource {
  return new analyzerProto.AnalyzerProviderResource()
    .setType(provider.type)
    .setUrn(provider.urn)
    .setName(parseUrn(provider.urn).name)
    .setProperties(policyProperties(provider.inputs, false));
}

/** Properties as packs get them: secrets in clear text, unknowns as sentinels, without the engine's book-keeping. */
function policyProperties(map: PropertyMap, withBookkeeping: boolean): structProto.Struct {
  const shown = withBookkeeping ? map : withoutBookkeeping(map);
  // A map in gives a map out.
  return structProto.Struct.fromJavaScript(
    encodeWire(shown as PropertyMap, { secrets: false, outputs: false, resources: false }),
  );
}

function withoutBookkeeping(value: PropertyValue): PropertyValue {
  if (Array.isArray(value)) return value.map(withoutBookkeeping);
  if (!isPropertyMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== "__defaults" && name !== "__internal")
      .map(([name, item]) => [name, withoutBookkeeping(item)]),
  );
}
