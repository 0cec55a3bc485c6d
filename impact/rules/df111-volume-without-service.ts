import { placeWords } from "../../model/storage/data-location.ts";
import { protectLimits, restsOnProtect } from "../../model/plan/plan.ts";
import { withoutCredentials } from "../redaction/command-line.ts";
import { at, rule, type Diagnostic } from "../rule.ts";
import type { VolumeFacts } from "../simulation/facts.ts";
import { mountCommand, remedies } from "../verdict/remedies.ts";

type Code = "DF111" | "DF112" | "DF113" | "DF503" | "DF504";

/** A volume that the plan deletes and that no service shown in it mounts. */
export const volumeWithoutService = rule<Code, VolumeFacts>(
  {
    DF111: "A volume that no service mounts is deleted",
    DF112: "A protected volume is to be deleted",
    DF113: "A volume that may be in use is to be deleted",
    DF503: "A protected resource is deleted all the same",
    DF504: "Only protect keeps it",
  },
  ({ name, step, place, isSpared, mayBeInUse }): readonly Diagnostic<Code>[] => {
    const { device } = place;
    const fate = device === undefined ? "destroyed" : "left behind";
    const deletes = `The plan ${step.operation === "replace" ? "replaces" : "deletes"} volume "${name}"`;
    const about = { ...at(step.replaceReasons[0]), remedies: [remedies.keepVolume(), remedies.forgetVolume()] };
    const note = (code: Code, text: string): Diagnostic<Code> => ({ code, fate: "note", text });
    if (isSpared) {
      const text = `${deletes}, which is protected: Pulumi refuses, and nothing happens to it.`;
      const otherwise = { fate, when: "the protection is taken off, or ignored (--ignore-protect)" } as const;
      return [
        { code: "DF112", fate: "untouched", text, ...about, otherwise },
        ...(restsOnProtect(step) ? [note("DF504", `It stays only because of \`protect\`: ${protectLimits}`)] : []),
      ];
    }
    if (mayBeInUse) {
      const text = `${deletes}. Docker refuses that while a container uses the volume, a stopped one of the task history included: the delete is tried for 30 s, \`up\` fails, and the data stays by luck.`;
      const assumption = `a service that this preview does not show, because nothing about it changes, has tasks that mount "${name}"`;
      const otherwise = { fate, when: `no container uses volume "${name}"` } as const;
      return [
        { code: "DF113", fate: "untouched", text, ...about, assumption, otherwise },
        note("DF113", "The next `up` tries to delete the volume again, and succeeds as soon as no container uses it."),
      ];
    }
    const stays =
      device === undefined
        ? "with all that is in it"
        : `(what its options lead to, ${withoutCredentials(device.path)}, stays with all that is in it)`;
    const text = `${deletes} ${stays}, and no service of the program mounts it.`;
    const lies = device === undefined ? [] : [{ place: placeWords(place), command: mountCommand(device) }];
    return [
      { code: "DF111", fate, text, ...about, leftBehind: lies },
      ...(step.ignoresProtect
        ? [note("DF503", "It is protected, and this run deletes it all the same (--ignore-protect).")]
        : []),
    ];
  },
);
