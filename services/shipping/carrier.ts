import { type Address } from "../../lib/events";

/**
 * A SIMULATED carrier. Nothing is shipped anywhere. It refuses some destinations and takes a limited number of
 * shipments per day; how many it has taken is counted in the table `carrier_days`, together with the shipment.
 */
export type Carrier = {
  /** How many shipments it takes per day (UTC). */
  dailyCapacity: number;
  /** Whether it never delivers to `address`. */
  refuses(address: Address): boolean;
  /** The day (UTC, YYYY-MM-DD) whose capacity a shipment handed over at `time` takes. */
  dayOf(time: Date): string;
  /** The number under which the customer follows the shipment. */
  trackingNumber(shipmentId: string): string;
};

const refusedCountries: ReadonlySet<string> = new Set(["AQ", "KP"]);
const refusedPostalCode = "00000";

/** Connects to the simulated carrier. */
export function createSimulatedCarrier({ dailyCapacity }: { dailyCapacity: number }): Carrier {
  return {
    dailyCapacity,
    refuses: ({ country, postalCode }) => refusedCountries.has(country) || postalCode === refusedPostalCode,
    dayOf: (time) => time.toISOString().slice(0, 10),
    trackingNumber: (shipmentId) => `SIM${shipmentId.replaceAll("-", "").toUpperCase()}`,
  };
}
