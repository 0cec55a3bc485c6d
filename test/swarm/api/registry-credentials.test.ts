import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentialsAmong, loginFor, parseRegistryAuth, registryOf } from "../../../swarm/api/registry-credentials.ts";

const registry = "registry.example:5000";
const image = `${registry}/team/redis:7@sha256:${"0".repeat(64)}`;

const encoded = (user: string) => Buffer.from(user).toString("base64");
const loggedIn = (address = registry, user = "logged:in:word") =>
  JSON.stringify({ auths: { [address]: { auth: encoded(user) } } });

describe("the credentials for an image", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-credentials-"));
    await writeFile(join(folder, "config.json"), loggedIn());
    await writeFile(join(folder, "other.json"), loggedIn(`https://${registry}/v1/`, "other:word"));
    await writeFile(join(folder, "broken.json"), "{");
  });
  after(() => rm(folder, { recursive: true }));

  const find = async (auth: object, environment: NodeJS.ProcessEnv = { DOCKER_CONFIG: folder }, of = image) => {
    const found = await credentialsAmong(
      parseRegistryAuth(JSON.stringify([{ address: registry, ...auth }])),
      environment,
    )(of);
    return found && `${found.username} ${found.password}`;
  };

  it("are those of its registry alone", async () => {
    const written = { username: "me", password: "word" };
    assert.equal(await find(written), "me word");
    assert.equal(await find({ ...written, address: `https://${registry}/v2/` }), "me word");
    assert.equal(await find(written, {}, "elsewhere.example/redis"), undefined);
    assert.equal(await find({ ...written, address: "https://index.docker.io/v1/" }, {}, "library/redis"), "me word");
    assert.deepEqual(["redis", "a/b", "localhost/a", registry].map(registryOf), [
      "docker.io",
      "docker.io",
      "localhost",
      "docker.io",
    ]);
    assert.deepEqual([parseRegistryAuth(undefined), parseRegistryAuth("{"), parseRegistryAuth("[1]")], [[], [], []]);
  });

  it("are the variables' where none are written, and else what `docker login` keeps", async () => {
    const variables = { DOCKER_REGISTRY_USER: "me", DOCKER_REGISTRY_PASS: "word", DOCKER_CONFIG: folder };
    assert.equal(await find({}, variables), "me word");
    assert.equal(await find({}), "logged in:word");
    assert.equal(await find({}, { DOCKER_CONFIG: join(folder, "other.json") }), "other word");
    assert.equal(await find({ configFile: join(folder, "other.json") }), "other word");
    assert.equal(await find({ configFileContent: loggedIn(registry, "c:w") }), "c w");
    const plain = JSON.stringify({ auths: { [registry]: { username: "u", password: "p" } } });
    assert.equal(await find({ configFileContent: plain }), "u p");
    assert.equal(await find({ configFileContent: loggedIn("elsewhere.example") }), undefined);
    assert.equal(await find({ authDisabled: true }), "username password");
  });

  it("come from the program that keeps them", async () => {
    const programs = join(folder, "bin");
    await mkdir(programs);
    const helper = async (name: string, script: string) => {
      await writeFile(join(programs, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`);
      await chmod(join(programs, `docker-credential-${name}`), 0o755);
    };
    await helper("safe", `[ "$1 $(cat)" = "get ${registry}" ] && echo '{"Username":"kept","Secret":"word"}'`);
    await helper("empty", "echo credentials not found in native keychain; exit 1");
    await helper("token", `echo '{"Username":"<token>","Secret":"t"}'`);
    await helper("locked", "exit 3");
    const environment = { PATH: `${programs}:${process.env["PATH"] ?? ""}` };
    const from = (config: object) => find({ configFileContent: JSON.stringify(config) }, environment);
    assert.equal(await from({ credsStore: "safe" }), "kept word");
    assert.equal(await from({ credsStore: "locked", credHelpers: { [registry]: "safe" } }), "kept word");
    assert.equal(await from({ credsStore: "empty" }), undefined);
    assert.equal(await from({ credsStore: "token" }), undefined);
    await assert.rejects(from({ credsStore: "locked" }), /docker-credential-locked .*, got exit code 3\. /u);
    await assert.rejects(from({ credsStore: "absent" }), /docker-credential-absent .*, got no program that runs\. /u);
  });

  it("are those of docker login for a task of a command, and none where nothing is known", async () => {
    const login = join(folder, "login");
    await mkdir(login);
    const auth = Buffer.from("kept:word").toString("base64");
    await writeFile(join(login, "config.json"), JSON.stringify({ auths: { [registry]: { auth } } }));
    const others = { DOCKER_REGISTRY_USER: "another's", DOCKER_REGISTRY_PASS: "word" };
    const found = await loginFor(`${registry}/image:1`, { DOCKER_CONFIG: login, ...others });
    assert.deepEqual(found, { serveraddress: registry, username: "kept", password: "word" });
    assert.equal(await loginFor("another.example/image:1", { DOCKER_CONFIG: login, ...others }), undefined);
    assert.equal(
      await loginFor(`${registry}/image:1`, { DOCKER_CONFIG: join(folder, "nowhere"), ...others }),
      undefined,
    );
  });

  it("are missed in one line that says where they are looked for", async () => {
    const nowhere = join(folder, "nowhere");
    await assert.rejects(find({}, { DOCKER_CONFIG: nowhere }), {
      message: `docker:registryAuth: expected a username and a password for ${registry}, or a Docker configuration that has them, got neither, and no readable file ${nowhere}. Log in with \`docker login ${registry}\`, or give them in docker:registryAuth.`,
    });
    const broken = join(folder, "broken.json");
    await assert.rejects(find({ configFile: broken }), /broken\.json: expected a Docker configuration .* got /u);
  });
});
