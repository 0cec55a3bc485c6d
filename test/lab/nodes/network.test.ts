import assert from "node:assert/strict";
import fc from "fast-check";
import { freeAddressIndex, labAddresses, nodeAddress } from "../../../lab/nodes/network.ts";

describe("a lab's addresses", () => {
  const index = fc.integer({ min: 0, max: 255 });
  const labId = fc.stringMatching(/^[0-9a-f]{8}$/);

  it("never have an index that an interface of the machine uses, while there is another", () => {
    fc.assert(
      fc.property(labId, fc.uniqueArray(index, { maxLength: 255 }), (lab, taken) => {
        const used = taken.flatMap((n) => [labAddresses(n).lanHostAddress, `198.18.${n}.1`]);
        assert.ok(!taken.includes(freeAddressIndex(lab, [...used, "127.0.0.1", "fe80::1"])));
      }),
    );
  });

  it("are the same for a lab on a machine where they are free", () => {
    assert.equal(freeAddressIndex("2a000000", []), 42);
    assert.equal(freeAddressIndex("2a000000", ["198.19.42.1"]), 43);
    assert.equal(freeAddressIndex("ff000000", ["198.18.255.1"]), 0);
  });

  it("lie in the range set aside for tests of networks", () => {
    assert.deepEqual(labAddresses(7), {
      index: 7,
      bridgeAddress: "198.18.7.1/25",
      gatewaySubnet: "198.18.7.128/25",
      lanSubnet: "198.19.7.0/24",
      lanHostAddress: "198.19.7.1",
    });
    assert.equal(nodeAddress(labAddresses(7), 2), "198.19.7.12");
  });
});
