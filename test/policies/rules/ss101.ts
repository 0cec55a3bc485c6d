import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { digest, store, mounted, cache, postgres, stranger, stateless, withVolume } from "../sample-services.ts";

/** What SS101 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [stranger({ mounts: [] })], images: [withVolume], expected: "not applicable" },
  { drafts: [store()], expected: "pass" },
  {
    drafts: [store({ mounts: [] })],
    expected: { fail: 'Redis keeps its data in "/data", and nothing is mounted there.' },
  },
  {
    drafts: [store({ mounts: [], directory: "/srv" })],
    expected: { fail: 'Redis keeps its data in "/srv", and nothing is mounted there.' },
  },
  {
    drafts: [store({ image: `corp/mirror/redis-7-hardened${digest}`, mounts: [] })],
    expected: { fail: 'Redis keeps its data in "/data", and nothing is mounted there.' },
  },
  {
    drafts: [stranger({ mounts: [], labels: { "holdfast.image": "postgres" } })],
    expected: { fail: 'PostgreSQL keeps its data in "/var/lib/postgresql/data", and nothing is mounted there.' },
  },
  {
    drafts: [postgres({ image: `postgres:18${digest}`, mounts: [{ source: "pg", target: "/var/lib/postgresql" }] })],
    expected: "pass",
  },
  {
    drafts: [store({ image: `nats:2${digest}`, args: ["-js"], mounts: [] })],
    expected: { fail: 'NATS keeps its data in "/tmp/nats/jetstream", and nothing is mounted there.' },
  },
  { drafts: [store({ image: `nats:2${digest}`, args: ["-p", "4222"], mounts: [] })], expected: "not applicable" },
  {
    drafts: [store({ image: `nats:2${digest}`, args: [unknown], mounts: [] })],
    path: "services.store.command",
    expected: { unverifiable: "Whether NATS keeps state here is not known yet." },
  },
  {
    drafts: [store({ image: `grafana/grafana:11${digest}`, environment: { GF_DATABASE_TYPE: unknown } })],
    path: "services.store.environment",
    expected: { unverifiable: "Whether Grafana keeps state here is not known yet." },
  },
  {
    drafts: [store({ labels: { "holdfast.store": unknown } })],
    path: "services.store.deploy.labels",
    expected: { unverifiable: "Whether Redis keeps state here is not known yet." },
  },
  { drafts: [store({ mounts: [], ...cache })], expected: "not applicable" },
  { drafts: [stateless({ mounts: [] })], expected: "not applicable" },
  { drafts: [stranger({ mounts: [] })], expected: "not applicable" },
  {
    drafts: [store({ image: unknown })],
    expected: { unverifiable: "The image is not known yet, and so neither is where it keeps its data." },
  },
  {
    drafts: [mounted({ source: "data", target: unknown })],
    expected: {
      unverifiable: "Whether Redis writes to a volume is not known: the target of a mount is not known yet.",
    },
  },
  {
    drafts: [store({ mounts: [], labels: { "holdfast.store": unknown } })],
    expected: { unverifiable: "Whether Redis keeps state here is not known yet." },
  },
  {
    drafts: [postgres({ image: `postgres${digest}` })],
    expected: {
      unverifiable:
        "Whether PostgreSQL writes to a volume is not known: the image's version decides where its data is, and no tag says which version it is.",
    },
  },
  {
    drafts: [
      store({
        image: `minio/minio:1${digest}`,
        args: ["server", "/data{1...2}"],
        mounts: [
          { source: "a", target: "/data1" },
          { source: "b", target: "/data2" },
        ],
      }),
    ],
    expected: "pass",
  },
];
