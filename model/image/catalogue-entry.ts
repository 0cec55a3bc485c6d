/** What is known of an image that keeps state, or that is known to keep none. `image-catalogue-schema.ts` checks each entry. */
export interface CatalogueEntry {
  /** Unique, for the label `holdfast.image` and for people. */
  readonly name: string;
  /** As the product is called. */
  readonly title: string;
  /** Repositories of the image without a registry; a mirror's path may stand before them. */
  readonly repositories: readonly string[];
  /** When it keeps state: always, never, or only when it is started with one of these arguments. */
  readonly keepsState: "always" | "never" | StateOnDemand;
  /** What sends its state to another server: a variable whose value, or a configuration that, matches a pattern. */
  readonly stateElsewhere?: { readonly variables?: Readonly<Record<string, string>>; readonly configuration?: string };
  /** Words of its command line by which one sees what a service runs. */
  readonly commands?: CommandFact;
  /** Where it keeps its data. With several versions, each names the tags it holds for. */
  readonly dataPaths: readonly DataPathFact[];
  /** The image's own `VOLUME`s, where a container without a mount gets an anonymous volume. */
  readonly volumes: readonly VolumeFact[];
  /** Whether several tasks may write the same files: `one` for every database. */
  readonly writers: "one" | "many";
  /** Redis and what speaks its language; the entry then says what the image switches on by itself. */
  readonly redis?: RedisImageFact;
  /** True when a kill loses nothing that it has acknowledged, by its defaults: a synced write-ahead log. */
  readonly survivesKill?: true;
  /** Of which major versions a server refuses the files: of every other one, or of all older ones but the one before it. */
  readonly refuses?: "other majors" | "skipped majors";
  /** The major versions that there are, with room for those to come: a tag outside of them counts somebody's own builds. */
  readonly majors?: { readonly from: number; readonly before: number };
  /** What proves that it lives. */
  readonly life: readonly LifeFact[];
  /** True when the image brings its own `HEALTHCHECK`. */
  readonly hasHealthCheck?: boolean;
  /** What asks for a password, where it is known. */
  readonly authentication?: AuthenticationFact;
}

/** What makes a program keep state that else keeps none. */
export interface StateOnDemand {
  /** Options of its command line of which one is enough. */
  readonly withArgument: readonly string[];
  /** A setting of its configuration file. */
  readonly withSetting?: string;
}

/** What a service with this image may run. */
export interface CommandFact {
  /** The program that keeps the data, by each of its names. */
  readonly servers: readonly string[];
  /** Programs beside it that work for a server elsewhere: a service that runs one of these, and no server, keeps nothing of its own. */
  readonly tools: readonly string[];
  /** Words that make the server another program, with data of another kind: `--sentinel`. */
  readonly disguises?: readonly string[];
}

/** A place where an image keeps its data. */
export interface DataPathFact {
  /** `{major}` stands for the image's major version. */
  readonly path: string;
  /** The major versions that this holds for; a tag that names none may be any. */
  readonly versions?: { readonly from?: number; readonly before?: number };
  /** Other places that its authors put it by configuration files, so that a mount there is taken to be right. */
  readonly alsoAt?: readonly string[];
  /** What moves it: the first that is given counts. */
  readonly movedBy: readonly Mover[];
  /**
   * A pattern of other paths: an image that finds files there, and none at its own path, does not start, lest it begin anew
   * beside them.
   */
  readonly looksFirstInto?: string;
  /** How the image names the folder of its data after its host. */
  readonly namedAfterHost?: HostFolderFact;
  readonly source: string;
}

/** The folder is called `<name>@<hostname>`, with the hostname up to its first dot. */
export interface HostFolderFact {
  /** The name where nobody gives one, or the whole of both. */
  readonly byDefault: string;
  /** A variable with the name, or with the whole of both. */
  readonly variable: string;
  /** A variable that, when true, leaves the hostname whole. */
  readonly longNames: string;
  /** A variable that gives the folder's path, so that no host is in it. */
  readonly unless: string;
}

/** A setting that says where the data lies. */
export type Mover =
  | { readonly environment: string }
  /** An option of the command line, `--name value` or `--name=value`. */
  | { readonly argument: string }
  /** An option that stands for another path: `--configsvr`. */
  | { readonly argument: string; readonly means: string }
  /** The words after this one that are neither options nor their values, as in `minio server /data`; some options take no value. */
  | { readonly wordsAfter: string; readonly flags: readonly string[] }
  /**
   * A setting of a configuration, within one of these blocks where they are given. Where a configuration `always` says it, one
   * that cannot be seen leaves the path unknown; elsewhere it hardly ever moves data.
   */
  | { readonly setting: string; readonly within?: readonly string[]; readonly always?: true }
  /** Redis' `dir`, wherever it is set. */
  | { readonly redisDirectory: true };

/** An image's `VOLUME`. */
export interface VolumeFact {
  readonly path: string;
  readonly versions?: DataPathFact["versions"];
}

/** What an image switches on in Redis by itself, and from which variables it takes settings. */
export interface RedisImageFact {
  readonly appendOnly: boolean;
  /** Environment variable whose words are added to the command line, as in redis-stack. */
  readonly argumentsFrom?: string;
  /** Environment variables that switch the append-only file on or off, as in Bitnami's images. */
  readonly appendOnlyFrom?: string;
}

/** A health check's command. */
export interface LifeFact {
  /** A word by which the command is recognised. */
  readonly command: string;
  /** True when it fails while the server loads or recovers, so that Swarm may kill a server that is only busy. */
  readonly failsWhileLoading: boolean;
  readonly source: string;
}

/** What switches authentication on and off. */
export interface AuthenticationFact {
  /** Whether a password is asked for when nothing is said. */
  readonly byDefault: boolean;
  /** Environment variables of which one, alone or with `_FILE`, switches it on. */
  readonly onByEnvironment: readonly string[];
  /** Options of which one switches it on. */
  readonly onByArgument: readonly string[];
  /** Settings of a configuration file of which one switches it on. */
  readonly onBySetting?: readonly string[];
  /** Environment variables that switch it off at one of these values. */
  readonly offByEnvironment: Readonly<Record<string, readonly string[]>>;
  readonly source: string;
}
