import { bitnamiImage, readyCheck, statefulImages } from "./facts.ts";

const grafanaDatabase = {
  variables: { GF_DATABASE_TYPE: "^(?:mysql|postgres)", GF_DATABASE_URL: "^(?:mysql|postgres)" },
};

/** Monitoring. */
export const monitoringImages = statefulImages([
  {
    name: "prometheus",
    title: "Prometheus",
    repositories: ["prom/prometheus", "prometheus", "prometheus/prometheus"],
    dataVolume: {
      path: "/prometheus",
      movedBy: [{ argument: "--storage.tsdb.path" }],
      source: "https://prometheus.io/docs/prometheus/latest/installation/",
    },
    life: [
      {
        command: "-/healthy",
        failsWhileLoading: false,
        source: "https://prometheus.io/docs/prometheus/latest/management_api/",
      },
    ],
  },
  {
    name: "grafana",
    title: "Grafana",
    repositories: ["grafana/grafana", "grafana/grafana-oss", "grafana/grafana-enterprise", "grafana"],
    stateElsewhere: grafanaDatabase,
    dataPath: {
      path: "/var/lib/grafana",
      movedBy: [{ environment: "GF_PATHS_DATA" }],
      source: "https://grafana.com/docs/grafana/latest/setup-grafana/configure-docker/",
    },
    life: [readyCheck("api/health", "https://grafana.com/docs/grafana/latest/developers/http_api/other/")],
  },
  { ...bitnamiImage("grafana", "Grafana", "/opt/bitnami/grafana/data"), stateElsewhere: grafanaDatabase },
  bitnamiImage("prometheus", "Prometheus", "/opt/bitnami/prometheus/data"),
]);
