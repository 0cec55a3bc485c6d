import { equalValues, Unknown, type PropertyMap } from "../../engine/model/property-value.ts";
import type { ResourceProvider } from "../../engine/model/resource-provider.ts";

/**
 * A provider whose resources are rows of a table: enough to see what a planner asks of one, and in which order.
 * A changed property whose name starts with `fixed` forces a replacement; an automatic name is `<name>-<seed>`.
 */
export class TableProvider implements ResourceProvider {
  readonly rows = new Map<string, PropertyMap>();
  readonly calls: string[] = [];
  /** Makes the next operation on a resource of this name fail. */
  failOn: string | undefined;
  deleteBeforeReplace = false;

  check: ResourceProvider["check"] = ({ name }, { olds, news, randomSeed }) => {
    const failures = "bad" in news ? [{ property: "bad", reason: "is not allowed" }] : [];
    if ("name" in news) return { inputs: news, failures };
    const automatic = olds["name"] ?? `${name}-${Buffer.from(randomSeed).toString("hex").slice(0, 7)}`;
    return { inputs: { ...news, name: automatic }, failures };
  };

  diff: ResourceProvider["diff"] = (_identity, { oldInputs, news }) => {
    const names = [...new Set([...Object.keys(oldInputs), ...Object.keys(news)])];
    const diffs = names.filter((name) => !equalValues(oldInputs[name], news[name]));
    const replaces = diffs.filter((name) => name.startsWith("fixed"));
    return {
      changes: diffs.length > 0,
      diffs,
      replaces,
      detailedDiff: Object.fromEntries(
        diffs.map((name) => [name, replaces.includes(name) ? "update-replace" : "update"]),
      ),
      deleteBeforeReplace: this.deleteBeforeReplace,
      warnings: [],
    };
  };

  preview: ResourceProvider["preview"] = (_identity, { news, old }) => ({ ...news, id: old?.id ?? Unknown.value });

  create: ResourceProvider["create"] = ({ name }, { news }) => {
    this.#call("create", name);
    const id = idOf(news);
    this.rows.set(id, news);
    return Promise.resolve({ id, outputs: { ...news, id } });
  };

  update: ResourceProvider["update"] = ({ name }, { id, news }) => {
    this.#call("update", name);
    this.rows.set(id, news);
    return Promise.resolve({ outputs: { ...news, id } });
  };

  delete: ResourceProvider["delete"] = ({ name }, { id }) => {
    this.#call("delete", name);
    this.rows.delete(id);
    return Promise.resolve();
  };

  read: ResourceProvider["read"] = (_identity, { id, inputs }) => {
    const row = this.rows.get(id);
    return Promise.resolve(row && { id, inputs, outputs: { ...row, id } });
  };

  findCreated: ResourceProvider["findCreated"] = (_identity, inputs) => {
    const id = idOf(inputs);
    return Promise.resolve(this.rows.has(id) ? id : undefined);
  };

  invoke: ResourceProvider["invoke"] = (token) => Promise.reject(new Error(`no function ${token}`));

  #call(operation: string, name: string): void {
    this.calls.push(`${operation} ${name}`);
    if (this.failOn !== name) return;
    this.failOn = undefined;
    throw new Error(`${name} can't be had`);
  }
}

function idOf(inputs: PropertyMap): string {
  return `id-of-${JSON.stringify(inputs["name"])}`;
}
