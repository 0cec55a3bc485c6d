import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, told, stateless, programs } from "../sample-services.ts";

/** What SS502 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [store({ environment: { PASSWORD: "hunter2" } })],
    inputs: ["swarm"],
    path: "Spec.TaskTemplate.ContainerSpec.Env",
    expected: { fail: 'The environment variable "PASSWORD" holds a secret in clear.' },
  },
  {
    drafts: [store({ environment: unknown })],
    expected: { unverifiable: "Whether environment variables hold a secret in clear is not known yet." },
  },
  {
    drafts: [store({ health: { test: ["CMD", "/usr/bin/redis-cli", "-a", "hunter2", "ping"] } })],
    path: "services.store.healthcheck",
    expected: { fail: 'The argument "-a" holds a secret in clear.' },
  },
  {
    drafts: [store({ health: { test: ["CMD-SHELL", 'redis-cli -a "$(cat /run/secrets/pw)" ping'] } })],
    expected: "not applicable",
  },
  { drafts: [store({ health: { test: ["CMD", "probe", "-a", "hunter2"] } })], expected: "not applicable" },
  { drafts: [store({ health: { test: ["CMD", "redis-cli", "-p", "7000"] } })], expected: "not applicable" },
  { drafts: [store({ health: { test: unknown } })], inputs: programs, expected: "not applicable" },
  { drafts: [store({ health: unknown })], inputs: programs, expected: "not applicable" },
  {
    drafts: [store({ health: { test: ["CMD-SHELL", "mysqladmin ping -u root -phunter2"] } })],
    expected: { fail: 'The argument "-p" holds a secret in clear.' },
  },
  {
    drafts: [store({ health: { test: ["CMD-SHELL", 'mysqladmin ping -p"$(cat /run/secrets/pw)"'] } })],
    expected: "not applicable",
  },
  {
    drafts: [store({ environment: { REDIS_ARGS: "--appendonly yes --requirepass hunter2" } })],
    path: "services.store.environment.REDIS_ARGS",
    expected: { fail: 'The argument "--requirepass" holds a secret in clear.' },
  },
  {
    drafts: [store({ environment: { REDIS_ARGS: "--requirepass hunter2", PLACE: unknown } })],
    expected: { fail: 'The argument "--requirepass" holds a secret in clear.' },
  },
  { drafts: [store({ environment: { NOTE: "password --hunter2" } })], expected: "not applicable" },
  {
    drafts: [store({ environment: { PGPASSWORD: "hunter2" } })],
    expected: { fail: 'The environment variable "PGPASSWORD" holds a secret in clear.' },
  },
  {
    drafts: [
      store({ environment: { AWS_ACCESS_KEY: "AKIA1", ETCD_INITIAL_CLUSTER_TOKEN: "etcd-1", ACCESS_KEY: "minio" } }),
    ],
    expected: "not applicable",
  },
  {
    drafts: [store({ environment: { AWS_SECRET_ACCESS_KEY: "hunter2" } })],
    expected: { fail: 'The environment variable "AWS_SECRET_ACCESS_KEY" holds a secret in clear.' },
  },
  { drafts: [store({ args: ["etcd", "--initial-cluster-token", "etcd-1"] })], expected: "not applicable" },
  { drafts: [told("--requirepass")], expected: "not applicable" },
  { drafts: [told("--requirepass", "--port", "7000")], expected: "not applicable" },
  { drafts: [told("--requirepass", "no")], expected: "not applicable" },
  { drafts: [store()], expected: "not applicable" },
  {
    drafts: [store({ environment: { APP_DB_PASSWORD: "hunter2hunter2" } })],
    expected: { fail: 'The environment variable "APP_DB_PASSWORD" holds a secret in clear.' },
  },
  {
    path: "services.store.environment.stripeApiKey",
    drafts: [store({ environment: { stripeApiKey: "sk_live_1" } })],
    expected: { fail: 'The environment variable "stripeApiKey" holds a secret in clear.' },
  },
  {
    drafts: [store({ environment: { UPSTREAM: "redis://:hunter2@other" } })],
    expected: { fail: 'The environment variable "UPSTREAM" holds a secret in clear.' },
  },
  {
    drafts: [told("--requirepass", "hunter2")],
    expected: { fail: 'The argument "--requirepass" holds a secret in clear.' },
  },
  {
    drafts: [store({ args: ["--password=hunter2"] })],
    expected: { fail: 'The argument "--password" holds a secret in clear.' },
  },
  {
    drafts: [store({ args: ["sync", "redis://u:hunter2@other"] })],
    expected: { fail: "The arguments hold an address with a password in clear." },
  },
  {
    drafts: [store({ args: ["sh", "-c", 'redis-server --requirepass "$(cat /run/secrets/pw)"'] })],
    expected: "not applicable",
  },
  {
    drafts: [store({ labels: { "backup.password": "hunter2" } })],
    expected: { fail: 'The label "backup.password" holds a secret in clear.' },
  },
  {
    drafts: [
      store({
        environment: {
          PASSWORD_FILE: "/run/secrets/x",
          DB_PASSWORD: "/run/secrets/x",
          ALLOW_EMPTY_PASSWORD: "yes",
          RANDOM_PASSWORD: "yes",
          EMPTY_SECRET: "",
          PASSWORD_MIN_LENGTH: "12",
          TOKEN: "true",
        },
      }),
    ],
    expected: "not applicable",
  },
  {
    drafts: [store({ environment: { PASSWORD: unknown } })],
    expected: { unverifiable: 'Whether the environment variable "PASSWORD" holds a secret is not known yet.' },
  },
  { drafts: [store({ environment: { COLOUR: unknown } })], expected: "not applicable" },
  {
    drafts: [told("--requirepass", unknown)],
    expected: { unverifiable: 'Whether the argument "--requirepass" holds a secret in clear is not known yet.' },
  },
  { drafts: [stateless({ mounts: [], environment: { PASSWORD: "hunter2" } })], expected: "not applicable" },
];
