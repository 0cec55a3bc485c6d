/**
 * Who carries a move out. The swarm has one secret for each service that is being moved, so that two runs cannot both begin. A run
 * that carries it out changes the secret's labels all the time; where they rest, it was killed, and another may take over.
 */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { z } from "zod";
import { dockerStatus, readAgain } from "../../swarm/api/errors.ts";
import { handleSchema } from "../../swarm/api/objects.ts";
import { readAnswer } from "../../swarm/engine/requests.ts";
import { SituationError } from "../../text/situation-error.ts";
import { moveDriverLabel, moveOrderLabel, moveServiceLabel, type MoveOrderRecord } from "./order-record.ts";
import { readOrderRecord } from "./plan.ts";

const beatEveryMs = 2000;
/** A run that is carrying a move out has changed the labels by then, also where the manager is slow. */
const restMs = 10_000;
const lookEveryMs = 500;

const secretSchema = z.looseObject({
  ID: z.string(),
  Version: z.looseObject({ Index: z.number() }),
  Spec: z.looseObject({ Name: z.string(), Labels: z.record(z.string(), z.string()).nullish() }),
});

type Secret = z.infer<typeof secretSchema>;

/** A move that the swarm knows of. */
export interface KnownMove {
  readonly secretId: string;
  readonly secretName: string;
  readonly service: string;
  readonly order: MoveOrderRecord;
  /** The run that carries it out, or did. */
  readonly driver: string;
}

/** The moves that a swarm knows of, each begun and not yet finished. */
export async function findMoves(docker: Docker): Promise<readonly KnownMove[]> {
  const secrets = await readAgain(() => docker.listSecrets({ filters: { label: [moveOrderLabel] } }));
  return readAnswer(z.array(secretSchema), secrets).flatMap((secret) => knownMove(secret) ?? []);
}

function knownMove({ ID, Spec: { Name, Labels } }: Secret): KnownMove | undefined {
  const order = readOrderRecord(Labels?.[moveOrderLabel]);
  return (
    order && {
      secretId: ID,
      secretName: Name,
      service: Labels?.[moveServiceLabel] ?? "",
      order,
      driver: Labels?.[moveDriverLabel] ?? "",
    }
  );
}

/** The right to carry a move out. */
export interface MoveLease {
  readonly known: KnownMove;
  /** Fires when another run has taken over. */
  readonly lost: AbortSignal;
  /** Lets another run go on at once. */
  release(): Promise<void>;
  /** Removes the secret: the move is over. */
  end(): Promise<void>;
}

/**
 * Begins a move, or takes over one that a killed run has begun.
 *
 * @param serviceId - that of the service, which there is one secret for
 * @throws SituationError where another run carries one out
 */
export async function takeMove(
  docker: Docker,
  serviceId: string,
  begun: KnownMove | { readonly service: string; readonly order: MoveOrderRecord },
  signal: AbortSignal,
): Promise<MoveLease> {
  const driver = `${hostname()} ${process.pid} ${randomBytes(4).toString("hex")}`;
  const labels = {
    [moveServiceLabel]: begun.service,
    [moveOrderLabel]: JSON.stringify(begun.order),
    [moveDriverLabel]: driver,
  };
  const name = `holdfast-move-${serviceId}`;
  let id: string;
  if ("secretId" in begun) {
    id = begun.secretId;
    const before = await restingSecret(docker, id, begun, signal);
    if (!(await relabel(docker, before, labels))) throw carriedOut(begun.service);
  } else {
    const spec = { Name: name, Labels: labels, Data: Buffer.from(randomBytes(32).toString("hex")).toString("base64") };
    id = await docker.createSecret(spec).then(
      (answer) => readAnswer(handleSchema, answer).id,
      (error: unknown) => {
        throw dockerStatus(error) === 409 ? carriedOut(begun.service) : error;
      },
    );
  }
  return holdLease(
    docker,
    { secretId: id, secretName: name, service: begun.service, order: begun.order, driver },
    labels,
  );
}

function carriedOut(service: string): SituationError {
  return new SituationError({
    what: `Another run is moving ${service}`,
    fix: "Wait for its end, or stop it and run this again",
  });
}

/** The secret of a move that no run carries out. */
async function restingSecret(
  docker: Docker,
  id: string,
  { service, driver }: KnownMove,
  signal: AbortSignal,
): Promise<Secret> {
  const first = await readSecret(docker, id);
  const deadline = performance.now() + restMs;
  while (first && driver !== "" && performance.now() < deadline) {
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
    const now = await readSecret(docker, id);
    if (now?.Version.Index !== first.Version.Index) throw carriedOut(service);
  }
  if (first === undefined) throw carriedOut(service);
  return first;
}

async function readSecret(docker: Docker, id: string): Promise<Secret | undefined> {
  try {
    return readAnswer(secretSchema, await readAgain(() => docker.getSecret(id).inspect()));
  } catch (error) {
    if (dockerStatus(error) === 404) return undefined;
    throw error;
  }
}

/** @returns whether it was as it was looked at */
async function relabel(
  docker: Docker,
  { ID, Version, Spec }: Secret,
  labels: Record<string, string>,
): Promise<boolean> {
  // The types of dockerode lack the options of an update.
  const secret = docker.getSecret(ID) as unknown as { update: (options: object) => Promise<unknown> };
  try {
    await secret.update({ version: Version.Index, ...Spec, Labels: labels });
    return true;
  } catch (error) {
    if (dockerStatus(error) === undefined) throw error;
    return false;
  }
}

function holdLease(docker: Docker, known: KnownMove, labels: Record<string, string>): MoveLease {
  const lost = new AbortController();
  let count = 0;
  let beating: Promise<void> | undefined;
  const beat = async (): Promise<void> => {
    const secret = await readSecret(docker, known.secretId);
    if (secret?.Spec.Labels?.[moveDriverLabel] !== known.driver) {
      lost.abort(carriedOut(known.service));
      return;
    }
    await relabel(docker, secret, { ...labels, [beatLabel]: String((count += 1)) });
  };
  const timer = setInterval(() => {
    beating ??= beat()
      .catch(() => undefined)
      .finally(() => {
        beating = undefined;
      });
  }, beatEveryMs);
  timer.unref();
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await beating;
  };
  return {
    known,
    lost: lost.signal,
    release: async () => {
      await stop();
      const secret = await readSecret(docker, known.secretId);
      if (secret?.Spec.Labels?.[moveDriverLabel] === known.driver)
        await relabel(docker, secret, { ...labels, [moveDriverLabel]: "" });
    },
    end: async () => {
      await stop();
      await docker
        .getSecret(known.secretId)
        .remove()
        .catch((error: unknown) => {
          if (dockerStatus(error) !== 404) throw error;
        });
    },
  };
}

/** Changes as long as a run carries the move out. */
const beatLabel = "holdfast.move.beat";
