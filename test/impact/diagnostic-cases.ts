/** One case for each diagnostic: a change that has it found. docs/diagnostics.md has the pages. */
import { readDigest } from "../../inputs/pulumi/preview.ts";
import { planBetweenStackFiles } from "../../inputs/stack/plan.ts";
import type { LiveFacts, Plan } from "../../model/plan/plan.ts";
import { dataMount, previewOf, type Change, type ServiceInputs } from "./changes.ts";
import { recordedPreview, vm } from "./recorded.ts";
import { verdictTable } from "./verdict-table.ts";

/** A plan, and what is known of the swarm. */
export interface DiagnosticCase {
  readonly plan: Plan;
  readonly live: LiveFacts;
}

function changed(of: Change, live: LiveFacts = { nodes: [vm] }): () => DiagnosticCase {
  return () => ({ plan: readDigest(JSON.parse(previewOf(of)), "plan", "pulumi"), live });
}

/** A row of the table of verdicts, by what somebody does to the program. */
function row(change: string, live?: LiveFacts): () => DiagnosticCase {
  const found = verdictTable.find((each) => each.change === change);
  if (found === undefined) throw new Error(`the table has no row "${change}"`);
  return changed(found.of, live);
}

function recorded(name: string, more: Partial<Plan> = {}): () => DiagnosticCase {
  return () => ({ plan: { ...readDigest(JSON.parse(recordedPreview(name)), name, "pulumi"), ...more }, live: {} });
}

/** The service under another logical name, and another one in Docker. */
function renamed(): DiagnosticCase {
  const { plan, live } = changed({ operation: "delete", was: (inputs) => void (inputs.endpointSpec.ports = []) })();
  const [deletion] = plan.steps;
  if (deletion?.before?.kind !== "service") throw new Error("the service is deleted");
  const after = { ...deletion.before, name: "stateful2" };
  return {
    plan: { ...plan, steps: [{ ...deletion, id: "other", operation: "create", before: undefined, after }, deletion] },
    live,
  };
}

/** The service under another logical name, on the same volume, next to the old one. */
function renamedOnItsVolume(): DiagnosticCase {
  const { plan, live } = changed({ operation: "delete" })();
  const [deletion] = plan.steps;
  if (deletion?.before?.kind !== "service") throw new Error("the service is deleted");
  return {
    plan: {
      ...plan,
      steps: [{ ...deletion, id: "other", operation: "create", before: undefined, after: deletion.before }, deletion],
    },
    live,
  };
}

function image(name: string, more: Partial<ServiceInputs["taskSpec"]["containerSpec"]> = {}) {
  return ({ taskSpec, ...inputs }: ServiceInputs): void => {
    Object.assign(taskSpec.containerSpec, { image: name, args: [], ...more });
    Object.assign(inputs.updateConfig, { failureAction: "rollback" });
  };
}

const other = { ...vm, id: "e0", hostname: "elsewhere" };
const taskNodes = new Map([["stateful", [vm.id]]]);
const files = { mark: undefined, isEmpty: false };
const volumesOn = new Map([
  [vm.id, new Map([["otherstore", files]])],
  [other.id, new Map([["foobarstore", files]])],
]);
const holder = { name: "web", routedPorts: ["10001/tcp"], tasks: [] };
const down = new Map([["stateful", "its image is gone"]]);

