import { bitnamiImage, readyCheck, hub, offUnless, statefulImages } from "./facts.ts";

/** Applications that keep data, and file stores. */
export const applicationImages = statefulImages([
  {
    name: "minio",
    title: "MinIO",
    repositories: ["minio/minio", "minio", "bitnami/minio", "bitnamilegacy/minio"],
    dataPath: {
      path: "/data",
      alsoAt: ["/bitnami/minio/data", "/export"],
      movedBy: [
        { wordsAfter: "server", flags: ["--quiet", "--json", "--anonymous", "--compat"] },
        { environment: "MINIO_VOLUMES" },
      ],
      source: "https://min.io/docs/minio/container/index.html",
    },
    life: [
      readyCheck("minio/health/live", "https://min.io/docs/minio/linux/operations/monitoring/healthcheck-probe.html"),
    ],
    authentication: offUnless(
      ["MINIO_ROOT_USER", "MINIO_ACCESS_KEY", "MINIO_ROOT_PASSWORD"],
      "https://min.io/docs/minio/linux/reference/minio-server/settings/root-credentials.html",
    ),
  },
  {
    name: "gitea",
    title: "Gitea and Forgejo",
    repositories: ["gitea/gitea", "gitea", "forgejo/forgejo"],
    dataVolume: {
      path: "/data",
      alsoAt: ["/var/lib/gitea"],
      movedBy: [{ environment: "GITEA_WORK_DIR" }],
      source: "https://docs.gitea.com/installation/install-with-docker",
    },
    life: [readyCheck("api/healthz", "https://docs.gitea.com/administration/config-cheat-sheet")],
  },
  {
    name: "nextcloud",
    title: "Nextcloud",
    repositories: ["nextcloud", "library/nextcloud"],
    dataVolume: { path: "/var/www/html", alsoAt: ["/var/www/html/data"], source: hub("nextcloud") },
    writers: "many",
    life: [readyCheck("status.php", "https://docs.nextcloud.com/server/latest/admin_manual/")],
  },
  {
    name: "wordpress",
    title: "WordPress",
    repositories: ["wordpress", "library/wordpress", "bitnami/wordpress", "bitnamilegacy/wordpress"],
    dataVolume: {
      path: "/var/www/html",
      alsoAt: ["/var/www/html/wp-content", "/bitnami/wordpress", "/bitnami"],
      source: hub("wordpress"),
    },
    writers: "many",
    life: [readyCheck("wp-login.php", "https://developer.wordpress.org/advanced-administration/")],
  },
  {
    name: "vaultwarden",
    title: "Vaultwarden",
    repositories: ["vaultwarden/server", "vaultwarden", "dani-garcia/vaultwarden"],
    dataVolume: {
      path: "/data",
      movedBy: [{ environment: "DATA_FOLDER" }],
      source: "https://github.com/dani-garcia/vaultwarden/wiki/Starting-a-Container",
    },
    life: [readyCheck("/alive", "https://github.com/dani-garcia/vaultwarden/blob/main/docker/healthcheck.sh")],
    hasHealthCheck: true,
  },
  {
    name: "registry",
    title: "Docker Registry",
    repositories: ["registry", "library/registry", "distribution/distribution"],
    stateElsewhere: {
      variables: {
        REGISTRY_STORAGE: "^(?:s3|gcs|azure|swift|oss)",
        REGISTRY_STORAGE_S3_BUCKET: ".",
        REGISTRY_STORAGE_GCS_BUCKET: ".",
        REGISTRY_STORAGE_AZURE_CONTAINER: ".",
      },
    },
    dataVolume: {
      path: "/var/lib/registry",
      movedBy: [{ environment: "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY" }],
      source: "https://distribution.github.io/distribution/about/deploying/",
    },
    writers: "many",
  },
  bitnamiImage("gitea", "Gitea", "/bitnami/gitea"),
]);
