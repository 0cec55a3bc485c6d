import { randomUUID } from "node:crypto";
import type { RedisSettings } from "../../../components/redis/redis.ts";
import type { RedisPersistence } from "../../../model/redis/persistence.ts";
import type { Authority, Certificate } from "./certificates.ts";

/** The certificates of a Redis, and the authorities that its clients trust, as PEM. */
export interface GivenTls extends Certificate {
  readonly authority: string;
}

/** The arguments of a Redis, known in full. */
export interface GivenRedis extends RedisSettings {
  serviceName: string;
  image: string;
  backup?: string;
  persistence: RedisPersistence;
  password: string;
  publishedPort: number;
  tls: GivenTls;
}

/** What the program is told. */
export interface StoreArguments {
  /** Name of the Redis component. */
  component: string;
  /** What it was called before. */
  formerComponent?: string;
  identity: string;
  volumeName: string;
  node: string;
  networks: string[];
  firstStartUntil: string;
  redis: GivenRedis;
}

/** Makes other arguments out of those that are in effect; each step is one `up`. */
export type Step = (given: StoreArguments) => StoreArguments;

/** A change of one argument, and whether Swarm must replace the task for it. */
export interface Change {
  readonly kind: string;
  readonly steps: readonly Step[];
  readonly replacesTask: boolean;
}

/** What arguments are changed to and fro between. */
export interface Material {
  /** Two images by digest. */
  readonly images: readonly string[];
  /** Two authorities, each with two certificates. */
  readonly authorities: readonly Authority[];
}

/** The changes, one of each kind. */
export function changesOf({ images, authorities }: Material): readonly Change[] {
  const issuerOf = ({ certificate }: GivenTls): Authority =>
    found(authorities.find(({ issued }) => issued.some((each) => each.certificate === certificate)));
  const other = (issuer: Authority): Authority => found(authorities.find((each) => each !== issuer));
  const anotherFrom = ({ issued }: Authority, { certificate }: GivenTls): Certificate =>
    found(issued.find((each) => each.certificate !== certificate));
  const tls = (change: (given: GivenTls) => Partial<GivenTls>): Step =>
    redis(({ tls }) => ({ tls: { ...tls, ...change(tls) } }));
  return [
    replacing(
      "memory limit",
      redis(({ memoryLimit }) => ({ memoryLimit: next(["192M", "256M"], memoryLimit) })),
    ),
    replacing(
      "processor limit",
      redis(({ cpuLimit }) => ({ cpuLimit: next([1, 1.5], cpuLimit) })),
    ),
    replacing(
      "processors reserved",
      redis(({ cpuReservation }) => ({ cpuReservation: next([0.1, 0.2], cpuReservation) })),
    ),
    replacing(
      "image",
      redis(({ image }) => ({ image: next(images, image) })),
    ),
    replacing(
      "setting of redis.conf",
      redis(({ settings }) => ({ settings: { hz: next(["20", "30"], settings?.["hz"]) } })),
    ),
    replacing(
      "log driver",
      redis(({ logDriver }) => ({ logDriver: { name: next(["local", "json-file"], logDriver?.name) } })),
    ),
    replacing(
      "persistence profile",
      redis(({ persistence }) => ({ persistence: next(["durable", "balanced"], persistence) })),
    ),
    replacing(
      "published port",
      redis(({ publishedPort }) => ({ publishedPort: publishedPort ^ 1 })),
    ),
    replacing(
      "password",
      redis(({ password }) => ({ password: randomUUID(), previousPassword: password })),
      ({ redis: { previousPassword, ...rest }, ...given }) => ({ ...given, redis: rest }),
    ),
    replacing(
      "password of operations",
      redis(() => ({ operationsPassword: randomUUID() })),
    ),
    replacing(
      "certificate",
      tls((given) => anotherFrom(issuerOf(given), given)),
    ),
    replacing(
      "authority",
      tls(() => ({ authority: authorities.map(({ certificate }) => certificate).join("") })),
      tls((given) => anotherFrom(other(issuerOf(given)), given)),
      tls((given) => ({ authority: issuerOf(given).certificate })),
    ),
    keeping("time of the first start", (given) => ({
      ...given,
      firstStartUntil: new Date(Date.parse(given.firstStartUntil) + 1000).toISOString().replace(".000", ""),
    })),
    replacing(
      "stopped, then started",
      redis(() => ({ stopped: true })),
      redis(() => ({ stopped: false })),
    ),
    replacing("network", (given) => ({
      ...given,
      networks: given.networks.length === 1 ? [...given.networks, "front"] : given.networks.slice(0, 1),
    })),
    replacing(
      "service's name",
      redis(({ serviceName }) => ({ serviceName: `${prefixOf(serviceName)}-${otherSuffix(serviceName)}` })),
    ),
    keeping("component's name", ({ component, ...given }) => ({
      ...given,
      component: `store-${otherSuffix(component)}`,
      formerComponent: component,
    })),
    keeping(
      "constraint that holds",
      redis(({ constraints = [] }) => ({ constraints: constraints.length === 0 ? ["node.role==manager"] : [] })),
    ),
    keeping(
      "label",
      redis(({ labels }) => ({ labels: { team: next(["shop", "data"], labels?.["team"]) } })),
    ),
    keeping(
      "backup",
      redis(({ backup }) => ({ backup: next(["every night", "every hour"], backup) })),
    ),
  ];
}

/** As many changes as asked for, each kind about as often as any other, in an order that a seed decides. */
export function inRandomOrder(changes: readonly Change[], count: number, seed: number): readonly Change[] {
  const draw = random(seed);
  const rounds = Array.from({ length: Math.ceil(count / changes.length) }, () =>
    changes.map((change) => ({ change, at: draw() })).toSorted((one, other) => one.at - other.at),
  );
  return rounds
    .flat()
    .slice(0, count)
    .map(({ change }) => change);
}

function replacing(kind: string, ...steps: Step[]): Change {
  return { kind, steps, replacesTask: true };
}

function keeping(kind: string, ...steps: Step[]): Change {
  return { kind, steps, replacesTask: false };
}

function redis(change: (given: GivenRedis) => Partial<GivenRedis>): Step {
  return (given) => ({ ...given, redis: { ...given.redis, ...change(given.redis) } });
}

/** The value that comes after one in a row, and the first after the last. */
function next<Value>(values: readonly Value[], value: Value | undefined): Value {
  const index = values.findIndex((each) => each === value);
  return found(values[(index + 1) % values.length]);
}

function prefixOf(name: string): string {
  return name.slice(0, name.lastIndexOf("-"));
}

function otherSuffix(name: string): string {
  return name.endsWith("-a") ? "b" : "a";
}

function found<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("The arguments are none of those that the changes know.");
  return value;
}

/** Mulberry32: small, and good enough to put changes in order. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
