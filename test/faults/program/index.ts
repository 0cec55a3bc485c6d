import * as docker from "@pulumi/docker";
import { Config, getStack } from "@pulumi/pulumi";

/** One resource of each kind, in variants that make every kind of step: the subject of the fault tests. */
const config = new Config();
const prefix = config.require("prefix");
const variant = config.require("variant");
const image = config.get("image");
const base64 = (text: string): string => Buffer.from(text).toString("base64");

// Where a service is attached, another network would replace it; the update of a service is a case of its own.
const network = new docker.Network(`${prefix}-network`, {
  driver: "overlay",
  attachable: variant === "changed" && image === undefined,
});
const volume = new docker.Volume("data", { name: `${prefix}-data`, labels: [{ label: "stack", value: getStack() }] });
const secret = new docker.Secret(`${prefix}-secret`, { data: base64(`hunter-${variant}`) });
const serviceConfig = new docker.ServiceConfig(`${prefix}-config`, { data: base64(`save 900 1 # ${variant}\n`) });

if (image !== undefined)
  new docker.Service("service", {
    name: variant === "renamed" ? `${prefix}-renamed` : `${prefix}-service`,
    taskSpec: {
      containerSpec: {
        image,
        args: ["redis-server", "--save", "900 1", "--dir", "/data"],
        stopGracePeriod: "10s",
        mounts: [{ target: "/data", type: "volume", source: volume.name }],
        secrets: [{ secretId: secret.id, secretName: secret.name, fileName: "/run/secrets/password" }],
        configs: [{ configId: serviceConfig.id, configName: serviceConfig.name, fileName: "/etc/redis.conf" }],
      },
      networksAdvanceds: [{ id: network.id }],
      resources: { limits: { memoryBytes: (variant === "changed" ? 96 : 64) * 1024 * 1024 } },
      restartPolicy: { condition: "any", delay: "1s", maxAttempts: 0, window: "0s" },
    },
    mode: { replicated: { replicas: 1 } },
    endpointSpec: { mode: "dnsrr" },
  });
