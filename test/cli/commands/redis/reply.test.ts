import assert from "node:assert/strict";
import fc from "fast-check";
import { readReply, writeCommand, type RedisReply } from "../../../../cli/commands/redis/protocol.ts";
import { formatReply, rawReply } from "../../../../cli/commands/redis/reply.ts";

const string = (text: string | Uint8Array): RedisReply => ({ kind: "string", bytes: Buffer.from(text) });

/** What a server sends for a reply. */
function written(reply: RedisReply): Buffer {
  const line = (type: string, text: string | Buffer) =>
    Buffer.concat([Buffer.from(type), Buffer.from(text), Buffer.from("\r\n")]);
  switch (reply.kind) {
    case "nil":
      return line("_", "");
    case "boolean":
      return line("#", reply.isTrue ? "t" : "f");
    case "string":
      return Buffer.concat([line("$", `${reply.bytes.length}`), line("", reply.bytes)]);
    case "verbatim":
      return Buffer.concat([line("=", `${reply.bytes.length + 4}`), line("txt:", reply.bytes)]);
    case "status":
      return line("+", reply.bytes);
    case "error":
      return line("-", reply.bytes);
    case "integer":
      return line(":", reply.bytes);
    case "double":
      return line(",", reply.bytes);
    case "big number":
      return line("(", reply.bytes);
    default: {
      const count = reply.kind === "map" ? reply.elements.length / 2 : reply.elements.length;
      const type = { array: "*", map: "%", set: "~", push: ">" }[reply.kind];
      return Buffer.concat([line(type, `${count}`), ...reply.elements.map(written)]);
    }
  }
}

/** With the prototype that replies have. */
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { noNullPrototype: true });

const { reply: anyReply } = fc.letrec<{ reply: RedisReply }>((tie) => {
  const inLine = fc.stringMatching(/^[ -~]{0,12}$/u).map((text) => Buffer.from(text));
  const scalar = fc.oneof(
    fc.uint8Array({ maxLength: 12 }).map(string),
    record({ kind: fc.constantFrom("status", "error"), bytes: inLine }),
    record({
      kind: fc.constantFrom("integer", "big number"),
      bytes: fc.integer().map((each) => Buffer.from(`${each}`)),
    }),
    record({ kind: fc.constant("verbatim"), bytes: inLine }),
    fc.constant<RedisReply>({ kind: "nil" }),
    fc.boolean().map((isTrue): RedisReply => ({ kind: "boolean", isTrue })),
  ) as fc.Arbitrary<RedisReply>; // The kinds are literals above.
  const elements = fc.array(tie("reply"), { maxLength: 3 });
  return {
    reply: fc.oneof(
      { depthSize: "small" },
      scalar,
      record({ kind: fc.constantFrom("array" as const, "set" as const, "push" as const), elements }),
      record({
        kind: fc.constant("map" as const),
        elements: elements.map((all) => all.flatMap((each) => [each, each])),
      }),
    ),
  };
});

describe("the protocol of Redis", () => {
  it("is read back as it was written, in whatever pieces it comes", () => {
    fc.assert(
      fc.property(anyReply, fc.uint8Array({ maxLength: 5 }), (reply, more) => {
        const sent = written(reply);
        assert.deepEqual(readReply(Buffer.concat([sent, more])), { reply, end: sent.length });
        for (let cut = 0; cut < sent.length; cut++) assert.equal(readReply(sent.subarray(0, cut)), undefined);
      }),
    );
  });

  it("knows the nil of RESP2, leaves attributes out, and refuses what it is not", () => {
    assert.deepEqual(readReply(Buffer.from("$-1\r\n"))?.reply, { kind: "nil" });
    assert.deepEqual(readReply(Buffer.from("*-1\r\n"))?.reply, { kind: "nil" });
    assert.deepEqual(readReply(Buffer.from("|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n"))?.reply, string("x"));
    assert.throws(() => readReply(Buffer.from("HTTP/1.1 400 Bad Request\r\n")), /it begins with "H"/u);
    assert.equal(writeCommand(["set", "ä", ""]), "*3\r\n$3\r\nset\r\n$2\r\nä\r\n$0\r\n\r\n");
  });
});

describe("replies of Redis", () => {
  it("that are long texts for people are shown as they are", () => {
    const text = string("# Server\r\nredis_version:7.0.15\r\n");
    assert.equal(formatReply(["INFO", "server"], text), "# Server\r\nredis_version:7.0.15");
    assert.equal(formatReply(["client", "list"], string("id=3\n")), "id=3");
    assert.equal(formatReply(["client", "getname"], string("me")), '"me"');
  });

  it("go into a pipe as they are, byte by byte", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (array) => {
        assert.deepEqual(rawReply(string(array)), Buffer.from(array));
      }),
    );
    assert.equal(rawReply({ kind: "nil" }).toString(), "(nil)");
  });

  it("never break out of their line when quoted", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (array) => {
        assert.match(formatReply(["get"], { kind: "array", elements: [string(array)] }), /^1\) "[\x20-\x7e]*"$/);
      }),
    );
  });
});
