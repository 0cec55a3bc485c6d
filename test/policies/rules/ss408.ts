import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { digest, store, cache, postgres, stranger, withVolume, programs, without } from "../sample-services.ts";

/** What SS408 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [store({ health: unknown })],
    inputs: programs,
    expected: { unverifiable: "The health check is not known yet." },
  },
  {
    drafts: [store({ health: { test: unknown } })],
    expected: { unverifiable: "The health check's command is not known yet." },
  },
  {
    drafts: [store({ health: { test: ["CMD", "redis-cli", "-e", "ping"], retries: unknown } })],
    expected: { unverifiable: "How long the health check may fail is not known yet." },
  },
  {
    drafts: [store({ health: { test: ["CMD", "redis-cli", "-e", "ping"], startPeriod: unknown } })],
    expected: { unverifiable: "How long the health check may fail is not known yet." },
  },
  { drafts: [postgres({ health: { test: ["CMD", "my-check"], interval: "1s" } })], expected: "pass" },
  {
    drafts: [
      store({
        image: `prom/prometheus${digest}`,
        args: [],
        health: { test: ["CMD", "wget", "localhost:9090/-/healthy"], interval: "1s" },
      }),
    ],
    expected: "pass",
  },
  { drafts: [without(stranger(), "health")], images: [{ ...withVolume, hasHealthCheck: true }], expected: "pass" },
  { drafts: [store()], expected: "pass" },
  { drafts: [without(store(), "health")], expected: { fail: "There is no health check.", level: "warning" } },
  {
    drafts: [store({ health: { test: ["NONE"] } })],
    expected: { fail: "The health check is switched off.", level: "warning" },
  },
  {
    drafts: [store({ health: { test: ["CMD", "redis-cli", "-e", "ping"], interval: "2s", retries: 3 } })],
    expected: { fail: "The health check fails while Redis loads, and Swarm kills it after 6 s.", level: "error" },
  },
  {
    drafts: [
      store({
        health: { test: ["CMD-SHELL", "redis-cli ping | grep PONG"], interval: "10s", retries: 5, startPeriod: "9s" },
      }),
    ],
    expected: { fail: "The health check fails while Redis loads, and Swarm kills it after 59 s.", level: "error" },
  },
  {
    drafts: [store({ health: { test: ["CMD-SHELL", "redis-cli ping | grep PONG"] } })],
    expected: {
      fail: "The health check fails while Redis loads, and Swarm kills it after 90 s, which is long enough for a small dataset only.",
      level: "warning",
    },
  },
  {
    drafts: [
      store({
        health: { test: ["CMD-SHELL", "redis-cli ping | grep PONG"] },
        labels: { "holdfast.dataset": "10GiB" },
      }),
    ],
    expected: {
      fail: "The health check fails while Redis loads, and Swarm kills it after 90 s; its dataset of 10GiB takes about 108 s.",
      level: "error",
    },
  },
  {
    drafts: [
      store({
        health: { test: ["CMD-SHELL", "redis-cli ping | grep PONG"] },
        labels: { "holdfast.dataset": "1GiB" },
      }),
    ],
    expected: "pass",
  },
  {
    drafts: [store({ health: { test: ["CMD-SHELL", "redis-cli ping | grep -E 'PONG|LOADING'"], interval: "1s" } })],
    expected: "pass",
  },
  { drafts: [store({ health: { test: ["CMD", "my-check"], interval: "1s" } })], expected: "pass" },
  { drafts: [postgres()], expected: "pass" },
  {
    drafts: [postgres({ health: { test: ["CMD-SHELL", "pg_isready -U app"], interval: "5s", retries: 5 } })],
    expected: {
      fail: "The health check fails while PostgreSQL loads, and Swarm kills it after 25 s.",
      level: "warning",
    },
  },
  { drafts: [without(store({ image: `vaultwarden/server:1${digest}`, args: [] }), "health")], expected: "pass" },
  {
    drafts: [store({ health: { test: [unknown] } })],
    expected: { unverifiable: "The health check's command is not known yet." },
  },
  {
    drafts: [store({ health: { test: ["CMD", "redis-cli", "-e", "ping"], interval: unknown } })],
    expected: { unverifiable: "How long the health check may fail is not known yet." },
  },
  { drafts: [without(stranger(), "health")], expected: "not applicable" },
  { drafts: [without(store(cache), "health")], expected: "not applicable" },
];
