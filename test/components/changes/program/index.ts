/** One Redis, said by the configuration: what `changes.ts` changes. */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { LocalVolume, Redis } from "../../../../components/index.ts";
import type { StoreArguments } from "../changes.ts";

const given = new pulumi.Config().requireObject<StoreArguments>("arguments");
const { component, formerComponent, identity, volumeName, node, networks, firstStartUntil } = given;
const { persistence, ...settings } = given.redis;

const common = {
  ...settings,
  networkIds: networks.map((name) => new docker.Network(name, { driver: "overlay" }).id),
};
const options = formerComponent === undefined ? {} : { aliases: [{ name: formerComponent }] };

if (persistence === "cache") {
  new Redis(component, { ...common, persistence }, options);
} else {
  const volume = new LocalVolume("data", { volumeName, pin: { hostname: node } });
  new Redis(component, { ...common, persistence, volume, identity, firstStartUntil }, options);
}
