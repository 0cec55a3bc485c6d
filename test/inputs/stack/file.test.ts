import assert from "node:assert/strict";
import type { StackFileOptions } from "../../../inputs/stack/document.ts";
import { readStackFile } from "../../../inputs/stack/file.ts";
import { notKnown, type ServiceDefinition } from "../../../model/service/definition.ts";

function read(text: string, options: Partial<StackFileOptions> = {}) {
  return readStackFile(text, { file: "stack.yml", ...options });
}

function service(body: string, options: Partial<StackFileOptions> = {}): ServiceDefinition {
  const found = read(`services:\n  s: ${body}\n`, options).services[0];
  assert.ok(found !== undefined);
  return found;
}

const refused = (text: string, message: RegExp | string, options: Partial<StackFileOptions> = {}): void => {
  assert.throws(() => read(text, options), { name: "InputError", message });
};

describe("a stack file", () => {
  it("means the same in short and long form", () => {
    const short = service(
      '{ image: "redis:7", volumes: ["d:/data:ro", "/anonymous", "./x:/x"], ports: ["80:8080/udp"], command: "a \'b c\'", healthcheck: { test: x y } }',
    );
    const long = service(
      '{ image: "redis:7", volumes: [{ type: volume, source: d, target: /data, read_only: true }, { type: volume, target: /anonymous }, { type: bind, source: ./x, target: /x }], ports: [{ published: 80, target: 8080, protocol: udp }], command: [a, "b c"], healthcheck: { test: [CMD-SHELL, x y] } }',
    );
    assert.deepEqual(short, long);
  });

  it("takes lists and mappings for environment and labels", () => {
    const list = service('{ environment: ["A=1=2", "B", "C="], labels: ["x=y"], deploy: { labels: ["a=b"] } }');
    const mapping = service(
      '{ environment: { A: "1=2", B: , C: "" }, labels: { x: y }, deploy: { labels: { a: b } } }',
    );
    assert.deepEqual(list.environment, { A: "1=2", B: notKnown, C: "" });
    assert.deepEqual(mapping, list);
  });

  it("puts in variables with their defaults, and does not know those that nobody set", () => {
    const variables = { SET: "7", EMPTY: "" };
    const tag = (text: string) => service(`{ image: "redis:${text}" }`, { variables }).image.tag;
    assert.equal(tag("${SET}"), "7");
    assert.equal(tag("$SET"), "7");
    assert.equal(tag("${UNSET:-8}"), "8");
    assert.equal(tag("${EMPTY:-8}"), "8");
    assert.equal(tag("${EMPTY-8}"), "");
    assert.equal(tag("${UNSET:-${SET}}-alpine"), "7-alpine");
    assert.equal(tag("${SET:+9}"), "9");
    assert.equal(tag("${SET:?message}"), "7");
    assert.equal(tag("${UNSET}"), notKnown);
    assert.equal(tag("${UNSET:?message}"), notKnown);
    assert.equal(tag("${UNSET:+9}"), notKnown);
    assert.equal(tag("$$SET"), "$SET");
  });

  it("does not read a variable that may be secret where all is shown, and compares it elsewhere", () => {
    const variables = { CI_SECRET: "hunter2hunter2" };
    const text =
      '{ image: "redis:${CI_SECRET}", hostname: "${CI_SECRET:-h}", environment: { A: "${CI_SECRET}" }, command: ["--requirepass", "$CI_SECRET"], deploy: { placement: { constraints: ["node.labels.a==${CI_SECRET}"] } } }';
    const { image, constraints, environment } = service(text, { variables });
    assert.equal(image.tag, notKnown);
    assert.ok(!JSON.stringify([image, constraints]).includes("hunter2"));
    assert.deepEqual(environment, { A: "hunter2hunter2" });
  });

  it("knows as much of a value as is known", () => {
    const { image, mounts, constraints, ports } = service(
      '{ image: "${REGISTRY}/redis:7", volumes: ["${FOLDER}:/data"], ports: ["${PORT}:6379"], deploy: { placement: { constraints: ["node.hostname == ${NODE}"] } } }',
    );
    assert.deepEqual(image, { repository: "redis", tag: "7", digest: undefined });
    assert.deepEqual(mounts !== notKnown && mounts.map(({ type, source, target }) => [type, source, target]), [
      [notKnown, notKnown, "/data"],
    ]);
    assert.deepEqual(constraints, [{ text: notKnown, key: "node.hostname", operator: "==", value: notKnown }]);
    assert.deepEqual(ports !== notKnown && ports.map(({ targetPort, publishedPort }) => [targetPort, publishedPort]), [
      [6379, notKnown],
    ]);
  });

  it("gives a named volume the options of the top level", () => {
    const { services, volumes } = read(
      "services: { s: { volumes: [d:/data, e:/e] } }\nvolumes: { d: { name: real, driver_opts: { type: nfs } }, e: { external: true, name: outside } }\n",
    );
    const mounts = services[0]?.mounts;
    assert.ok(mounts !== undefined && mounts !== notKnown);
    assert.deepEqual(
      mounts.map(({ source, external, volumeOptions }) => [
        source,
        external,
        volumeOptions !== notKnown && volumeOptions?.driverOptions,
      ]),
      [
        ["real", false, { type: "nfs" }],
        ["outside", true, undefined],
      ],
    );
    assert.deepEqual(
      volumes.map(({ name }) => name),
      ["real"],
    );
  });

  it("reads configs, their files and their short form", () => {
    const text =
      "services: { s: { configs: [a, { source: b, target: /etc/b }, c], secrets: [p, { source: q, target: r }] } }\nconfigs: { a: { content: A }, b: { file: ./b.conf }, c: { external: true } }\n";
    const { configs, secrets } =
      read(text, { readFile: (path) => (path === "./b.conf" ? "B" : undefined) }).services[0] ?? {};
    assert.deepEqual(
      configs !== undefined && configs !== notKnown && configs.map(({ target, content }) => [target, content]),
      [
        ["/a", "A"],
        ["/etc/b", "B"],
        ["/c", notKnown],
      ],
    );
    assert.deepEqual(secrets !== undefined && secrets !== notKnown && secrets.map(({ target }) => target), [
      "/run/secrets/p",
      "/run/secrets/r",
    ]);
  });

  it("does not know the environment when it cannot read a file of it", () => {
    assert.equal(service("{ env_file: absent.env }").environment, notKnown);
    const readFile = () => "# comment\nexport A=1\nB='two'\n\nC=${C}\n";
    assert.deepEqual(service("{ env_file: [{ path: x.env }], environment: { A: own } }", { readFile }).environment, {
      A: "own",
      B: "two",
      C: notKnown,
    });
  });

  it("reads variables and documents as docker stack deploy does where it is told what the stack is called", () => {
    const readFile = () => "# comment\nA=\"one\" \r\n  B='${C}'\n\nSET\nUNSET\n=x\n";
    const text =
      "services: { s: { image: a, env_file: x.env } }\n---\nservices: { s: { image: b }, t: { image: c } }\n";
    const deployed = read(text, { readFile, stack: "shop", variables: { SET: "1" } });
    assert.deepEqual(
      deployed.services.map(({ name, image }) => [name, image.repository]),
      [["s", "a"]],
    );
    assert.deepEqual(deployed.services[0]?.environment, { A: '"one" ', B: "'${C}'", SET: "1" });
    assert.deepEqual(
      read(text, { readFile }).services.map(({ name, image }) => [name, image.repository]),
      [
        ["s", "b"],
        ["t", "c"],
      ],
    );
  });

  it("takes Compose's short restart policy where deploy has none, as docker stack deploy does", () => {
    const restart = (body: string) => service(body).restart;
    const capped = { condition: "on-failure", maxAttempts: 3, windowSeconds: undefined, delaySeconds: undefined };
    assert.deepEqual(restart('{ restart: "on-failure:3" }'), capped);
    assert.equal(service('{ restart: "on-failure:3" }').paths.restart, "services.s.restart");
    assert.deepEqual(restart("{ restart: on-failure }"), { ...capped, maxAttempts: 0 });
    assert.deepEqual(restart("{ restart: always }"), { ...capped, condition: "any", maxAttempts: 0 });
    assert.equal(restart('{ restart: "no" }'), undefined);
    assert.equal(restart('{ restart: "${UNSET}" }'), notKnown);
    assert.deepEqual(restart('{ restart: "on-failure:3", deploy: { restart_policy: { condition: any } } }'), {
      ...capped,
      condition: "any",
      maxAttempts: undefined,
    });
  });

  it("takes YAML 1.1's words for true and false, a Windows path, and a file without services", () => {
    const { mounts } = service("{ volumes: [{ type: volume, source: d, target: /data, read_only: yes }] }");
    assert.ok(mounts !== notKnown);
    assert.equal(mounts[0]?.readOnly, true);
    refused("services:\n  s: { read_only: maybe }", /expected true or false, got string "maybe"/);
    const [external] = read(
      "services: { s: { volumes: [d:/d, e:/e] } }\nvolumes: { d: { external: no }, e: { external: yes } }",
    ).services;
    assert.deepEqual(external?.mounts !== notKnown && external?.mounts.map((each) => each.external), [false, true]);
    const [bind] = read("services: { s: { volumes: ['C:\\redis:/data:ro'] } }").services;
    assert.deepEqual(
      bind?.mounts !== notKnown && bind?.mounts.map(({ type, source, target }) => [type, source, target]),
      [["bind", "C:\\redis", "/data"]],
    );
    assert.deepEqual(read("services:\n").services, []);
    refused("version: '3'\n", /services: expected a mapping of services, got nothing/);
  });

  it("extends services of this file and of others", () => {
    const other =
      'services: { base: { image: "redis:7", volumes: ["a:/data", "x:/x"], environment: ["A=1", "B=2"], command: [one, two] } }';
    const text =
      "services:\n  s:\n    extends: { file: other.yml, service: base }\n    volumes: [b:/data]\n    environment: { B: 3 }\n    command: [three]\n  t: { extends: s, image: valkey }\n";
    const { services } = read(text, { readFile: () => other });
    const [s, t] = services;
    assert.ok(s !== undefined && t !== undefined);
    assert.deepEqual(s.environment, { A: "1", B: "3" });
    assert.deepEqual(s.args, ["three"]);
    assert.deepEqual(s.mounts !== notKnown && s.mounts.map(({ source, target }) => [source, target]), [
      ["x", "/x"],
      ["b", "/data"],
    ]);
    assert.equal(t.image.repository, "valkey");
    assert.deepEqual(t.args, ["three"]);
  });

  it("follows anchors and merge keys, and finds where a value is written", () => {
    const text =
      'x-base: &base\n  image: redis:7\n  deploy: { replicas: 2 }\nservices:\n  s:\n    <<: *base\n    volumes:\n      - d:/data\n  "a.b c": { image: redis }\n';
    const { services, locate } = read(text);
    assert.equal(services[0]?.replicas, 2);
    assert.deepEqual(locate("services.s.image"), { line: 2, column: 3 });
    assert.deepEqual(locate("services.s.volumes[0]"), { line: 8, column: 9 });
    assert.deepEqual(locate("services.s.volumes[0].target"), { line: 8, column: 9 });
    assert.deepEqual(locate("services.s.deploy.placement.constraints"), { line: 3, column: 3 });
    assert.deepEqual(locate(services[1]?.paths.image ?? ""), { line: 9, column: 14 });
    assert.deepEqual(locate("nowhere"), { line: 1, column: 1 });
  });

  it("may have several documents, of which a later one comes on top", () => {
    const { services, locate } = read(
      "---\nservices: { a: { image: x, labels: [l=1] } }\n---\n# nothing\n---\nservices:\n  a: { image: y, labels: { m: 2 } }\n  b: { image: z }\n",
    );
    assert.deepEqual(
      services.map(({ name, image, containerLabels }) => [name, image.repository, containerLabels]),
      [
        ["a", "y", { l: "1", m: "2" }],
        ["b", "z", {}],
      ],
    );
    assert.deepEqual(locate("services.a.image"), { line: 7, column: 8 });
    assert.deepEqual(locate("services.a.stop_grace_period"), { line: 7, column: 3 });
    refused("services: { a: { image: x } }\n---\nservices: [\n", /^stack\.yml:4:1: expected YAML/);
  });

  it("is refused, with line and column, when it is none", () => {
    refused("services: [", /^stack\.yml:1:\d+: expected YAML, got a mistake: .*\. Correct the file\.$/);
    refused(
      "- a",
      "stack.yml:1:1: expected a mapping with the key services, got a list. Write it in the form of the Compose file reference.",
    );
    refused(
      "version: '3'",
      "stack.yml:1:1: services: expected a mapping of services, got nothing. Write it in the form of the Compose file reference.",
    );
    refused(
      "services:\n  s:\n    volumes: 3\n",
      /^stack\.yml:3:5: services\.s\.volumes: expected a list, got number 3\./,
    );
    refused(
      "services:\n  s: { stop_grace_period: soon }\n",
      /stack\.yml:2:8: services\.s\.stop_grace_period: expected a duration such as 30s or 1m30s, got string "soon"\./,
    );
    refused('services:\n  s: { ports: ["a:b"] }\n', /services\.s\.ports\[0\]: expected a port such as 8080:80/);
  });

  it("is refused when what it extends is not there, or is itself", () => {
    refused(
      "services: { s: { extends: t } }",
      'stack.yml: services.s.extends: expected the name of a service of that file, got "t". Name a service that exists.',
    );
    refused(
      "services: { s: { extends: t }, t: { extends: s } }",
      /expected no circle, got a service that extends itself by way of "[st]"\./,
    );
    refused(
      "services: { s: { extends: { file: x.yml, service: t } } }",
      /expected a file that can be read, got "x\.yml"\./,
    );
  });

  it("is refused when its aliases have no end or are too many", () => {
    refused(
      "services: &a { s: *a }",
      /expected at most 60 levels, got more, or an alias that contains itself|expected YAML/,
    );
    const laughs = `a: &a0 [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, index) => `b${index}: &a${index + 1} [${`*a${index},`.repeat(9)}]`).join("\n")}\nservices: {}\n`;
    refused(laughs, /expected YAML whose aliases can be resolved, got .*\. Correct the anchors and aliases\./);
  });

  it("has keys that are names of JavaScript like any others", () => {
    const { services } = read(
      "services: { __proto__: { image: a }, constructor: { image: b, environment: { __proto__: x, hasOwnProperty: y } } }",
    );
    assert.deepEqual(
      services.map(({ name }) => name),
      ["__proto__", "constructor"],
    );
  });
});
