import { runApart } from "../../model/placement/constraints.ts";
import { isKnown, type Mount, type VolumeOptions } from "../../model/service/definition.ts";
import { sameOptions } from "../../model/storage/volume-storage.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, unverifiable, type Answer, type Rule } from "../rule.ts";
import { isNamedVolume, type Subject } from "../subject.ts";

export const volumeOptionsIgnored: Rule = {
  id: "SS305",
  name: "volume-options-ignored",
  level: "warning",
  reason:
    "Options only matter when a volume is first created on a node; Docker silently ignores different ones afterwards.",
  fix: "Write the same options in each place, or give the volume with other options another name.",
  check(subject) {
    const { service } = subject;
    if (!isKnown(service.mounts)) return notApplicable;
    const mounts = service.mounts.filter((mount) => isNamedVolume(mount) && mount.volumeOptions !== undefined);
    if (mounts.length === 0) return notApplicable;
    return mounts.map((mount) => checkMount(subject, mount));
  },
};

interface Place {
  readonly options: VolumeOptions;
  readonly where: string;
}

function checkMount({ service, index }: Subject, mount: Mount): Answer {
  const { volumeOptions, source } = mount;
  if (!isKnown(source) || source === undefined || !isKnown(volumeOptions) || volumeOptions === undefined) {
    return unverifiable(mount.path, "Whether another place gives this volume other options is not known yet.");
  }
  // What a stack file says of a volume is what its mounts say.
  const ownVolumes = index.volumesNamed(source).filter(({ origin }) => origin !== "stack file");
  const declared = ownVolumes.map((volume): Place => ({
    options: volume.options,
    where: volume.origin === "swarm" ? "the volume as it exists" : `the volume ${quoted(volume.path)}`,
  }));
  // The first mount, possibly this one, decides; each later one that differs gets its own finding.
  const first = index.findUse(
    source,
    ({ service: other, mount: { volumeOptions: options } }) =>
      options !== undefined && !runApart(other.constraints, service.constraints),
  );
  const options = first?.mount.volumeOptions;
  const unsure = unverifiable(
    mount.path,
    `Whether the options of the volume ${quoted(source)} agree everywhere is not known yet.`,
  );
  if (!isKnown(options)) return unsure;
  const where = `the service ${quoted(first?.service.name ?? "")}`;
  const mounted: readonly Place[] = options === undefined ? [] : [{ options, where }];
  const places = [...declared, ...mounted];
  const answers = places.map(({ options }) => sameOptions(options, volumeOptions));
  const other = places[answers.indexOf(false)];
  if (other !== undefined)
    return fail(mount.path, `The volume ${quoted(source)} has other options here than ${other.where} gives it.`);
  return answers.every(isKnown) ? pass : unsure;
}
