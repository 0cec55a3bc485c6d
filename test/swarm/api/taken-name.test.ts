import assert from "node:assert/strict";
import { NameTakenError, ownerWords } from "../../../swarm/api/taken-name.ts";

describe("a name that is taken", () => {
  const labels = { "holdfast.project": "shop", "holdfast.stack": "dev" };
  const owner = "the stack dev of the project shop";

  it("is to be another one, and nothing of anybody's is to be taken over, while somebody uses it", () => {
    for (const kind of ["service", "secret", "config", "network", "volume"] as const)
      assert.equal(new NameTakenError(kind, "cart", owner).fix, "Give yours another name", kind);
    const mounted = new NameTakenError("volume", "cart", owner, { node: "alpha", isMounted: true });
    assert.match(mounted.message, /^volume "cart" on alpha: .*\. Give yours another name\.$/);
  });

  it("of a volume that nobody mounts may be used as it is", () => {
    const free = new NameTakenError("volume", "cart", owner, { node: "alpha", isMounted: false });
    assert.match(free.fix, /^Give yours another name; or, to use its contents, declare it as an ExistingVolume /);
  });

  it("by what the state has lost can be taken over", () => {
    const { fix } = new NameTakenError("service", "cart", ownerWords(labels, labels));
    assert.match(fix, /^Work where its state is, or import it with `pulumi import`; .*another stack/);
  });
});
