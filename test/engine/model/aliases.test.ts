import assert from "node:assert/strict";

import { aliasUrns } from "../../../engine/model/aliases.ts";

/** A parent that was found under its present URN. */
const unaliased = () => undefined;
const crate = "urn:pulumi:dev::shop::lab:index:Crate::crate";
const wasCrate = (urn: string) => (urn === box ? crate : undefined);
const box = "urn:pulumi:dev::shop::lab:index:Box::box";
const service = { stack: "dev", project: "shop", type: "docker:index/service:Service", name: "box-redis", parent: box };

describe("aliases", () => {
  it("resolve a former name under the present parent and type", () => {
    assert.deepEqual(aliasUrns(service, [{ name: "cache" }], unaliased), [
      "urn:pulumi:dev::shop::lab:index:Box$docker:index/service:Service::cache",
    ]);
  });

  it("resolve a former place without a parent", () => {
    assert.deepEqual(aliasUrns(service, [{ parent: null }], unaliased), [
      "urn:pulumi:dev::shop::docker:index/service:Service::box-redis",
    ]);
  });

  it("resolve a former type and a former parent together", () => {
    const alias = { type: "docker:index:Service", parent: "urn:pulumi:dev::shop::lab:index:Crate::old" };
    assert.deepEqual(aliasUrns(service, [alias], unaliased), [
      "urn:pulumi:dev::shop::lab:index:Crate$docker:index:Service::box-redis",
    ]);
  });

  it("are inherited from the parent, whose former name also stood at the start of the child's", () => {
    assert.deepEqual(aliasUrns(service, [], wasCrate), [
      "urn:pulumi:dev::shop::lab:index:Crate$docker:index/service:Service::crate-redis",
    ]);
  });

  it("combine a former name of the child with a former parent", () => {
    const urns = aliasUrns(service, [{ name: "cache" }], wasCrate);
    assert.ok(urns.includes("urn:pulumi:dev::shop::lab:index:Crate$docker:index/service:Service::cache"));
  });

  it("follow a parent that is named in the alias to where it was found", () => {
    assert.deepEqual(aliasUrns({ ...service, parent: undefined, name: "x" }, [{ parent: box }], wasCrate), [
      "urn:pulumi:dev::shop::lab:index:Crate$docker:index/service:Service::x",
    ]);
  });

  it("resolve a former project and stack", () => {
    assert.deepEqual(aliasUrns(service, [{ project: "store", stack: "test" }], unaliased), [
      "urn:pulumi:test::store::lab:index:Box$docker:index/service:Service::box-redis",
    ]);
  });

  it("never name the present URN", () => {
    assert.deepEqual(aliasUrns(service, [{ name: "box-redis" }, {}], unaliased), []);
  });
});
