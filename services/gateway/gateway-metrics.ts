import { Counter, Gauge, Histogram } from "prom-client";

import { exemplar, methodLabel, type Metrics } from "../../lib/metrics";
import type { BreakerState } from "./breaker";

export type GatewayMetrics = {
  /** One answered request; `seconds` is undefined for a stream, whose length says nothing about us. */
  observe(request: { service: string; method: string; status: number; seconds: number | undefined }): void;
};

/** The article's three metrics. `readBreakers` is asked at each scrape; undefined where there is no sidecar. */
export function createGatewayMetrics(options: {
  registry: Metrics["registry"];
  services: readonly string[];
  readBreakers: (() => Promise<Map<string, BreakerState>>) | undefined;
}): GatewayMetrics {
  const { registry, services, readBreakers } = options;
  const requests = new Counter({
    name: "gateway_requests_total",
    help: "Requests by the service they were for",
    labelNames: ["service", "method", "status"],
    registers: [registry],
  });
  const duration = new Histogram({
    name: "gateway_request_duration_seconds",
    help: "Seconds from a request to its whole answer; event streams are left out",
    labelNames: ["service", "method"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
    enableExemplars: true,
  });
  const breaker = new Gauge({
    name: "circuit_breaker_state",
    help:
      "Circuit breaker of the own sidecar for a service: 0 closed, 1 half-open (some of its hosts are ejected), " +
      "2 open (all are). Without a sidecar there is no breaker and this stays 0",
    labelNames: ["service"],
    registers: [registry],
    async collect() {
      const states = await readBreakers?.().catch(() => undefined);
      // a sidecar that does not answer leaves the state unknown, which is no value rather than a wrong one
      if (readBreakers && !states) this.reset();
      else for (const service of services) this.set({ service }, states?.get(service) ?? 0);
    },
  });
  for (const service of services) breaker.set({ service }, 0);

  return {
    observe({ service, method, status, seconds }) {
      const labels = { service, method: methodLabel(method) };
      requests.inc({ ...labels, status });
      if (seconds !== undefined) duration.observe({ labels, value: seconds, exemplarLabels: exemplar() });
    },
  };
}
