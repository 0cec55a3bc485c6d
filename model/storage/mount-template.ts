/**
 * What Swarm makes of a mount's source for each task: templates such as `data-{{.Service.Name}}` are filled in.
 *
 * @see https://docs.docker.com/reference/cli/docker/service/create/#create-services-using-templates
 */

/** Fills in what is known before there is a task: the service's name. */
export function fillInService(source: string, serviceName: string): string {
  return source.replace(/\{\{\s*\.Service\.Name\s*\}\}/gu, () => serviceName);
}

/** Whether each task has a source of its own, so that the next one never finds what this one wrote. */
export function differsByTask(source: string): boolean {
  return /\{\{\s*\.Task\.(?:ID|Name)\s*\}\}/u.test(source);
}
