import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { digest, store, mounted, postgres, stranger, stateless } from "../sample-services.ts";

/** What SS303 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [
      mounted({ type: "bind", source: "/srv/redis", target: "/data" }, { name: "first" }),
      mounted({ type: "bind", source: "/srv/redis", target: "/data" }),
    ],
    expected: { fail: 'The service "first" writes the folder "/srv/redis" too.' },
  },
  {
    drafts: [
      stranger({ mounts: [{ type: "bind", source: "/run/docker.sock", target: "/run/docker.sock" }] }),
      stranger({ mounts: [{ type: "bind", source: "/run/docker.sock", target: "/run/docker.sock" }] }),
    ],
    expected: "not applicable",
  },
  {
    drafts: [
      mounted({ type: "bind", source: "/srv/redis", target: "/data" }, { name: "first" }),
      mounted({ type: "bind", source: "/srv/redis", target: "/data", readOnly: true }),
    ],
    expected: "not applicable",
  },
  {
    drafts: [store({ name: "first" }), stateless({ mounts: [{ source: unknown, target: "/cache" }] })],
    expected: "pass",
  },
  {
    drafts: [
      store({ image: `wordpress:6${digest}`, args: [], mounts: [{ source: unknown, target: "/var/www/html" }] }),
    ],
    expected: "pass",
  },
  { drafts: [postgres(), store()], expected: "pass" },
  {
    drafts: [store({ name: "first" }), store()],
    expected: { fail: 'The service "first" writes the volume "data" too.' },
  },
  {
    drafts: [stranger({ mounts: [{ source: "data", target: "/backup" }] }), store()],
    expected: { fail: 'The service "stranger" writes the volume "data" too.' },
  },
  {
    drafts: [stranger({ mounts: [{ source: "data", target: "/backup", readOnly: true }] }), store()],
    expected: "pass",
  },
  {
    drafts: [store(), stranger({ mounts: [{ source: "data", target: "/backup", readOnly: true }] })],
    expected: "not applicable",
  },
  { drafts: [store({ name: "first", constraints: ["node.hostname==two"] }), store()], expected: "pass" },
  {
    drafts: [store({ name: "first", constraints: ["node.labels.disk==ssd"] }), store()],
    expected: { fail: 'The service "first" writes the volume "data" too.' },
  },
  {
    drafts: [
      stranger({ name: "web", mounts: [{ source: "media", target: "/media" }] }),
      stranger({ mounts: [{ source: "media", target: "/media" }] }),
    ],
    expected: {
      unverifiable:
        'The service "web" writes the volume "media" too; whether their images allow several writers is not known.',
    },
  },
  {
    drafts: [
      store({
        name: "app",
        image: `nextcloud:30${digest}`,
        args: [],
        mounts: [{ source: "n", target: "/var/www/html" }],
      }),
      store({
        name: "cron",
        image: `nextcloud:30${digest}`,
        args: ["/cron.sh"],
        mounts: [{ source: "n", target: "/var/www/html" }],
      }),
    ],
    expected: "pass",
  },
  {
    drafts: [store({ name: "first" }), store({ labels: { "holdfast.shared": "one writes at a time" } })],
    expected: "pass",
  },
  {
    drafts: [store({ name: "first" }), mounted({ source: "data", target: "/data", readOnly: unknown })],
    expected: {
      unverifiable: 'The service "first" writes the volume "data" too, unless a mount turns out to be read-only.',
    },
  },
  {
    drafts: [store({ name: "first" }), mounted({ source: unknown, target: "/data" })],
    expected: {
      unverifiable: "Whether another service writes the same volume is not known: its name is not known yet.",
    },
  },
  { drafts: [store({ mounts: [] })], expected: "not applicable" },
];
