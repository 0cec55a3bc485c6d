import assert from "node:assert/strict";
import { countKeys } from "../../../model/redis/key-count.ts";

const info = (loading: number, keyspace: string) =>
  `# Persistence\r\nloading:${loading}\r\nasync_loading:0\r\n\r\n# Keyspace\r\n${keyspace}`;

describe("the keys of a Redis", () => {
  it("are those of all its databases", () => {
    assert.equal(countKeys(info(0, "db0:keys=3,expires=1,avg_ttl=0\r\ndb12:keys=40,expires=0,avg_ttl=0\r\n")), 43);
    assert.equal(countKeys(info(0, "")), 0);
    assert.equal(countKeys("loading:0\ndb0:keys=3"), 3);
  });

  it("are not known while it loads, nor from anything else that it says", () => {
    assert.equal(countKeys(info(1, "db0:keys=3,expires=0,avg_ttl=0\r\n")), undefined);
    assert.equal(countKeys("LOADING Redis is loading the dataset in memory"), undefined);
    assert.equal(countKeys("# Keyspace\r\ndb0:keys=3,expires=0,avg_ttl=0"), undefined);
    assert.equal(countKeys(""), undefined);
  });
});
