import fc from "fast-check";

import { createSimulatedCarrier } from "./carrier";
import {
  answerToSchedule,
  type Shipment,
  type ShipmentCommand,
  type ShipmentStatus,
  transitions,
} from "./shipment";

const orderId = "019aaf5e-0000-7000-8000-000000000001";
const address = { line1: "1 Main Street", city: "Lisbon", postalCode: "1000-001", country: "PT" };

function shipment(status: ShipmentStatus, reason: string | null = null): Shipment {
  const at = "2026-01-01T00:00:00.000Z";
  return {
    orderId,
    sagaId: orderId,
    userId: orderId,
    pattern: "saga",
    shipmentId: orderId,
    address,
    trackingNumber: null,
    status,
    reason,
    createdAt: at,
    updatedAt: at,
  };
}

test.each([
  ["none", "schedule", "scheduled"],
  ["none", "refuse", "failed"],
  ["none", "cancel", "void"],
  ["scheduled", "schedule", undefined],
  ["scheduled", "refuse", undefined],
  ["scheduled", "cancel", "cancelled"],
  ["failed", "schedule", undefined],
  ["failed", "refuse", undefined],
  ["failed", "cancel", undefined],
  ["cancelled", "schedule", undefined],
  ["cancelled", "refuse", undefined],
  ["cancelled", "cancel", undefined],
  ["void", "schedule", undefined],
  ["void", "refuse", undefined],
  ["void", "cancel", undefined],
] as const)("a shipment that is %s: %s makes it %s", (status, command, expected) => {
  expect(transitions[command][status]).toBe(expected);
});

test.each<[string, Shipment | undefined, string]>([
  ["nothing was recorded", undefined, "order.cancelled"],
  ["a cancellation came first", shipment("void"), "order.cancelled"],
  ["it was cancelled since", shipment("cancelled"), "order.cancelled"],
  [
    "the destination is refused",
    shipment("failed", "shipping.destination_refused"),
    "shipping.destination_refused",
  ],
  ["the day is full", shipment("failed", "shipping.no_capacity"), "shipping.no_capacity"],
])("a shipment is refused where %s", (_case, existing, code) => {
  expect(() => answerToSchedule(existing, orderId)).toThrow(expect.objectContaining({ code }));
});

test("a repeated scheduling is answered with the shipment", () => {
  expect(answerToSchedule(shipment("scheduled"), orderId)).toEqual(shipment("scheduled"));
});

test("whatever is repeated or reordered, one command at most schedules and one at most undoes", () => {
  const commands = fc.array(fc.constantFrom<ShipmentCommand>("schedule", "refuse", "cancel"), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(commands, (sequence) => {
      let status: ShipmentStatus | "none" = "none";
      const reached: ShipmentStatus[] = [];
      for (const command of sequence) {
        const changed: ShipmentStatus | undefined = transitions[command][status];
        if (changed) reached.push(changed);
        status = changed ?? status;
      }
      expect(new Set(reached).size).toBe(reached.length);
      expect([[], ["scheduled"], ["failed"], ["void"], ["scheduled", "cancelled"]]).toContainEqual(reached);
      if (sequence.includes("cancel")) expect(status).not.toBe("scheduled");
    }),
  );
});

describe("the simulated carrier", () => {
  const carrier = createSimulatedCarrier({ dailyCapacity: 1 });

  test.each([
    ["Portugal", address, false],
    ["Antarctica", { ...address, country: "AQ" }, true],
    ["North Korea", { ...address, country: "KP" }, true],
    ["postal code 00000", { ...address, postalCode: "00000" }, true],
  ])("%s", (_case, destination, refused) => {
    expect(carrier.refuses(destination)).toBe(refused);
  });

  test("a day is a day in UTC", () => {
    expect(carrier.dayOf(new Date("2026-03-01T23:59:59.999-05:00"))).toBe("2026-03-02");
  });
});
