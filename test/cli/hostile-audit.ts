import type { AuditReport } from "../../live/audit/report.ts";
import type { Finding } from "../../policies/finding.ts";

/** What the names in {@link hostileAudit} try: an element with a script, a way out of an attribute, a turned direction of text. */
export const hostile = `<img src=x onerror="document.title='taken'">'"\u202e&lt;`;

/** An audit with something in every table, in which each name that can come from outside is {@link hostile}. */
export function hostileAudit(): AuditReport {
  const host = `unix:///${hostile}`;
  const finding: Finding = {
    rule: "SS101",
    name: hostile,
    level: "error",
    result: "fail",
    service: hostile,
    path: hostile,
    message: hostile,
    fix: hostile,
    url: hostile,
  };
  const volume = { node: hostile, name: hostile, sizeBytes: 7, why: "orphan" } as const;
  return {
    inventory: {
      takenAt: "2026-11-25T00:00:00.000Z",
      engines: [{ host, problem: hostile }],
      swarm: {
        nodes: [
          {
            id: "n1",
            hostname: hostile,
            role: "manager",
            availability: "active",
            state: "ready",
            address: "10.0.0.1",
            os: "linux",
            architecture: "x86_64",
            labels: {},
            engineLabels: {},
          },
        ],
        services: [],
        tasks: [],
        raw: { nodes: [], configs: [] },
      },
      volumes: [],
      unseenNodes: [hostile],
    },
    view: {
      services: [
        {
          name: hostile,
          runsOn: [hostile],
          isWaiting: false,
          places: [
            {
              path: hostile,
              words: hostile,
              kind: "named volume",
              reach: "node",
              inUse: [{ node: hostile, volume: hostile, sizeBytes: 7 }],
            },
          ],
        },
      ],
      withoutData: [hostile],
      idleVolumes: [{ ...volume, service: hostile }],
      nodeLosses: [{ node: hostile, losses: [{ service: hostile, what: hostile, fate: "destroyed unless backup" }] }],
      manyWriters: [{ service: hostile, volume: hostile, nodes: [hostile, "two"] }],
      diskUse: [{ node: hostile, volumeCount: 1, sizeBytes: 7, idleBytes: 7, unmeasuredCount: 0 }],
    },
    lost: [
      {
        ...volume,
        isAnonymous: true,
        content: undefined,
        problem: hostile,
        traces: [{ service: hostile, target: hostile, words: hostile }],
        program: hostile,
      },
    ],
    backups: [{ service: hostile, words: hostile, errors: [hostile], unproved: true, condition: undefined }],
    findings: [finding, { ...finding, level: "warning", result: "unverifiable" }],
  };
}
