import assert from "node:assert/strict";
import { downloadPercent, osRelease } from "../../../lab/host/toolbox.ts";

describe("the toolbox", () => {
  it("reads which distribution this is", () => {
    const debian =
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n';
    assert.deepEqual(osRelease(debian), { id: "debian", like: [], version: "12", codename: "bookworm" });
    const mint = "ID=linuxmint\nID_LIKE='ubuntu debian'\nVERSION_ID=22\nHOME_URL=\"https://a=b\"\n# comment\n";
    assert.deepEqual(osRelease(mint), { id: "linuxmint", like: ["ubuntu", "debian"], version: "22", codename: "" });
    assert.deepEqual(osRelease("ID=debian\n"), { id: "debian", like: [], version: "", codename: "" });
  });

  it("reads how much apt has downloaded", () => {
    assert.equal(downloadPercent("dlstatus:14:96.2332:Retrieving file 14 of 15"), 96);
    assert.equal(downloadPercent("dlstatus:15:100.0000:Retrieving file 15 of 15"), 100);
    assert.equal(downloadPercent("Need to get 72.9 MB of archives."), undefined);
  });
});
