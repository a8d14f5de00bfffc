import { v7 as uuidv7 } from "uuid";

import { enqueue } from "../../lib/outbox";
import { sampleEvent } from "../../test/support/events";
import { startTestService, type TestService } from "../../test/support/service";
import { startTestIssuer, type TestIssuer } from "../../test/support/tokens";
import { waitFor } from "../../test/support/wait-for";
import { service as definition } from "./service";

const orders = 400;
let issuer: TestIssuer;
let first: TestService;
let second: TestService;

beforeAll(async () => {
  issuer = await startTestIssuer();
  first = await startTestService(definition, { JWKS_URL: issuer.jwksUrl });
  second = await startTestService(definition, first.environment);
});

afterAll(async () => {
  await second?.stop();
  await first?.stop();
  await issuer?.stop();
});

test("two replicas share the orders of many products, and never deadlock", async () => {
  const { rows: products } = await first.db.query<{ id: string }>(
    "select id from products where available > 100 order by md5(id)",
  );
  // The relay publishes them as fast as it can, so that both replicas work through full batches.
  await first.db.transaction(async (tx) => {
    for (let index = 0; index < orders; index++) {
      const product_id = products[index % products.length]!.id;
      enqueue(
        tx,
        "order.saga-started",
        sampleEvent("order.saga-started", { order_id: uuidv7(), product_id }),
      );
    }
  });

  const reserved = async () => {
    const { rows } = await first.db.query<{ sum: number }>(
      `select sum(reserved)::bigint as sum from products`,
    );
    return rows[0]!.sum;
  };
  await waitFor(async () => (await reserved()) === orders * 2, {
    timeoutMs: 30_000,
    what: "every reservation",
  });

  const { rows } = await first.db.query<{ deadlocks: number }>(
    "select deadlocks from pg_stat_database where datname = current_database()",
  );
  expect(rows[0]!.deadlocks).toBe(0);
}, 60_000);
