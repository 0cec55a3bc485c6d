import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { digest, store, told, untold, stranger, notLive } from "../sample-services.ts";

/** What SS503 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [{ ...told(), ports: [{ target: 6379 }] }],
    expected: { fail: "Redis is published on a port and asks for no password." },
  },
  {
    drafts: [{ ...told(), ports: unknown }],
    expected: { unverifiable: "Whether Redis is published without a password is not known yet." },
  },
  { drafts: [store({ ports: [{ target: 6379, published: 10000 }] })], expected: "pass" },
  {
    drafts: [{ ...told(), ports: [{ target: 6379, published: 10000 }] }],
    expected: { fail: "Redis is published on port 10000 and asks for no password." },
  },
  {
    drafts: [
      store({
        image: `elasticsearch:8.1.0${digest}`,
        args: [],
        environment: { "xpack.security.enabled": "false" },
        ports: [{ target: 9200, published: 9200 }],
      }),
    ],
    expected: { fail: "Elasticsearch is published on port 9200 and asks for no password." },
  },
  {
    drafts: [{ ...untold, ports: [{ target: 6379, published: 10000 }] }],
    inputs: notLive,
    expected: { unverifiable: "Redis is published, and whether it asks for a password is not known." },
  },
  { drafts: [told()], expected: "not applicable" },
  { drafts: [stranger({ ports: [{ target: 1, published: 1 }] })], expected: "not applicable" },
];