/** The cases, by code. */
export const diagnosticCases: Readonly<Record<string, () => DiagnosticCase>> = {
  DF001: row("a higher memory limit"),
  DF002: row("the pin taken out, and the service replaced"),
  DF003: renamed,
  DF004: row("scaled to 0"),
  DF005: row("the service removed"),
  DF010: row("a label of the service"),
  DF011: row("a retained service renamed, onto another volume"),
  DF012: row("started again after it was scaled to 0"),
  DF101: row("another volume at the data path"),
  DF102: row("a pin to another node of the swarm", { nodes: [vm, other], taskNodes }),
  DF103: changed({ service: image("acme/shop:1", { mounts: [] }) }),
  DF104: row("the service removed"),
  DF105: row("the service and its volume removed"),
  DF106: row("any change of a task whose data is in memory"),
  DF107: row("the service removed, with its data in an anonymous volume"),
  DF108: row("the pin taken out, and the service replaced", {}),
  DF109: row("a constraint that is an output of a resource still to be created"),
  DF110: row("another volume at the data path", { nodes: [vm], taskNodes, volumesOn, down }),
  DF111: recorded("volume-removed", { unseen: 0 }),
  DF112: changed({ operation: "same", volume: "protected and deleted" }),
  DF113: recorded("volume-removed"),
  DF114: row("a pin to another node of the swarm", { nodes: [vm, other], taskNodes, volumesOn }),
  DF201: row("any change of a task that has neither save points nor an append-only file"),
  DF202: row("any change of a task that is stopped with SIGKILL"),
  DF203: changed({
    was: (inputs) => void (dataMount(inputs)["readOnly"] = true),
    service: ({ taskSpec }) => void (taskSpec["forceUpdate"] = 1),
  }),
  DF301: row("PostgreSQL, the next major version"),
  DF302: row("the append-only file switched on"),
  DF303: row("the append-only file switched off, without save points"),
  DF304: row("another snapshot file"),
  DF305: row("the append-only file switched off, of a task that is stopped with SIGKILL"),
  DF306: row("a primary that becomes a replica"),
  DF307: row("another configuration file, which cannot be seen"),
  DF308: row("durable to snapshot, of the Redis component"),
  DF309: row("a memory limit below maxmemory"),
  DF310: row("another program's image"),
  DF311: row("Valkey on the files of a Redis from 7.4 on, told to try"),
  DF312: changed({ was: image("redis:7.0.15"), service: image("redis:7.0.5") }),
  DF401: row("start-first, without a port"),
  DF402: row("an update order that is not known yet, without a port"),
  DF403: row("as many replicas as an output says that is not known yet"),
  DF404: row("one replica less on one volume"),
  DF405: row("two replicas on one volume"),
  DF406: row("a retained service renamed, without a port"),
  DF501: row("a constraint that Swarm does not take"),
  DF502: row("a higher memory limit", { nodes: [vm], down }),
  DF503: row("the service and its protected volume removed, with --ignore-protect"),
  DF504: row("the service and its protected volume removed"),
  DF505: row("the pin taken out, in place"),
  DF506: row("a higher memory limit", { nodes: [other] }),
  DF507: row("the service and its volume removed", { nodes: [vm, other], taskNodes, engineNode: other.id }),
  DF508: row("a published port"),
  DF509: changed({
    was: image("redis:7"),
    service: ({ taskSpec }) => void (taskSpec.placement = { constraints: ["node.hostname==nowhere"] }),
  }),
  DF510: changed({ was: image("redis:7"), service: image("redis:8") }),
  DF601: changed({ service: (inputs) => void (dataMount(inputs)["readOnly"] = true) }),
  DF602: row("another stop signal"),
  DF603: row("the data mount at another path"),
  DF604: row("another user"),
  DF605: row("volumeOptions on a volume that exists"),
  DF606: changed({ service: ({ taskSpec }) => void (taskSpec.containerSpec["commands"] = ["/start"]) }),
  DF607: row("durable to balanced, of the Redis component"),
  DF701: row("a pin to a node that does not exist", { nodes: [vm], use: { services: [] } }),
  DF702: changed(
    { service: image("redis:7.9") },
    { nodes: [vm], use: { services: [], missingImages: new Map([["redis:7.9", "manifest unknown"]]) } },
  ),
  DF703: row("a published port and a memory limit", { nodes: [vm], use: { services: [holder] } }),
  DF704: row("a higher memory limit", { nodes: [{ ...vm, memoryBytes: 100e6 }], use: { services: [] } }),
  DF705: renamedOnItsVolume,
  DF706: row("the service and its protected volume removed"),
  DF707: () => {
    const file = (content: string) => ({
      text: `services: { db: { image: redis } }\nconfigs: { conf: { content: ${content} } }\n`,
      options: { file: "stack.yml" },
    });
    return { plan: planBetweenStackFiles(file("one"), file("two"), { prune: false, stack: "shop" }), live: {} };
  },
};
