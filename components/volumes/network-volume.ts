import type * as pulumi from "@pulumi/pulumi";
import { checkedArguments } from "../arguments/arguments.ts";
import { DataVolume } from "./data-volume.ts";
import { networkVolumeArguments } from "./volume-arguments.ts";
import { nfsVolume, type SharedVolume } from "./volume-spec.ts";

/** Arguments of {@link NetworkVolume}. */
export interface NetworkVolumeArgs {
  /** Beginning of the volume's name; a digest of the options follows, because Docker ignores changed options. @default the component's name */
  volumeName?: string;
  /** Address of the NFS server, as the nodes reach it. */
  server: string;
  /** Path that the server exports. */
  exportPath: string;
  /** Mount options besides the address; `hard`, because a soft mount loses writes. @default "nfsvers=4.2,hard" */
  mountOptions?: string;
  /** Why several services may write it. @default they may not */
  shared?: SharedVolume;
}

/**
 * An NFS export that every node mounts: a service on it may run anywhere, and needs no pin.
 *
 * @example
 * const data = new NetworkVolume("shared", { server: "10.0.0.9", exportPath: "/srv/redis" });
 */
export class NetworkVolume extends DataVolume {
  constructor(name: string, args: NetworkVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("NetworkVolume", name, opts, () => {
      const { volumeName = name, shared, ...nfs } = checkedArguments(networkVolumeArguments, args, name);
      return { ...nfsVolume(volumeName, { mountOptions: "nfsvers=4.2,hard", ...nfs }, name), shared };
    });
  }
}
