/** A self-contained page, without external scripts, fonts or images. */
import { htmlText } from "./escape.ts";

/** What makes up a page; `body` and `style` are taken as they are, so that names in them must have been escaped. */
export interface HtmlPage {
  readonly title: string;
  readonly body: string;
  /** What its own elements look like, on top of what all pages share. */
  readonly style: string;
}

/** Puts a page together; it is light or dark as its reader's system is. */
export function htmlPage({ title, body, style }: HtmlPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${htmlText(title)}</title>
<style>${sharedStyle}${style}</style>
</head>
<body>
<main>
<h1>${htmlText(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

const sharedStyle = `
:root { color-scheme: light dark; --text: #1f2328; --dim: #59636e; --page: #fff; --box: #f6f8fa; --line: #d1d9e0; --good: #1a7f37; --warn: #9a6700; --risk: #bc4c00; --bad: #d1242f; }
@media (prefers-color-scheme: dark) { :root { --text: #f0f6fc; --dim: #9198a1; --page: #0d1117; --box: #151b23; --line: #3d444d; --good: #3fb950; --warn: #d29922; --risk: #f0883e; --bad: #f85149; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1020px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 1.6em; margin: 0 0 8px; } h2 { font-size: 1.2em; margin: 0 0 4px; } h3 { font-size: 1em; margin: 14px 0 2px; }
pre, code { font: 13px/1.45 ui-monospace, monospace; background: var(--box); border-radius: 5px; } code { padding: 1px 5px; } pre { padding: 10px 12px; white-space: pre-wrap; overflow-wrap: anywhere; margin: 4px 0 8px; }
table { border-collapse: collapse; } td, th { border: 1px solid var(--line); padding: 4px 10px; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.aside { color: var(--dim); }`;
