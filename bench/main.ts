import { compareBackup } from "./backup.ts";
import { compareImpact } from "./impact.ts";
import { compareUpdate } from "./update.ts";
import { comparePreview } from "./preview.ts";
import { comparePolicies } from "./policies.ts";
import { compareGrowth, compareScale } from "./scale.ts";
import { onSandbox } from "./sandbox.ts";

// `npm run bench [-- preview|update|scale|growth|policies|impact|backup …]`: measures the rows of docs/performance.md.
const comparisons = {
  preview: comparePreview,
  update: compareUpdate,
  scale: compareScale,
  growth: compareGrowth,
  policies: comparePolicies,
  impact: compareImpact,
  backup: compareBackup,
};
const wanted = process.argv.slice(2);

await onSandbox(async (sandbox) => {
  console.log("| what | ratio: median (least to most) | aim | subject | floor |");
  console.log("|---|---|---|---|---|");
  for (const [name, compare] of Object.entries(comparisons))
    if (wanted.length === 0 || wanted.includes(name)) for await (const line of compare(sandbox)) console.log(line);
});
