import assert from "node:assert/strict";
import { onlyNode, publishesPort, requireFreePort, requireNode } from "../../cli/pre-checks.ts";
import type { SwarmNode } from "../../swarm/connection.ts";
import type { Port, Service } from "../../swarm/docker-objects.ts";

describe("checks before an update", () => {
  const nodes = ["alpha", "beta"].map(node);

  it("refuse a pin to a node that does not exist, with those that do and the setting", () => {
    assert.throws(
      () => {
        requireNode("gamma", nodes);
      },
      {
        name: "InputError",
        message:
          'holdfast:node: expected the hostname of a node of this swarm (alpha, beta), got "gamma". Set one of them with `npx holdfast config set node <hostname>`; data that was kept stays on its old node.',
      },
    );
  });

  it("accept a node in any case, as Swarm compares hostnames", () => {
    requireNode("ALPHA", nodes);
  });

  it("choose the node of a swarm that has one, and leave the choice where there are several", () => {
    assert.equal(onlyNode([node("alpha")]), "alpha");
    assert.throws(() => onlyNode(nodes), /^InputError: holdfast:node: expected .* one of alpha, beta, got nothing\. /);
  });

  const wanted = { port: 10_000, publishMode: "host", service: "stateful", node: "alpha" };

  it("refuse a port that another service publishes", () => {
    assert.throws(
      () => {
        requireFreePort(wanted, [service("web", { PublishedPort: 10_000, PublishMode: "ingress" })]);
      },
      {
        name: "InputError",
        message:
          "holdfast:port: expected a port that is free, got 10000, which is in use by the service web. Set another with `npx holdfast config set port <number>`, or end what uses it.",
      },
    );
  });

  it("take no offence at the service itself, at other ports, or at a host port on another node", () => {
    const host = { PublishedPort: 10_000, PublishMode: "host" };
    requireFreePort(wanted, [
      service("stateful", host),
      service("web", { PublishedPort: 80, PublishMode: "ingress" }),
      service("other", host, ["node.hostname == beta"]),
    ]);
  });

  it("refuse a host port of a service that may run on the same node", () => {
    const host = { PublishedPort: 10_000, PublishMode: "host" };
    assert.throws(() => {
      requireFreePort(wanted, [service("other", host)]);
    });
    assert.throws(() => {
      requireFreePort(wanted, [service("other", host, ["node.hostname==alpha"])]);
    });
    assert.throws(() => {
      requireFreePort({ ...wanted, publishMode: "ingress" }, [service("other", host, ["node.hostname==beta"])]);
    });
  });

  it("know a port that the service has already", () => {
    assert.ok(publishesPort(service("stateful", { PublishedPort: 10_000 }), 10_000));
    assert.ok(!publishesPort(service("stateful", { PublishedPort: 10_000 }), 10_001));
    assert.ok(!publishesPort(undefined, 10_000));
  });
});

function node(hostname: string): SwarmNode {
  const rest = { role: "manager", availability: "active", state: "ready", address: "10.0.0.1", labels: {} } as const;
  return { id: hostname, hostname, ...rest };
}

function service(name: string, port: Port, constraints: string[] = []): Service {
  return {
    ID: name,
    Version: { Index: 1 },
    Spec: {
      Name: name,
      TaskTemplate: { Placement: { Constraints: constraints } },
      Mode: { Replicated: { Replicas: 1 } },
      EndpointSpec: { Ports: [port] },
    },
  };
}
