import { independent } from "../headline/schedule";

const delays = independent.delays
  .map(({ seconds, percent }) => `${String(seconds)} s with ${String(percent)} %`)
  .join(", ");

/** What each arm runs, in full. Held against lab/bench/headline/arms.ts by people: change both. */
export const armsText = `Both arms are the same nine services, the same Postgres, the same Envoy sidecars with mTLS, two replicas of order and of
inventory, and the same gateway, without its rate limits and without traces, and with tokens that outlast a block. What differs is
only this:

| | chaos | symphony |
| --- | --- | --- |
| an order is | \`POST /api/orders?pattern=rest\`, answered with 201 when all is done | \`POST /api/orders\`, answered with 202; the saga follows |
| the order service calls | inventory (price), inventory (reserve), payment, shipping, notification, audit, analytics, one after the other, and waits for each | nobody |
| events | none: \`SYNCHRONOUS_CHAIN=true\` starts neither relay nor consumers in any service | transactional outbox, JetStream, inbox |
| a call that fails | fails the order; each step that was done is undone by one call, and what cannot be undone stays | is delivered again after attempt² s, five times; a step that failed for good is compensated |
| a process that dies | leaves its orders open for good | is gone over by the watchdog and the events that come again |
| mesh rules | \`mesh/base\` with \`mesh/profiles/chaos\` over it: no timeouts, no retries, no breakers, no pool limits; order may call notification, audit and analytics | \`mesh/base\` |
| deadline of the ingress | 15 s | 15 s |
| CPU where it is short | the same share for every service, as customers wait for them all | gateway and order, for whom customers wait, get three times the share of each other service by \`nice\` |
| deadlines of the services | none (\`CALL_DEADLINE_MS\`, \`PEER_DEADLINE_MS\` and \`SAGA_DEADLINE_MS\` of a day) | 5 s per call, 10 s at the gateway, 30 s per saga |

The chain is what the article describes: "a tangled web of service calls", no timeouts ("services hung forever"), no retries, no
breakers, inconsistent data. It is not made worse than that: it undoes what it can, its steps are idempotent, a mail is sent in the
background rather than while the customer waits, it pays for no event that nobody reads, and its database, pools and sidecars are
those of the other arm.`;

/** How the figures come about. */
export const measuresText = `**Load.** Open loop: orders are sent at their times whether or not earlier ones were answered, and every time counts from when an order was
meant to be sent. Both arms of a pair get the same arrivals, products, payment tokens and fault schedule, from the same seed.
Ratios of time are those of all orders, refused ones too; who got no answer counts with 30 s.

**Independent faults.** Each call to order, inventory, payment, shipping, notification, audit and analytics fails with 503 with a chance of
${String(independent.abortPercent)} %, and takes longer with these chances, each by a throw of its own: ${delays}. Both happen at the callee's
sidecar, by Envoy's own dice; those are not seeded, and what came of them is counted below. Besides, ${String(independent.lostAnswerPercent)} % of the orders, the same ones
in both arms, are paid with a card whose provider charges and then loses its answer. An order of the chain makes eight calls, so about
4.5 % of them meet a failure: the article's 95.5 %; and 1.6 % of them take 3 s longer, near the article's p99 of 3.2 s. An order of
symphony is accepted after one such call. The delays are a tail and not one step, so that no p99 hangs on which side of a step one
call in a hundred falls.

**Correlated faults.** Once each in every block, at seeded times and in a seeded order: a replica of inventory is killed (\`kill -9\`), a replica
of order is killed, shipping hangs for 5 s (\`SIGSTOP\`), the broker is killed, and a replica of inventory gets a tenth of its time for 5 s
(\`SIGSTOP\` for 900 ms of each second), which slows its answers and its events alike. Each is looked at: one that was not seen to take
effect makes the run invalid. What is killed is started again by the runner, as by a kubelet.

**Not confirmed** is every order that was not confirmed within 30 s, whether it was accepted or not: acceptance alone counts for nothing. The
article's row is that of availability.
**A failed transaction** is an order whose customer had no final answer within 30 s, or was told something that money, stock or shipment
contradict once all is at rest. An answer of 5xx is final and says that the order failed: where nothing is charged, held or shipped it
is a true answer, which counts against availability and not here.
**Not answered within 2 s**: the chain has no timeouts of its own, so what the article calls timeout errors are here answers that nobody would wait for.
**As many as it takes**: so many orders under way at a time as the arm confirmed most with, the next one placed as soon as one ends. What
that number is, of 24, 48, 96, 192 and 384, was looked for before the first block: under the independent faults for the row under
them, without faults for the one without. The rate of the other phases follows from the ceilings without faults.
**Recovery**: from the end of a fault (of a kill from the kill) to the first of two seconds in a row in which 95 % of the orders sent were confirmed within 2 s.
**Attempts per call**: all attempts of the sidecars of gateway and order, by those that were not retries, under both kinds of faults. The
generator's looks at its orders are not among them; a look that a sidecar sent again counts against the arm, as Envoy does not tell it from
an order. **Deliveries per event and consumer**: what the broker delivered to the services, by what it delivered for the first time; that
is how symphony tries again what the chain would try by calls.
**CPU**: of all processes but the load generator, sidecars, Postgres and NATS included.

Figures of one machine: compare the ratios, not the milliseconds. The generator shares the cores with the system, whose processes all
give way to it, in both arms (by at least \`nice\` 10). A run in which it sent more than 50 ms late in one of a hundred sends, or in which its event
loop was that late while it placed as many orders as it takes, is marked invalid, and so is one in which symphony was not at rest 150 s
after the last order. A block in which that happens is measured once more, and what it was measured again for is told above.`;
