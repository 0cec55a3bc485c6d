import assert from "node:assert/strict";
import { serviceLines } from "../../cli/commands/swarm/status.ts";
import { serviceStates } from "../../live/service-states.ts";
import { serviceSchema, taskSchema } from "../../swarm/api/objects.ts";
import { plain } from "../../text/style.ts";

function service(name: string, labels: Record<string, string>, mount: object = {}, replicas = 1) {
  const Mounts = [{ Type: "volume", Source: name, Target: "/data", ...mount }];
  const Spec = {
    ...{ Name: name, Labels: labels, Mode: { Replicated: { Replicas: replicas } } },
    TaskTemplate: { ContainerSpec: { Image: "redis:8", Mounts } },
  };
  return serviceSchema.parse({ ID: name, Version: { Index: 1 }, Spec });
}

function task(of: string, State: string, NodeID = "n1") {
  const common = { CreatedAt: "2026-12-01T00:00:00Z", Spec: {}, DesiredState: "running", NodeID };
  return taskSchema.parse({ ...common, ID: `${of}-1`, ServiceID: of, Status: { State } });
}

describe("the states of services", () => {
  it("say what runs and how it is backed up, and leave out what makes backups and what writes nothing", () => {
    const services = [
      service("shop", { "holdfast.backup": "restic, every 2s, to s3:h/b" }),
      service("shop-backup", { "holdfast.backup.of": "shop" }),
      service("shop-drill", { "holdfast.backup.drill-of": "shop" }),
      service("holdfast-list-shop", { "holdfast.backup.task": "shop" }),
      service("reader", {}, { ReadOnly: true }),
      service("cache", {}, { Type: "tmpfs" }),
      service("cart", { "holdfast.backup": "by hand" }),
      service("away", {}, {}, 0),
      service("lost", {}),
    ];
    const tasks = [
      task("shop", "running"),
      task("cart", "starting"),
      task("cart", "failed"),
      task("lost", "running", "n2"),
    ];
    const errors = ["Its last proof failed"];
    const backup = { service: "shop", words: "everything up to noon", errors, unproved: true, condition: undefined };
    const node = { id: "n1", hostname: "node-1", role: "manager", availability: "active", state: "ready" } as const;
    const known = { address: "", os: "linux", architecture: "x86_64", labels: {}, engineLabels: {} };
    const dead = { ...node, ...known, id: "n2", hostname: "node-2", state: "down" } as const;
    const nodes = [{ ...node, ...known }, dead];
    const states = serviceStates({ nodes, services, tasks }, [backup]);
    assert.deepEqual(
      states.flatMap((state) => serviceLines(state, { style: plain })),
      [
        "away",
        "  backup  none is declared",
        "cart  0 of 1 tasks run",
        "  backup  in words, which nothing checks: by hand",
        "lost  0 of 1 tasks run",
        "  backup  none is declared",
        "shop  on node-1",
        "  backup  everything up to noon",
        "  error   Its last proof failed",
      ],
    );
  });
});
