/** What is known of an image that keeps state, or that is known to keep none. `image-catalogue-schema.ts` checks each entry. */
export interface CatalogueEntry {
  /** Unique, for the label `holdfast.image` and for people. */
  readonly name: string;
  /** As the product is called. */
  readonly title: string;
  /** Repositories of the image, without a registry; a mirror may put its own path in front. */
  readonly repositories: readonly string[];
  /** When it keeps state: always, never, or only when it is started with one of these arguments. */
  readonly keepsState: "always" | "never" | StateOnDemand;
  /** What sends its state to another server: a variable whose value, or a configuration that, matches a pattern. */
  readonly stateElsewhere?: { readonly variables?: Readonly<Record<string, string>>; readonly configuration?: string };
  /** Words of the command line that show what a service runs. */
  readonly commands?: CommandFact;
  /** Where it keeps its data. With several, each names the versions that it applies to. */
  readonly dataPaths: readonly DataPathFact[];
  /** The image's own `VOLUME`s, where a container without a mount gets an anonymous volume. */
  readonly volumes: readonly VolumeFact[];
  /** Whether several tasks may write the same files: `one` for every database. */
  readonly writers: "one" | "many";
  /** For Redis and compatible servers: what the image enables by default. */
  readonly redis?: RedisImageFact;
  /** True when a kill loses no acknowledged write with the default settings, thanks to a synced write-ahead log. */
  readonly survivesKill?: true;
  /** Which major versions' files a server refuses: every other one's, or those of all older ones except its predecessor. */
  readonly refuses?: "other majors" | "skipped majors";
  /** The major versions that exist, with room for future ones. A tag outside this range is a private build number. */
  readonly majors?: { readonly from: number; readonly before: number };
  /** Commands that show whether it is alive. */
  readonly life: readonly LifeFact[];
  /** True when the image brings its own `HEALTHCHECK`. */
  readonly hasHealthCheck?: boolean;
  /** How authentication is switched on, where known. */
  readonly authentication?: AuthenticationFact;
}

/** What makes a program keep state that otherwise keeps none. */
export interface StateOnDemand {
  /** Command-line options, any of which is enough. */
  readonly withArgument: readonly string[];
  /** A setting of its configuration file. */
  readonly withSetting?: string;
}

/** The programs that a service with this image may run. */
export interface CommandFact {
  /** Every name of the program that keeps the data. */
  readonly servers: readonly string[];
  /** Client programs in the same image: a service that runs one of these, and no server, keeps no data. */
  readonly tools: readonly string[];
  /** Words that turn the server into a different program with different data: `--sentinel`. */
  readonly disguises?: readonly string[];
}

/** A place where an image keeps its data. */
export interface DataPathFact {
  /** `{major}` stands for the image's major version. */
  readonly path: string;
  /** The major versions that this applies to; a tag without a version may be any. */
  readonly versions?: { readonly from?: number; readonly before?: number };
  /** Other common places, set by configuration files: a mount there is accepted. */
  readonly alsoAt?: readonly string[];
  /** Settings that move it; the first one present counts. */
  readonly movedBy: readonly Mover[];
  /**
   * A pattern of other paths. If the image finds files there and none at its own path, it refuses to start, so as not to create a
   * second, empty database.
   */
  readonly looksFirstInto?: string;
  /** How the image names its data folder after its host. */
  readonly namedAfterHost?: HostFolderFact;
  readonly source: string;
}

/** The folder is called `<name>@<hostname>`; the hostname is cut at its first dot. */
export interface HostFolderFact {
  /** The default name, or the default `<name>@<hostname>`. */
  readonly byDefault: string;
  /** A variable with the name, or with `<name>@<hostname>`. */
  readonly variable: string;
  /** A variable that keeps the full hostname when true. */
  readonly longNames: string;
  /** A variable that sets the folder's path, without a host in it. */
  readonly unless: string;
}

/** A setting that decides where the data is. */
export type Mover =
  | { readonly environment: string }
  /** A command-line option, `--name value` or `--name=value`. */
  | { readonly argument: string }
  /** An option that implies another path: `--configsvr`. */
  | { readonly argument: string; readonly means: string }
  /** The words after this one that are neither options nor option values, as in `minio server /data`; `flags` are options without a value. */
  | { readonly wordsAfter: string; readonly flags: readonly string[] }
  /**
   * A configuration setting, within one of these blocks if any are given. If a configuration `always` contains it, a hidden one
   * leaves the path unknown; otherwise a hidden one is assumed not to move the data.
   */
  | { readonly setting: string; readonly within?: readonly string[]; readonly always?: true }
  /** Redis' `dir`, however it is set. */
  | { readonly redisDirectory: true };

/** An image's `VOLUME`. */
export interface VolumeFact {
  readonly path: string;
  readonly versions?: DataPathFact["versions"];
}

/** What an image enables in Redis by default, and which variables it takes settings from. */
export interface RedisImageFact {
  readonly appendOnly: boolean;
  /** Environment variable whose words are added to the command line, as in redis-stack. */
  readonly argumentsFrom?: string;
  /** Environment variables that switch the append-only file on or off, as in Bitnami's images. */
  readonly appendOnlyFrom?: string;
}

/** A health check's command. */
export interface LifeFact {
  /** A word that identifies the command. */
  readonly command: string;
  /** True when it fails while the server loads or recovers, so Swarm may kill a server that is merely busy. */
  readonly failsWhileLoading: boolean;
  readonly source: string;
}

/** What switches authentication on and off. */
export interface AuthenticationFact {
  /** Whether a password is required by default. */
  readonly byDefault: boolean;
  /** Environment variables, any of which switches it on, with or without `_FILE`. */
  readonly onByEnvironment: readonly string[];
  /** Options, any of which switches it on. */
  readonly onByArgument: readonly string[];
  /** Configuration settings, any of which switches it on. */
  readonly onBySetting?: readonly string[];
  /** Environment variables that switch it off when they have one of these values. */
  readonly offByEnvironment: Readonly<Record<string, readonly string[]>>;
  readonly source: string;
}
