/** A state or a plan of Pulumi as the estate that it leads to, which is what policies look at. */
import type { Estate } from "../../model/service/definition.ts";
import { printable } from "../../text/escape.ts";
import { InputError } from "../../text/input-error.ts";
import { jsonOrUndefined, notJsonWords } from "../../text/parse-json.ts";
import { pulumiEstate, type Preview } from "./plan.ts";
import { parseDocument } from "./preview-document.ts";
import { EventCollector, isDigest, isEvent, readEventLine, readPreview } from "./preview.ts";
import { isState } from "./resource.ts";
import { stateSteps } from "./states.ts";

/**
 * Reads a state (`pulumi stack export`, or a checkpoint of the file backend) or a plan (`pulumi preview --json` in either form:
 * one document, or a line for each event).
 *
 * @param file - the file's name, for the error
 * @throws InputError when the text is none of these, is cut off, or a preview that failed before it planned anything
 */
export function readPulumiEstate(text: string, file: string): Estate {
  const { document } = parseDocument(Buffer.from(text));
  if (isState(document)) return pulumiEstate(stateSteps(document, file));
  if (isDigest(document)) return estateAfter(readPreview(document, file), file);
  if (isEvent(document ?? jsonOrUndefined(text.slice(0, text.indexOf("\n")))))
    return estateAfter(readEvents(text, file), file);
  throw notPulumi(file, document === undefined ? notJsonWords(text) : "other JSON");
}

function readEvents(text: string, file: string): Preview {
  // Who carries the steps out makes no difference to what they lead to.
  const collector = new EventCollector("pulumi");
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() !== "") collector.add(readEventLine(line, `${file}:${index + 1}`));
  }
  collector.requireEnd(file);
  return collector.preview();
}

function estateAfter({ steps, errors }: Preview, file: string): Estate {
  if (steps.length === 0 && errors.length > 0)
    throw notPulumi(file, "a preview that failed before it planned anything");
  return pulumiEstate(steps);
}

function notPulumi(path: string, got: string): InputError {
  return new InputError({
    path: printable(path),
    expected: "a state (`pulumi stack export`) or a plan (`pulumi preview --json`)",
    got,
    fix: "Write it again with that command",
  });
}
