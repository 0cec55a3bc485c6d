import assert from "node:assert/strict";
import { copyFirst, leftBehindAt, mountCommand, moveData, optionsInMount } from "../../../impact/verdict/remedies.ts";
import { notKnown, parseImageReference, type Known } from "../../../model/service/definition.ts";
import { placeOfVolume, type DataPlace } from "../../../model/storage/data-location.ts";

const image = parseImageReference("redis:8");

function volume(name: string, driverOptions: Record<string, Known<string>> = {}, driver?: string): DataPlace {
  return placeOfVolume({
    id: name,
    origin: "pulumi",
    path: name,
    name,
    options: { driver, driverOptions, labels: {} },
    protect: undefined,
    retainOnDelete: undefined,
  });
}

const linesOf = (into: DataPlace): string => copyFirst(volume("old"), into, "s", image).lines?.[1] ?? "";
const nfs = { type: "nfs", o: "addr=10.0.0.9,rw", device: ":/it's here" };

describe("remedies", () => {
  it("make a volume with the options that the service's mount gives it", () => {
    assert.match(linesOf(volume("new")), / --volume old:\/from:ro --volume new:\/to redis:8 /u);
    assert.ok(
      linesOf(volume("new", nfs)).includes(
        ` --mount 'type=volume,source=new,target=/to,volume-driver=local,volume-opt=type=nfs,"volume-opt=o=addr=10.0.0.9,rw",volume-opt=device=:/it'\\''s here' redis:8 `,
      ),
    );
    for (const line of [
      copyFirst,
      (from: DataPlace, to: DataPlace) => moveData({ from: "a", to: "b", host: "b" }, from, to),
    ]) {
      assert.match(line(volume("old"), volume("new", { o: notKnown }), "s", image).text, /with the very options/u);
      assert.equal(line(volume("old"), volume("new", {}, "rexray"), "s", image).lines, undefined);
    }
  });

  it("name no engine that is not known", () => {
    const [line] = moveData({ from: "a", to: "another node", host: undefined }, volume("v"), volume("v")).lines ?? [];
    assert.match(line ?? "", /docker -H 'ssh:\/\/<the new node>' run /u);
  });

  it("show no password of a file server", () => {
    const cifs = { type: "cifs", o: "username=u,password=hunter2", device: "//server/share" };
    const place = volume("v", cifs);
    const texts = [
      linesOf(place),
      leftBehindAt(place, { service: "s", image, node: undefined }).command,
      ...(optionsInMount(place).lines ?? []),
    ];
    for (const text of texts) {
      assert.match(text, /username=u,password=\[secret\]/u);
      assert.doesNotMatch(text, /hunter2/u);
    }
  });

  it("mount what a volume's options lead to as mount takes it", () => {
    const command = (type: string, options: string, path: string) => mountCommand({ type, options, path });
    assert.equal(command("nfs", "addr=10.0.0.9,rw", ":/x"), "mount -t nfs -o rw 10.0.0.9:/x /mnt && ls -la /mnt");
    assert.equal(command("nfs4", "addr=fd00::9", ":/x"), "mount -t nfs4 '[fd00::9]:/x' /mnt && ls -la /mnt");
    assert.equal(command("none", "bind", "/srv/a"), "mount -o bind /srv/a /mnt && ls -la /mnt");
  });
});
