import { containsSecret, isPropertyMap, Secret, type PropertyMap, type PropertyValue } from "./property-value.ts";

/**
 * Marks in a provider's answer what was secret in the question: providers are given clear text and give it back.
 *
 * Maps are compared key by key; any other value becomes a secret as a whole when its counterpart holds one
 * (Pulumi: sdk/go/common/resource/plugin/provider_plugin.go, `annotateSecrets`).
 */
export function markSecretsLike(answer: PropertyMap, question: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, markLike(value, question[name])]));
}

function markLike(answer: PropertyValue, question: PropertyValue | undefined): PropertyValue {
  if (question === undefined || answer instanceof Secret) return answer;
  if (isPropertyMap(answer) && isPropertyMap(question)) return markSecretsLike(answer, question);
  return containsSecret(question) ? new Secret(answer) : answer;
}

/** Marks a provider's outputs like its inputs or earlier outputs, and by name: the resource option `additionalSecretOutputs`. */
export function markSecretOutputs(answer: PropertyMap, question: PropertyMap, names: readonly string[]): PropertyMap {
  const outputs = markSecretsLike(answer, question);
  const marked = names.flatMap((name) => {
    const value = outputs[name];
    return value === undefined ? [] : [[name, new Secret(value)] as const];
  });
  return { ...outputs, ...Object.fromEntries(marked) };
}
