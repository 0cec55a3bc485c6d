import type { CatalogueEntry } from "../catalogue-entry.ts";

/** An image that keeps no state: anything it mounts is not its own data. */
const stateless = (name: string, title: string, repositories: string[]): CatalogueEntry => ({
  name,
  title,
  repositories,
  keepsState: "never",
  dataPaths: [],
  volumes: [],
  writers: "many",
  life: [],
});

/** Images that keep no state: anything they mount is not their own data. */
export const statelessImages: readonly CatalogueEntry[] = [
  stateless("memcached", "Memcached", ["memcached", "library/memcached", "bitnami/memcached"]),
  stateless("nginx", "nginx", ["nginx", "library/nginx", "nginxinc/nginx-unprivileged", "bitnami/nginx"]),
  stateless("httpd", "Apache httpd", ["httpd", "library/httpd"]),
  stateless("haproxy", "HAProxy", ["haproxy", "library/haproxy", "haproxytech/haproxy-alpine"]),
  // backup/Dockerfile: it reads the data of another service, and what it writes is that one's backup.
  stateless("holdfast-backup", "Holdfast's backup", ["holdfast-backup", "holdfast/backup"]),
];
