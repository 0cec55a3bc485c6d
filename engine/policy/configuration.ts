import analyzerProto from "@pulumi/pulumi/proto/analyzer_pb.js";
import type * as analyzerMessages from "@pulumi/pulumi/proto/analyzer_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import { z } from "zod";

import { readRegularFile } from "../../swarm/engine/regular-file.ts";
import { errorWords } from "../../text/error-text.ts";
import { InputError } from "../../text/input-error.ts";

/** How strictly a policy is enforced, in the order of analyzer.proto's `EnforcementLevel`. */
export const enforcementLevels = ["advisory", "mandatory", "disabled", "remediate"] as const;
export type EnforcementLevel = (typeof enforcementLevels)[number];

const level = z.enum(enforcementLevels);
const levelNumbers = {
  advisory: analyzerProto.EnforcementLevel.ADVISORY,
  mandatory: analyzerProto.EnforcementLevel.MANDATORY,
  disabled: analyzerProto.EnforcementLevel.DISABLED,
  remediate: analyzerProto.EnforcementLevel.REMEDIATE,
};

const configurationFile = z.record(
  z.string(),
  z.union([
    level.transform((enforcementLevel) => ({ enforcementLevel, settings: {} })),
    z
      .object({ enforcementLevel: level.optional() })
      .catchall(z.json())
      .transform(({ enforcementLevel, ...settings }) => ({ enforcementLevel, settings })),
  ]),
);

/** Per policy: its level and its own settings; `all` sets the level of all. */
type PolicyPackConfiguration = z.infer<typeof configurationFile>;

/**
 * Puts a pack's configuration together: the schema's defaults, what the pack itself sets, and what the file sets
 * (pulumi: pkg/resource/analyzer/config.go, `ReconcilePolicyPackConfig`).
 *
 * @param info - what the pack says of itself
 * @param path - a file as `--policy-pack-config` takes it
 * @throws InputError when the file is none, or a setting is not what the policy's schema asks for
 */
export function configureRequest(
  info: analyzerMessages.AnalyzerInfo,
  path: string | undefined,
): analyzerMessages.ConfigureAnalyzerRequest {
  const given = path === undefined ? {} : readConfiguration(path);
  const initial = info.getInitialconfigMap();
  const request = new analyzerProto.ConfigureAnalyzerRequest();
  for (const policy of info.getPoliciesList()) {
    const name = policy.getName();
    const fromFile = given[name]?.enforcementLevel ?? given["all"]?.enforcementLevel;
    const settings = {
      ...schemaDefaults(policy),
      ...initial.get(name)?.getProperties()?.toJavaScript(),
      ...given[name]?.settings,
    };
    requireValid(info, policy, settings);
    const config = new analyzerProto.PolicyConfig()
      .setEnforcementlevel(
        fromFile === undefined
          ? ((initial.get(name) ?? initial.get("all"))?.getEnforcementlevel() ?? policy.getEnforcementlevel())
          : levelNumbers[fromFile],
      )
      .setProperties(structProto.Struct.fromJavaScript(settings));
    request.getPolicyconfigMap().set(name, config);
  }
  return request;
}

function readConfiguration(path: string): PolicyPackConfiguration {
  try {
    return configurationFile.parse(JSON.parse(readRegularFile(path)));
  } catch (error) {
    throw new InputError({
      path,
      expected: `a JSON object of policy names, each with one of ${enforcementLevels.join(", ")} or an object of settings`,
      got: errorWords(error),
      fix: "Correct the file given with --policy-pack-config",
    });
  }
}

type Settings = Record<string, structProto.JavaScriptValue>;

const withDefault = z.looseObject({ default: z.json().optional() });

/** The engine, not the pack, fills in the defaults of a policy's configuration schema. */
function schemaDefaults(policy: analyzerMessages.PolicyInfo): Settings {
  return Object.fromEntries(
    Object.entries(schemaProperties(policy)).flatMap(([name, schema]) => {
      const value = withDefault.safeParse(schema).data?.default;
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function schemaProperties(policy: analyzerMessages.PolicyInfo): Settings {
  return policy.getConfigschema()?.getProperties()?.toJavaScript() ?? {};
}

function requireValid(
  info: analyzerMessages.AnalyzerInfo,
  policy: analyzerMessages.PolicyInfo,
  settings: Settings,
): void {
  const schema = policy.getConfigschema();
  if (!schema) return;
  // What the pack sends is JSON Schema, as its SDK's types have it.
  const properties = schemaProperties(policy) as Record<string, z.core.JSONSchema.BaseSchema>;
  const required = schema.getRequiredList();
  const { error } = z.fromJSONSchema({ type: "object", properties, required }).safeParse(settings);
  const [issue] = error?.issues ?? [];
  if (!issue) return;
  throw new InputError({
    path: `policy ${policy.getName()} of ${info.getName()}: ${issue.path.join(".")}`,
    expected: "a setting as the policy's schema asks for",
    got: issue.message,
    fix: "Set it in the file given with --policy-pack-config",
  });
}
