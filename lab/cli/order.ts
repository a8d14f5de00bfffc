import { Command, Option } from "commander";

import { type Pattern, patterns } from "../../lib/events";
import {
  createShopClient,
  isTerminal,
  type OrderView,
  type ProblemView,
  type ShopClient,
} from "../load/client";
import { exitCodes, Failure } from "../run/failure";
import { type System, withSystem } from "../target/system";
import { note, painter, print, printJson } from "./terminal";
import { parseDuration, parseInteger } from "./values";

type Options = {
  product?: string;
  quantity: number;
  token: string;
  country?: string;
  pattern: Pattern;
  timeout: number;
  json?: boolean;
};
type Outcome = {
  id: string | undefined;
  status: string;
  correlationId: string | undefined;
  durationMs: number;
  failureReason: string | undefined;
};

export function orderCommand(): Command {
  return new Command("order")
    .description("place one order as a demo user and follow it to its end; exits with 1 where it fails")
    .option("--product <id>", "what to order (default: the first product in stock)")
    .option("--quantity <n>", "how many", parseInteger(1, 1_000_000), 1)
    .option("--token <token>", "the payment token: tok_ok, tok_declined, ...; see services/payment", "tok_ok")
    .option("--country <code>", "where to ship to, such as DE; see services/shipping for refused ones")
    .addOption(new Option("--pattern <pattern>", "how the order runs").choices(patterns).default("saga"))
    .option("--timeout <duration>", "how long to wait for its end", parseDuration, 90_000)
    .option("--json", "print {id, status, correlationId, durationMs, failureReason}")
    .action((options: Options) => withSystem({ changes: true }, (system) => orderOnce(system, options)));
}

async function orderOnce(system: System, options: Options): Promise<void> {
  const client = createShopClient({ url: await system.url() });
  try {
    const token = await client.enter(await system.demo());
    const outcome = await placeAndFollow(client, token, options);
    if (options.json === true) printJson(outcome);
    else show(outcome);
    if (outcome.status !== "confirmed") process.exitCode = exitCodes.failed;
  } finally {
    client.close();
  }
}

async function placeAndFollow(client: ShopClient, token: string, options: Options): Promise<Outcome> {
  const quiet = options.json === true;
  const productId = options.product ?? (await firstInStock(client, options.quantity));
  const order = {
    productId,
    quantity: options.quantity,
    paymentToken: options.token,
    address: address(options),
  };
  const startedAt = performance.now();
  const elapsed = (): number => Math.round(performance.now() - startedAt);
  const placed = await client.place({ token, order, pattern: options.pattern });
  if (placed.order === undefined) return fromProblem(placed.problem, placed.status, elapsed());
  if (!quiet)
    note(`order ${placed.order.id} accepted as ${placed.order.status} after ${String(elapsed())} ms`);
  if (isTerminal(placed.order.status)) return fromOrder(placed.order, elapsed());
  const paint = painter(process.stderr);
  const ended = await client.follow({
    token,
    orderId: placed.order.id,
    timeoutMs: options.timeout,
    onStep: (step) => {
      const detail = step.detail === undefined ? "" : paint("dim", `  ${step.detail}`);
      if (!quiet) note(`${paint("dim", `${String(elapsed()).padStart(6)} ms`)}  ${step.event}${detail}`);
    },
  });
  return fromOrder(ended, elapsed());
}

async function firstInStock(client: ShopClient, quantity: number): Promise<string> {
  const products = await client.products();
  const found = products.find((product) => product.available >= quantity) ?? products[0];
  if (found === undefined)
    throw new Failure("order.no_products", "the catalogue is empty", { fix: "run ./symphony reset" });
  return found.id;
}

function address({ country }: Options) {
  if (country === undefined) return undefined;
  return { line1: "Main Street 1", city: "Springfield", postalCode: "10000", country };
}

const fromOrder = (order: OrderView, elapsedMs: number): Outcome => ({
  id: order.id,
  status: order.status,
  correlationId: order.correlationId,
  // The system's own measure, from acceptance to the end; what this process saw where there is none.
  durationMs: order.durationMs ?? elapsedMs,
  failureReason: order.failureReason,
});

/** A refused request: of a synchronous pattern it is an order that failed, else there is no order. */
function fromProblem(problem: ProblemView, status: number, elapsedMs: number): Outcome {
  const reason = problem.detail ?? problem.code;
  if (problem.orderId === undefined) {
    throw new Failure(problem.code, `the order was refused: ${String(status)} ${reason}`);
  }
  return {
    id: problem.orderId,
    status: "failed",
    correlationId: problem.correlationId,
    durationMs: elapsedMs,
    failureReason: reason,
  };
}

function show(outcome: Outcome): void {
  const paint = painter(process.stdout);
  const confirmed = outcome.status === "confirmed";
  const reason = outcome.failureReason === undefined ? "" : `: ${outcome.failureReason}`;
  print(
    `order ${outcome.id ?? ""} ${paint(confirmed ? "green" : "red", outcome.status)} after ${String(outcome.durationMs)} ms${reason}`,
  );
  print(paint("dim", `correlation id ${outcome.correlationId ?? "unknown"}`));
}
