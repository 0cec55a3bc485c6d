import assert from "node:assert/strict";
import fc from "fast-check";
import { formatReply, rawReply, type RedisReply } from "../../cli/redis-reply.ts";

describe("replies of Redis", () => {
  const bytes = (text: string) => Buffer.from(text);

  it("look on a terminal as redis-cli shows them", () => {
    assert.equal(formatReply("set", bytes("OK")), "OK");
    assert.equal(formatReply("get", null), "(nil)");
    assert.equal(formatReply("get", bytes('say "hi"\n')), '"say \\"hi\\"\\n"');
    assert.equal(formatReply("get", Buffer.from([0x00, 0xc3, 0xa4])), '"\\x00\\xc3\\xa4"');
    assert.equal(formatReply("incr", 3), "(integer) 3");
    assert.equal(formatReply("keys", []), "(empty array)");
    assert.equal(
      formatReply("info", bytes("# Server\r\nredis_version:7.0.15\r\n")),
      "# Server\r\nredis_version:7.0.15",
    );
  });

  it("number the elements of lists, and indent those of lists in lists", () => {
    const nested: RedisReply = [bytes("a"), [bytes("b"), null], 1];
    assert.equal(formatReply("x", nested), ['1) "a"', '2) 1) "b"', "   2) (nil)", "3) (integer) 1"].join("\n"));
    const ten: RedisReply = Array.from({ length: 10 }, (_, index) => index);
    assert.equal(formatReply("x", ten).split("\n")[0], " 1) (integer) 0");
  });

  it("go into a pipe as they are, byte by byte", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (array) => {
        assert.deepEqual(rawReply(Buffer.from(array)), Buffer.from(array));
      }),
    );
    assert.equal(rawReply([bytes("a"), [bytes("b"), 2]]).toString(), "a\nb\n2");
    assert.equal(rawReply(null).toString(), "(nil)");
  });

  it("never break out of their line when quoted", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (array) => {
        assert.match(
          formatReply("get", [Buffer.from(array)]),
          /^1\) ("[\x20-\x7e]*"|OK|PONG|QUEUED|RESET|CONTINUE|Background [^\n]*)$/,
        );
      }),
    );
  });
});
