import { Command, InvalidArgumentError } from "commander";

import { type ServiceName, serviceNames } from "../../lib/events";
import { createShopClient } from "../load/client";
import { exitCodes, Failure } from "../run/failure";
import { Stack } from "../run/stack";
import { parseReplicas, type Replicas } from "../run/topology";
import { createProgress } from "./progress";
import { note, painter, print, printJson, table } from "./terminal";
import { collect, parseInteger } from "./values";

type Setting = { service: ServiceName; name: string; value: string };
type Options = {
  port?: number;
  replicas?: { service: ServiceName; count: number }[];
  set?: Setting[];
  logLevel: string;
  /** Of `--no-mesh`: commander makes it true without the option. */
  mesh: boolean;
  json?: boolean;
};

export function upCommand(): Command {
  return new Command("up")
    .description("start everything and keep it running until Ctrl-C")
    .option(
      "--port <port>",
      "port that users come in at (default: PORT or 8080; 0 takes a free one)",
      parseInteger(0, 65_535),
    )
    .option(
      "--replicas <service=count>",
      "how many processes of a service; may be repeated",
      collect(replicaOption),
    )
    .option(
      "--set <service.NAME=value>",
      "a variable for one service; may be repeated",
      collect(settingOption),
    )
    .option("--no-mesh", "without sidecars: no retries, timeouts, breakers, mutual TLS or faults")
    .option("--log-level <level>", "least level that services log", "info")
    .option("--json", "print what runs as JSON")
    .action(up);
}

function replicaOption(text: string): { service: ServiceName; count: number } {
  const parsed = parseReplicas(text);
  if (parsed === undefined) throw new InvalidArgumentError("give a service and 1 to 9, such as inventory=2.");
  return parsed;
}

function settingOption(text: string): Setting {
  const match = /^([a-z]+)\.([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text);
  const service = serviceNames.find((name) => name === match?.[1]);
  if (match === null || service === undefined) {
    throw new InvalidArgumentError(
      "give a service, a variable and a value, such as order.SAGA_DEADLINE_MS=5000.",
    );
  }
  return { service, name: match[2] ?? "", value: match[3] ?? "" };
}

/** The port to serve on: the option, PORT, 8080. */
export function choosePort(option: number | undefined, environment: NodeJS.ProcessEnv): number {
  if (option !== undefined) return option;
  const text = environment.PORT ?? "";
  if (text === "") return 8080;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Failure("usage.port", `PORT is ${text}, which is not a port`, {
    fix: "unset it, or give 0 to 65535",
    exitCode: exitCodes.usage,
  });
}

async function up(options: Options): Promise<void> {
  const startedAt = performance.now();
  const interrupted = new AbortController();
  // Known to the handlers below once it is up.
  const running: { stack?: Stack } = {};
  let signals = 0;
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      signals += 1;
      if (signals === 1) {
        note(`stopping; ${signal === "SIGINT" ? "Ctrl-C" : signal} again kills at once`);
        interrupted.abort();
        resolve(signal);
        return;
      }
      running.stack?.killNow();
      running.stack?.forget();
      process.exit(exitCodes.interrupted);
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  });
  // Whatever ends this process, its children end with it.
  process.on("exit", () => running.stack?.killNow());

  const stack = await Stack.start({
    port: choosePort(options.port, process.env),
    environment: process.env,
    progress: createProgress(),
    replicas: Object.fromEntries(
      (options.replicas ?? []).map(({ service, count }) => [service, count]),
    ) as Replicas,
    overrides: groupSettings(options.set ?? []),
    logLevel: options.logLevel,
    mesh: options.mesh,
    signal: interrupted.signal,
  });
  running.stack = stack;
  if (!options.mesh) warnWithoutMesh();
  await welcome(stack, performance.now() - startedAt, options.json === true);
  const signal = await stopped;
  await stack.stop();
  note("stopped; nothing is left running");
  process.exitCode = signal === "SIGINT" ? exitCodes.interrupted : exitCodes.ok;
}

function groupSettings(settings: Setting[]): Partial<Record<ServiceName, Record<string, string>>> {
  const grouped: Partial<Record<ServiceName, Record<string, string>>> = {};
  for (const { service, name, value } of settings) grouped[service] = { ...grouped[service], [name]: value };
  return grouped;
}

function warnWithoutMesh(): void {
  const paint = painter(process.stderr);
  note(paint("red", "without the mesh: services call each other straight, in plaintext and unchecked."));
  note(
    paint(
      "red",
      "No retries, timeouts, circuit breakers, mutual TLS or access rules; faults and mesh/ have no effect.",
    ),
  );
}

async function welcome(stack: Stack, tookMs: number, json: boolean): Promise<void> {
  const { url, natsUrl } = stack;
  if (json) {
    printJson({ url, mesh: stack.mesh !== undefined, natsUrl, startedInMs: Math.round(tookMs) });
    return;
  }
  const paint = painter(process.stdout);
  print("");
  if (stack.mesh === undefined) {
    const urls = await Promise.all(serviceNames.map(async (name) => [name, await stack.serviceUrl(name)]));
    const header = [paint("bold", "service"), paint("bold", "url"), paint("bold", "API")];
    print(
      table(
        header,
        urls.map(([name = "", url = ""]) => [name, url, `${url}/openapi.json`]),
      ),
    );
  } else {
    print(`API  ${stack.url}/openapi.json`);
    print(
      "mesh ./symphony mesh status; break it with ./symphony fault list; rules are taken from mesh/base as saved",
    );
  }
  print(
    `\nSymphony is up at ${paint("bold", stack.url)} after ${(tookMs / 1000).toFixed(1)} s. Place an order:\n`,
  );
  for (const line of await curlLines(stack)) print(`  ${line}`);
  print(`\nor ./symphony order in another shell. Ctrl-C stops everything.`);
}

/** A demo user, made now, and lines that log it in and order something. */
async function curlLines(stack: Stack): Promise<string[]> {
  const { email, password } = stack.secrets.demo;
  const client = createShopClient({ url: stack.url });
  try {
    await client.enter({ email, password });
    const product = (await client.products())[0]?.id ?? "";
    const json = `-H 'content-type: application/json'`;
    const login = JSON.stringify({ email, password });
    const order = JSON.stringify({ productId: product, quantity: 1, paymentToken: "tok_ok" });
    return [
      `TOKEN=$(curl -s ${stack.url}/api/users/login ${json} -d '${login}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')`,
      `curl -s ${stack.url}/api/orders -H "authorization: Bearer $TOKEN" -H "idempotency-key: $(date +%s%N)" ${json} -d '${order}'`,
      `curl -s ${stack.url}/api/orders -H "authorization: Bearer $TOKEN"`,
    ];
  } finally {
    client.close();
  }
}
