/* global AbortSignal, console, fetch, process, URL */
// Keeps one comment on a pull request (GitHub) or merge request (GitLab) up to date. Needs nothing but Node 20.
//
//   node comment.mjs fetch FILE   writes the comment of the last run into FILE; an empty file where there is none
//   node comment.mjs post FILE    renews that comment, or writes the first one
//
// GitHub: GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN, PULL_REQUEST.
// GitLab: CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID, GITLAB_COMMENT_TOKEN.
import { readFile, writeFile } from "node:fs/promises";

/** By what the comment is found again: it begins with this. */
const marker = "<!-- holdfast-impact -->";

const [action, file] = process.argv.slice(2);
try {
  const host = process.env.GITHUB_REPOSITORY ? github() : gitlab();
  if (action === "fetch" && file) await writeFile(file, (await find(host))?.body ?? "");
  else if (action === "post" && file) await post(host, await readFile(file, "utf8"));
  else throw new Error("usage: node comment.mjs fetch|post FILE");
} catch (error) {
  console.error(`comment: ${error.message}`);
  process.exitCode = 1;
}

async function post(host, body) {
  if (!body.startsWith(marker)) throw new Error(`${file} does not begin with ${marker}`);
  const old = await find(host);
  if (old?.body === body) return;
  if (old) await send(host, host.edit.method, host.edit.url(old.id), { body });
  else await send(host, "POST", host.list, { body });
}

async function find(host) {
  for (let page = 1; page <= 50; page++) {
    const comments = await send(host, "GET", `${host.list}?per_page=100&page=${page}`);
    const found = comments.find(({ body }) => body?.startsWith(marker));
    if (found || comments.length < 100) return found;
  }
  return undefined;
}

async function send(host, method, url, body) {
  const headers = { ...host.headers, "content-type": "application/json", "user-agent": "holdfast" };
  const answer = await fetch(url, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  if (!answer.ok)
    throw new Error(`${method} ${new URL(url).pathname} was answered with ${answer.status} ${answer.statusText}`);
  return answer.json();
}

function github() {
  const base = `${process.env.GITHUB_API_URL ?? "https://api.github.com"}/repos/${required("GITHUB_REPOSITORY")}/issues`;
  return {
    list: `${base}/${required("PULL_REQUEST")}/comments`,
    edit: { method: "PATCH", url: (id) => `${base}/comments/${id}` },
    headers: { authorization: `Bearer ${required("GITHUB_TOKEN")}`, accept: "application/vnd.github+json" },
  };
}

function gitlab() {
  const project = encodeURIComponent(required("CI_PROJECT_ID"));
  const list = `${required("CI_API_V4_URL")}/projects/${project}/merge_requests/${required("CI_MERGE_REQUEST_IID")}/notes`;
  return {
    list,
    edit: { method: "PUT", url: (id) => `${list}/${id}` },
    headers: { "private-token": required("GITLAB_COMMENT_TOKEN") },
  };
}

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}
