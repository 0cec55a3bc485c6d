/** The prefix of the types by which providers themselves are resources. */
export const providerTypePrefix = "pulumi:providers:";

/** Whether a type is that of a provider. */
export function isProviderType(type: string): boolean {
  return type.startsWith(providerTypePrefix);
}

/** The package of a type or function token: `docker` of `docker:index/service:Service` and of `pulumi:providers:docker`. */
export function packageOf(token: string): string {
  return isProviderType(token) ? token.slice(providerTypePrefix.length) : token.slice(0, token.indexOf(":"));
}
