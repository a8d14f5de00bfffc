import { type Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";

import { dashboard, graph, number, quantile, quantiles, rate } from "./parts";

/** Events on their way: outbox, relay, stream, consumers, dead letters. */
export function messaging(): Dashboard {
  return dashboard({
    uid: "symphony-messaging",
    title: "Symphony: messaging",
    description: "Whether events leave the outboxes, reach their consumers and take effect.",
    rows: [
      [
        "Now",
        [
          number({
            title: "Oldest event that waits",
            unit: "s",
            queries: [["max(outbox_oldest_pending_seconds)", "age"]],
          }),
          number({
            title: "Events that wait",
            unit: "short",
            queries: [["sum(max by (service) (outbox_pending_events))", "events"]],
          }),
          number({
            title: "Events refused by the broker",
            unit: "short",
            queries: [["sum(max by (service) (outbox_parked_events))", "parked"]],
          }),
          number({
            title: "Dead letters",
            unit: "short",
            queries: [["sum(max by (service) (dead_letters_stored))", "dead letters"]],
          }),
        ],
      ],
      [
        "Out",
        [
          graph({
            title: "Events published",
            unit: "ops",
            queries: [[rate("outbox_published_events_total", "", ["service"]), "{{service}}"]],
          }),
          graph({
            title: "From the commit to the broker",
            unit: "s",
            exemplars: true,
            queries: quantiles("outbox_publish_delay_seconds"),
          }),
          graph({
            title: "Oldest event that waits, by service",
            unit: "s",
            queries: [["max by (service) (outbox_oldest_pending_seconds)", "{{service}}"]],
          }),
        ],
      ],
      [
        "In",
        [
          graph({
            title: "Deliveries by what came of them",
            description: "Duplicates are recognised and have no effect; retried ones come again.",
            unit: "ops",
            queries: [[rate("events_handled_total", "", ["outcome"]), "{{outcome}}"]],
          }),
          graph({
            title: "Handling an event, 95 of 100",
            unit: "s",
            exemplars: true,
            queries: [[quantile(0.95, "event_handling_duration_seconds", "", ["service"]), "{{service}}"]],
          }),
          graph({
            title: "Events not delivered yet",
            unit: "short",
            queries: [["max by (service) (consumer_lag_events)", "{{service}}"]],
          }),
        ],
      ],
      [
        "Trouble",
        [
          graph({
            title: "Deliveries that were not the first",
            unit: "ops",
            queries: [[rate("event_redeliveries_total"), "redeliveries"]],
          }),
          graph({
            title: "Dead letters, by service",
            unit: "short",
            queries: [["max by (service) (dead_letters_stored)", "{{service}}"]],
          }),
          graph({
            title: "Mails, by what became of them",
            unit: "ops",
            queries: [[rate("notification_mail_tries_total", "", ["result"]), "{{result}}"]],
          }),
        ],
      ],
    ],
  });
}
