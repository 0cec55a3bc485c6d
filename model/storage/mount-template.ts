/**
 * Swarm fills in templates such as `data-{{.Service.Name}}` in a mount's source for each task.
 *
 * @see https://docs.docker.com/reference/cli/docker/service/create/#create-services-using-templates
 */

/** Fills in what is known before a task exists: the service's name. */
export function fillInService(source: string, serviceName: string): string {
  return source.replace(/\{\{\s*\.Service\.Name\s*\}\}/gu, () => serviceName);
}

/** Whether each task gets its own source, so the next one never finds what this one wrote. */
export function differsByTask(source: string): boolean {
  return /\{\{\s*\.Task\.(?:ID|Name)\s*\}\}/u.test(source);
}
