import type { Delivery, Followed } from "./companion/companion.ts";
import type { BackupConfiguration, ProofLevel } from "./protocol.ts";
import type { Catalogue } from "./repository/catalogue.ts";
import type { Assembled, PartReader, TellProgress, WholePlan } from "./restore/assemble.ts";

/** A state whose files were written into a folder. */
export interface LaidOut {
  readonly plan: WholePlan;
  readonly folder: string;
  readonly files: Assembled["files"];
}

/** What a server has loaded. */
export interface Loaded {
  /** How many keys or rows; undefined where nothing here counts them. */
  readonly entries?: number;
  /** The newest canary: milliseconds since 1970. */
  readonly canary?: number | undefined;
}

/** What is different from server to server: how it is followed, and how a state of it is put together, checked and loaded. */
export interface Product {
  /** Follows the server that the configuration names. */
  follow(configuration: BackupConfiguration, delivery: Delivery): Followed;
  /**
   * Sees how far the server has written.
   *
   * @returns when the repository got all of that; undefined as long as it has not
   */
  newest(configuration: BackupConfiguration): Promise<(catalogue: Catalogue) => number | undefined>;
  /** The names of what is written into a folder: what a restore that was killed has left there. */
  written(configuration: BackupConfiguration): readonly string[];
  /**
   * Reads the parts of a plan, and checks each.
   *
   * @param folder - where the server's files are written; undefined when the parts are only checked
   */
  assemble(
    reader: PartReader,
    plan: WholePlan,
    configuration: BackupConfiguration,
    folder: string | undefined,
  ): Promise<Assembled>;
  /** What the server's own program finds wrong with the files; undefined when all is well. */
  check(state: LaidOut): Promise<string | undefined>;
  /** How far a state can be proved, where that is less than by loading it. */
  provable?(state: LaidOut): Promise<ProofLevel>;
  /**
   * Lets a server without network load the files.
   *
   * @throws SituationError when it does not load them; NotJudgedError when it was killed
   */
  load(state: LaidOut, temporaryFolder: string, progress: TellProgress): Promise<Loaded>;
}

/** What the server of a kind of backup is. */
export function productOf({ kind }: Pick<BackupConfiguration, "kind">): Promise<Product> {
  return products[kind]();
}

const products: Readonly<Record<BackupConfiguration["kind"], () => Promise<Product>>> = {
  file: async () => (await import("./file/product.ts")).fileProduct,
  log: async () => (await import("./redis/product.ts")).redisProduct,
  postgresql: async () => (await import("./postgresql/product.ts")).postgresqlProduct,
  snapshot: async () => (await import("./redis/product.ts")).redisProduct,
};
