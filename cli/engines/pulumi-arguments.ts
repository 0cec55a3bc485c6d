import { pathToFileURL } from "node:url";
import type { PolicyPackChoice } from "../../engine/policy/pack.ts";
import type { OperationKind } from "./engine.ts";

/** How a command of the Pulumi CLI is to be run. */
export interface PulumiRequest {
  kind: OperationKind;
  stackName: string;
  /** Say only what would be done. */
  planning: boolean;
  /** Events as JSON lines on standard output instead of Pulumi's own display. */
  events: boolean;
  diff: boolean;
  policyPacks: readonly PolicyPackChoice[];
  /** Take over what is there before an update is planned. */
  refresh?: boolean;
  /** For the stack's history. */
  message?: string;
}

/**
 * The arguments of `pulumi` for an operation. Consent has been given before it is run for real, hence `--yes` and
 * `--skip-preview`.
 */
export function pulumiArguments(request: PulumiRequest): string[] {
  const { kind, stackName, planning, events, diff, policyPacks, refresh, message } = request;
  const command = kind === "update" ? (planning ? "preview" : "up") : kind;
  return [
    command,
    ...["--stack", stackName],
    ...(planning ? (kind === "update" ? [] : ["--preview-only"]) : ["--yes", "--skip-preview"]),
    ...(kind === "destroy" ? ["--exclude-protected"] : []),
    ...(events ? ["--json"] : []),
    ...(diff ? ["--diff"] : []),
    ...(refresh ? ["--refresh"] : []),
    ...(message !== undefined && !planning ? ["--message", message] : []),
    ...(kind === "update" ? policyPacks.flatMap(packArguments) : []),
    "--non-interactive",
  ];
}

function packArguments({ directory, configurationFile }: PolicyPackChoice): string[] {
  const configuration = configurationFile === undefined ? [] : ["--policy-pack-config", configurationFile];
  return ["--policy-pack", directory, ...configuration];
}

/** The arguments that select the stack and create it where it does not exist yet. */
export function selectArguments(stackName: string): string[] {
  return ["stack", "select", "--create", "--stack", stackName, "--non-interactive"];
}

/**
 * The environment in which `pulumi` keeps its state in the project folder, as the embedded engine does; what the caller has
 * set already stays.
 */
export function pulumiEnvironment(
  environment: NodeJS.ProcessEnv,
  given: { projectDirectory: string; passphraseFile: string | undefined; dockerHost: string | undefined },
): NodeJS.ProcessEnv {
  const hasPassphrase =
    environment["PULUMI_CONFIG_PASSPHRASE"] !== undefined || environment["PULUMI_CONFIG_PASSPHRASE_FILE"] !== undefined;
  return {
    PULUMI_BACKEND_URL: pathToFileURL(given.projectDirectory).href,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    ...(given.passphraseFile !== undefined &&
      !hasPassphrase && { PULUMI_CONFIG_PASSPHRASE_FILE: given.passphraseFile }),
    ...environment,
    ...(given.dockerHost !== undefined && { DOCKER_HOST: given.dockerHost }),
    PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true",
  };
}
