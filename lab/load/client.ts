import { randomUUID } from "node:crypto";

import { z } from "zod";

import type { Address, Pattern } from "../../lib/events";
import { Failure } from "../run/failure";
import type { Credentials } from "../run/secrets";
import { createHttpClient, type HttpClient, type Reply } from "./http";
import { parseEventStream } from "./sse";

const order = z.looseObject({
  id: z.string(),
  status: z.string(),
  correlationId: z.string().optional(),
  failureCode: z.string().optional(),
  failureReason: z.string().optional(),
  createdAt: z.string(),
  completedAt: z.string().optional(),
  durationMs: z.number().optional(),
});
export type OrderView = z.infer<typeof order>;
const orderPage = z.object({ items: z.array(order), nextCursor: z.string().nullable() });
const product = z.looseObject({
  id: z.string(),
  name: z.string(),
  priceCents: z.number(),
  available: z.number(),
});
export type ProductView = z.infer<typeof product>;
const productPage = z.object({ items: z.array(product), nextCursor: z.string().nullable() });
const step = z.object({ event: z.string(), at: z.string(), detail: z.string().optional() });
export type StepView = z.infer<typeof step>;
const problem = z.looseObject({
  code: z.string(),
  detail: z.string().optional(),
  correlationId: z.string().optional(),
  orderId: z.string().optional(),
});
export type ProblemView = z.infer<typeof problem>;

export type NewOrder = {
  productId: string;
  quantity: number;
  paymentToken?: string | undefined;
  address?: Address | undefined;
};
export type PlaceOptions = {
  token: string;
  order: NewOrder;
  pattern?: Pattern | undefined;
  /** New for each order, unless a caller means to repeat itself. */
  idempotencyKey?: string;
};
/** What `POST /api/orders` answered: the order, or the problem document. */
export type Placed =
  | { status: number; order: OrderView; problem?: undefined }
  | { status: number; order?: undefined; problem: ProblemView };

export function isTerminal(status: string): boolean {
  return status === "confirmed" || status === "failed";
}

/** A demo client of the outer API. Answers that are not expected become a `Failure`. */
export type ShopClient = {
  readonly http: HttpClient;
  register(credentials: Credentials): Promise<void>;
  /** A token; undefined where there is no such user or the password is wrong. */
  login(credentials: Credentials): Promise<string | undefined>;
  /** A token, of a user that is registered first where it does not exist. */
  enter(credentials: Credentials): Promise<string>;
  products(): Promise<ProductView[]>;
  place(options: PlaceOptions): Promise<Placed>;
  readOrder(token: string, orderId: string): Promise<OrderView>;
  /** The newest orders of a user, at most 100. */
  listOrders(token: string): Promise<OrderView[]>;
  /** Each step of an order as it happens; returns the order in its terminal state. */
  follow(options: FollowOptions): Promise<OrderView>;
  close(): void;
};

export type FollowOptions = {
  token: string;
  orderId: string;
  timeoutMs: number;
  onStep?: (step: StepView) => void;
};

/**
 * `url` is the gateway's. `usersUrl` is where accounts are made: through the gateway too, unless given,
 * whose limit of 60 logins a minute does not allow many.
 */
