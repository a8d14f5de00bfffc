import { randomBytes } from "node:crypto";

import { percentile } from "../load/percentiles";
import { loadCatalogue } from "../load/stock";
import { type System, withSystem } from "../target/system";
import { goalRow, inMs, type Row } from "./report";
import { withStack } from "./system";
import { measureUnloaded, type Unloaded } from "./unloaded";

const warmUpOrders = 20;
const orders = 120;

async function measureCluster(system: System): Promise<Unloaded> {
  const url = await system.url();
  const usersUrl = await system.serviceUrl("user");
  await loadCatalogue({
    url,
    usersUrl,
    inventoryUrl: await system.serviceUrl("inventory"),
    admin: await system.admin(),
    orders: 10 * (warmUpOrders + orders),
  });
  const run = randomBytes(4).toString("hex");
  await measureUnloaded({ url, usersUrl, orders: warmUpOrders, run: `${run}-warm` });
  return measureUnloaded({ url, usersUrl, orders, run });
}

function measureLaptop(): Promise<Unloaded> {
  return withStack({ mesh: false, environment: process.env }, async (stack) => {
    const system = { url: stack.url, usersUrl: await stack.serviceUrl("user") };
    await measureUnloaded({ ...system, orders: warmUpOrders, run: "warm" });
    return measureUnloaded({ ...system, orders });
  });
}

const p50 = (values: number[]): number => percentile(values, 0.5);
const p99 = (values: number[]): number => percentile(values, 0.99);

/**
 * Latency without load through the ingress gateway and every sidecar of the cluster; then, on the same machine
 * while the cluster rests, of the system without a mesh.
 */
export async function benchKubeSaga(say: (line: string) => void): Promise<Row[]> {
  say(`${String(orders)} orders through the mesh, one after the other`);
  const mesh = await withSystem({ changes: true }, measureCluster);
  say(`${String(orders)} orders on this machine without it`);
  const laptop = await measureLaptop();
  return [
    { name: "accepted, cluster, p50", value: inMs(p50(mesh.acceptMs)) },
    { name: "accepted, cluster, p99", value: inMs(p99(mesh.acceptMs)) },
    goalRow("accepted to confirmed, cluster, p50", p50(mesh.completeMs), { atMost: 400 }, inMs),
    { name: "accepted to confirmed, cluster, p99", value: inMs(p99(mesh.completeMs)) },
    { name: "accepted, laptop, p50", value: inMs(p50(laptop.acceptMs)) },
    { name: "accepted to confirmed, laptop, p50", value: inMs(p50(laptop.completeMs)) },
    { name: "accepted to confirmed, laptop, p99", value: inMs(p99(laptop.completeMs)) },
  ];
}
