import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { digest, store, told, untold, postgres, stranger, notLive } from "../sample-services.ts";

/** What SS501 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [{ ...told(), ports: [{ target: 6379, published: 10000 }] }], expected: "not applicable" },
  { drafts: [store({ ports: [{ target: 6379, published: 10000 }] })], expected: "pass" },
  { drafts: [store()], expected: "pass" },
  { drafts: [told("--requirepass", unknown)], expected: "pass" },
  { drafts: [told()], expected: { fail: "Redis asks for no password." } },
  { drafts: [told("--requirepass", "")], expected: { fail: "Redis asks for no password." } },
  {
    drafts: [untold],
    inputs: notLive,
    expected: {
      unverifiable: "Whether Redis asks for a password is not known: not all of its configuration can be seen.",
    },
  },
  { drafts: [postgres()], expected: "pass" },
  {
    drafts: [postgres({ environment: { POSTGRES_HOST_AUTH_METHOD: "trust" } })],
    expected: { fail: "PostgreSQL asks for no password." },
  },
  {
    drafts: [postgres({ environment: { POSTGRES_HOST_AUTH_METHOD: unknown } })],
    expected: {
      unverifiable: "Whether PostgreSQL asks for a password is not known: not all of its configuration can be seen.",
    },
  },
  { drafts: [store({ image: `mongo:7${digest}`, args: [] })], expected: { fail: "MongoDB asks for no password." } },
  { drafts: [store({ image: `mongo:7${digest}`, args: ["--auth"] })], expected: "pass" },
  {
    drafts: [
      store({
        image: `mongo:7${digest}`,
        args: [],
        environment: { MONGO_INITDB_ROOT_USERNAME_FILE: "/run/secrets/u" },
      }),
    ],
    expected: "pass",
  },
  { drafts: [store({ image: `prom/prometheus${digest}`, args: [] })], expected: "not applicable" },
  { drafts: [stranger()], expected: "not applicable" },
];