export function createShopClient(options: {
  url: string;
  usersUrl?: string;
  maxSockets?: number;
}): ShopClient {
  const http = createHttpClient(options);
  const api = `${options.url}/api`;
  const users = `${options.usersUrl ?? api}/users`;

  async function register({ email, password }: Credentials): Promise<void> {
    const reply = await http.request({
      method: "POST",
      url: users,
      body: { email, password, name: "Demo Customer" },
    });
    if (reply.status !== 409) expectStatus(reply, [201], "register a user");
  }

  async function login(credentials: Credentials): Promise<string | undefined> {
    const reply = await http.request({ method: "POST", url: `${users}/login`, body: credentials });
    if (reply.status === 401) return undefined;
    expectStatus(reply, [200], "log in");
    return z.object({ token: z.string() }).parse(reply.body).token;
  }

  async function enter(credentials: Credentials): Promise<string> {
    const token = await login(credentials);
    if (token !== undefined) return token;
    await register(credentials);
    const fresh = await login(credentials);
    if (fresh !== undefined) return fresh;
    throw new Failure("demo.password", `${credentials.email} exists with another password`, {
      fix: "run ./symphony reset",
    });
  }

  async function readOrder(token: string, orderId: string): Promise<OrderView> {
    const reply = await http.request({ method: "GET", url: `${api}/orders/${orderId}`, token });
    expectStatus(reply, [200], "read the order");
    return order.parse(reply.body);
  }

  return {
    http,
    register,
    login,
    enter,
    readOrder,
    async products() {
      const reply = await http.request({ method: "GET", url: `${api}/inventory?limit=100` });
      expectStatus(reply, [200], "list the products");
      return productPage.parse(reply.body).items;
    },
    async place({ token, order: body, pattern, idempotencyKey = randomUUID() }) {
      const query = pattern === undefined ? "" : `?pattern=${pattern}`;
      const headers = { "idempotency-key": idempotencyKey };
      const reply = await http.request({
        method: "POST",
        url: `${api}/orders${query}`,
        token,
        body,
        headers,
      });
      if (reply.status < 300) return { status: reply.status, order: order.parse(reply.body) };
      return { status: reply.status, problem: readProblem(reply) };
    },
    async listOrders(token) {
      const reply = await http.request({ method: "GET", url: `${api}/orders?limit=100`, token });
      expectStatus(reply, [200], "list the orders");
      return orderPage.parse(reply.body).items;
    },
    follow: (follow) => followOrder({ http, api, readOrder }, follow),
    close: () => {
      http.close();
    },
  };
}

type Follower = { http: HttpClient; api: string; readOrder: ShopClient["readOrder"] };

async function followOrder(follower: Follower, options: FollowOptions): Promise<OrderView> {
  const deadline = Date.now() + options.timeoutMs;
  const position: { lastId?: string } = {};
  for (;;) {
    try {
      const ended = await readStream(follower, options, { position, deadline });
      if (ended !== undefined) return ended;
    } catch (error) {
      // A stream that breaks, because a process restarted, is read on from where it was.
      if (!isConnectionError(error)) throw error;
    }
    const current = await follower.readOrder(options.token, options.orderId).catch(() => undefined);
    if (current !== undefined && isTerminal(current.status)) return current;
    if (Date.now() > deadline) {
      const seconds = String(options.timeoutMs / 1000);
      throw new Failure("order.unfinished", `order ${options.orderId} has not ended after ${seconds} s`, {
        fix: "see ./symphony status and ./symphony logs",
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Reads one event stream to its end; the order where that was its terminal state. */
async function readStream(
  { http, api }: Follower,
  { token, orderId, onStep }: FollowOptions,
  { position, deadline }: { position: { lastId?: string }; deadline: number },
): Promise<OrderView | undefined> {
  const headers: Record<string, string> = {};
  if (position.lastId !== undefined) headers["last-event-id"] = position.lastId;
  const timeoutMs = Math.max(deadline - Date.now(), 1);
  const stream = await http.stream({
    method: "GET",
    url: `${api}/orders/${orderId}/events`,
    token,
    headers,
    timeoutMs,
  });
  if (stream.statusCode !== 200) {
    stream.resume();
    return undefined;
  }
  // Heartbeats keep a stream alive for good.
  const timer = setTimeout(() => stream.destroy(), timeoutMs);
  let ended: OrderView | undefined;
  try {
    for await (const event of parseEventStream(stream)) {
      if (event.id !== undefined) position.lastId = event.id;
      if (event.event === "step") onStep?.(step.parse(JSON.parse(event.data)));
      if (event.event !== "order") continue;
      const current = order.parse(JSON.parse(event.data));
      if (isTerminal(current.status)) ended = current;
    }
  } finally {
    clearTimeout(timer);
  }
  return ended;
}

function isConnectionError(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code?.startsWith("E") === true;
}

function readProblem(reply: Reply): ProblemView {
  const parsed = problem.safeParse(reply.body);
  return parsed.success ? parsed.data : { code: `http.${String(reply.status)}` };
}

function expectStatus(reply: Reply, statuses: number[], what: string): void {
  if (statuses.includes(reply.status)) return;
  const { code, detail } = readProblem(reply);
  throw new Failure(code, `could not ${what}: ${String(reply.status)} ${detail ?? code}`);
}
