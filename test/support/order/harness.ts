import { v7 as uuidv7 } from "uuid";

import { type EventData, type EventName } from "../../../lib/events";
import { service } from "../../../services/order/service";
import { type OrderView } from "../../../services/order/view";
import { type CollectedEvent, collectEvents, publishEvent, sampleEvent } from "../events";
import { startTestService, type TestService } from "../service";
import { startTestIssuer } from "../tokens";
import { waitFor } from "../wait-for";
import { startStubPeers, type StubPeers } from "./peers";

export type User = { id: string; token: string };
export type Answer = { status: number; headers: Headers; body: Record<string, unknown> & Partial<OrderView> };
type OrderOptions = {
  pattern?: string;
  key?: string;
  body?: unknown;
  correlationId?: string;
  replica?: TestService;
};

export type Harness = {
  order: TestService;
  peers: StubPeers;
  /** All events of the broker so far. */
  events: CollectedEvent[];
  user(options?: { admin?: boolean }): Promise<User>;
  place(user: User, options?: OrderOptions): Promise<Answer>;
  get(user: User, path: string): Promise<Answer>;
  /** The names of the order service's and the participants' events of one order, in the stream's order. */
  eventsOf(orderId: string): string[];
  /** Tells the order service what a participant did. */
  tell<N extends EventName>(
    name: N,
    order: OrderView,
    data?: Partial<EventData<N>>,
    id?: string,
  ): Promise<void>;
  /** Waits until the order has the status. */
  reaches(user: User, orderId: string, status: string): Promise<Answer>;
  /** A second replica on the same database and broker. */
  replica(): Promise<TestService>;
  stop(): Promise<void>;
};

/** The whole order service with real Postgres, NATS and token issuer, and stubbed neighbours. */
export async function startHarness(env: Record<string, string> = {}): Promise<Harness> {
  const [peers, issuer] = await Promise.all([startStubPeers(), startTestIssuer()]);
  const release = () => Promise.all([peers.stop(), issuer.stop()]);
  const order = await startTestService(service, { ...peers.env, JWKS_URL: issuer.jwksUrl, ...env }).catch(
    async (error: unknown) => {
      await release();
      throw error;
    },
  );
  await waitFor(() => order.bus.connected(), { what: "the broker" });
  const natsUrl = order.environment.NATS_URL ?? "";
  const collector = await collectEvents(natsUrl);
  const replicas: TestService[] = [];

  const call = async (url: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(url, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : {} };
  };
  const get = (user: User, path: string) =>
    call(`${order.url}${path}`, { headers: { authorization: `Bearer ${user.token}` } });

  return {
    order,
    peers,
    events: collector.events,
    async user({ admin = false } = {}) {
      const id = uuidv7();
      const groups = ["user-group", ...(admin ? ["admin-group"] : [])];
      return { id, token: await issuer.sign({ sub: id, groups }) };
    },
    place(user, { pattern, key = uuidv7(), body, correlationId, replica = order } = {}) {
      const given = body ?? { productId: "metronome", quantity: 2 };
      return call(`${replica.url}/orders${pattern ? `?pattern=${pattern}` : ""}`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${user.token}`,
          "content-type": "application/json",
          ...(key && { "idempotency-key": key }),
          ...(correlationId && { "x-correlation-id": correlationId }),
        },
        body: typeof given === "string" ? given : JSON.stringify(given),
      });
    },
    get,
    eventsOf: (orderId) =>
      collector.events.filter(({ data }) => data.order_id === orderId).map(({ name }) => name),
    async tell(name, { id: orderId, sagaId, userId, pattern }, data, id) {
      const identity = { order_id: orderId, saga_id: sagaId, user_id: userId, pattern };
      // Every event of an order has these four fields, which the generic type does not say.
      const event = sampleEvent(name, { ...identity, ...data } as unknown as Partial<EventData<typeof name>>);
      await publishEvent(natsUrl, name, event, id ? { id } : {});
    },
    reaches: (user, orderId, status) =>
      waitFor(
        async () => {
          const answer = await get(user, `/orders/${orderId}`);
          return answer.body.status === status && answer;
        },
        { what: `order ${status}` },
      ),
    async replica() {
      const started = await startTestService(service, order.environment);
      replicas.push(started);
      return started;
    },
    async stop() {
      await collector.stop();
      for (const replica of replicas) await replica.stop();
      await order.stop();
      await release();
    },
  };
}
