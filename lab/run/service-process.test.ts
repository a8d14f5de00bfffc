import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { serviceNames } from "../../lib/events";
import { projectRoot } from "../../lib/paths";
import { nicenessFor } from "./niceness";
import { type ServiceContext, serviceEnvironment, serviceSpec } from "./service-process";
import { type Instance, topology } from "./topology";

const instance = (service: Instance["service"], grpcPort?: number): Instance => ({
  name: service,
  service,
  replica: 1,
  http: { host: "127.0.0.1", port: 4000 },
  grpc: grpcPort === undefined ? undefined : { host: "127.0.0.1", port: grpcPort },
  peers: topology[service].peers,
});

function context(change: Partial<ServiceContext> = {}): ServiceContext {
  return {
    project: "/project",
    findPeer: (_caller, callee) => `http://${callee}`,
    surroundings: () => ({}),
    databaseUrls: Object.fromEntries(
      serviceNames.map((name) => [name, `postgres://${name}`]),
    ) as ServiceContext["databaseUrls"],
    natsUrl: "nats://n",
    smtpUrl: "smtp://m",
    secrets: {
      postgres: "p",
      roles: {} as ServiceContext["secrets"]["roles"],
      nats: { user: "u", password: "p" },
      admin: { email: "admin@symphony.example", password: "secret" },
      demo: { email: "demo@symphony.example", password: "secret" },
    },
    logLevel: "info",
    overrides: {},
    outer: {},
    ...change,
  };
}

test("a service is told its own database and its own peers", () => {
  const environment = serviceEnvironment(instance("inventory", 4001), context());
  expect(environment).toMatchObject({
    PORT: "4000",
    GRPC_PORT: "4001",
    DATABASE_URL: "postgres://inventory",
    NATS_URL: "nats://n",
    JWKS_URL: "http://user/.well-known/jwks.json",
  });
});

test("the runner's environment does not leak, but telemetry settings pass", () => {
  const outer = {
    DATABASE_URL: "postgres://mine",
    AWS_SECRET: "x",
    PORT: "1",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://o",
  };
  const environment = serviceEnvironment(instance("payment", 4001), context({ outer }));
  expect(environment).toMatchObject({
    DATABASE_URL: "postgres://payment",
    PORT: "4000",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://o",
  });
  expect(environment).not.toHaveProperty("AWS_SECRET");
});

test("only the user service knows the administrator's password, only notification the mail server", () => {
  for (const service of serviceNames) {
    const environment = serviceEnvironment(instance(service), context());
    expect("ADMIN_PASSWORD" in environment).toBe(service === "user");
    expect("SMTP_URL" in environment).toBe(service === "notification");
  }
});

test("an override of one service wins, and reaches no other", () => {
  const overrides = { order: { SAGA_DEADLINE_MS: "5" } };
  expect(serviceEnvironment(instance("order"), context({ overrides })).SAGA_DEADLINE_MS).toBe("5");
  expect(serviceEnvironment(instance("audit"), context({ overrides }))).not.toHaveProperty(
    "SAGA_DEADLINE_MS",
  );
});

test("a service behind a sidecar listens on sockets, and is told what surrounds it", () => {
  const behind: Instance = {
    ...instance("payment"),
    http: { pipe: "/run/payment.http" },
    grpc: { pipe: "/run/payment.grpc" },
  };
  const surroundings = () => ({ SIDECAR_STATS_URL: "http://127.0.0.1:15000/stats" });
  expect(serviceEnvironment(behind, context({ surroundings }))).toMatchObject({
    PORT: "/run/payment.http",
    GRPC_PORT: "/run/payment.grpc",
    SIDECAR_STATS_URL: "http://127.0.0.1:15000/stats",
  });
});

test("CPU is shared among services as customers wait for them: whoever the charts let ask for most has all of its share", () => {
  type Values = Record<string, { resources?: { requests?: { cpu?: string } } } | undefined>;
  const read = (chart: string): unknown =>
    parse(readFileSync(join(projectRoot, "charts", chart, "values.yaml"), "utf8"), { merge: true });
  const usual = read("service") as Values[string];
  const services = read("symphony") as Values;
  const requests = serviceNames.map((name) =>
    Number.parseInt((services[name]?.resources ?? usual?.resources)?.requests?.cpu ?? "", 10),
  );
  const most = Math.max(...requests);
  const expected = requests.map((cpu) => (cpu === most ? 0 : nicenessFor(1 / 3)));
  expect(new Set(expected).size).toBe(2);
  expect(serviceNames.map((name) => serviceSpec(instance(name), context()).niceness ?? 0)).toEqual(expected);
  const chain = context({ waitedFor: serviceNames });
  expect(serviceNames.filter((name) => "niceness" in serviceSpec(instance(name), chain))).toEqual([]);
});
