import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, stateless, programs, without } from "../sample-services.ts";

/** What SS409 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [store({ restart: unknown })],
    inputs: programs,
    expected: { unverifiable: "The restart policy is not known yet." },
  },
  {
    drafts: [store({ restart: { attempts: unknown } })],
    expected: { unverifiable: "Whether the restart policy ends is not known yet." },
  },
  {
    drafts: [store({ mode: "replicated-job", restart: { condition: "none" } })],
    inputs: ["stack file"],
    expected: "not applicable",
  },
  {
    drafts: [store({ mode: "global-job", restart: { condition: "none" } })],
    inputs: ["stack file"],
    expected: "not applicable",
  },
  { drafts: [store()], expected: "pass" },
  { drafts: [without(store(), "restart")], expected: "pass" },
  {
    drafts: [store({ restart: { condition: "none" } })],
    expected: { fail: "The restart condition is none.", level: "error" },
  },
  {
    drafts: [store({ restart: { attempts: 3, window: "120s" } })],
    expected: { fail: "The restart policy ends after 3 attempts.", level: "error" },
  },
  {
    drafts: [store({ restart: { condition: "on-failure" } })],
    expected: {
      fail: "The restart condition is on-failure, and a server that was stopped, by a reboot for example, has exited without failure.",
      level: "warning",
    },
  },
  {
    drafts: [store({ restart: { condition: unknown } })],
    expected: { unverifiable: "Whether the restart policy ends is not known yet." },
  },
  { drafts: [stateless({ restart: { condition: "none" } })], expected: "not applicable" },
];
