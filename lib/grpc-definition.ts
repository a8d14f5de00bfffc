import { join } from "node:path";

import { loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync, type MethodDefinition } from "@grpc/proto-loader";

import { projectRoot } from "./paths";
import type { InventoryServiceDefinition } from "./proto/symphony/inventory/v1/InventoryService";
import type { PaymentServiceDefinition } from "./proto/symphony/payment/v1/PaymentService";
import type { ShippingServiceDefinition } from "./proto/symphony/shipping/v1/ShippingService";

/** Every gRPC service of proto/, by its full name. */
export type GrpcServices = {
  "symphony.inventory.v1.InventoryService": InventoryServiceDefinition;
  "symphony.payment.v1.PaymentService": PaymentServiceDefinition;
  "symphony.shipping.v1.ShippingService": ShippingServiceDefinition;
};
export type GrpcServiceName = keyof GrpcServices;

type Methods<N extends GrpcServiceName> = GrpcServices[N];

/** `reserveInventory` for `ReserveInventory`; nothing for the index signature of a generated definition. */
type Rpc<M> = M extends string ? (string extends M ? never : Uncapitalize<M>) : never;

/**
 * The RPCs of a service, in camelCase, with their request as a caller may write it, their response as a
 * caller reads it, and the answer as a callee may write it.
 */
export type GrpcMethods<N extends GrpcServiceName> = {
  [M in keyof Methods<N> as Rpc<M>]: Methods<N>[M] extends MethodDefinition<
    infer Request,
    infer Answer,
    unknown,
    infer Response
  >
    ? { request: Request; response: Response; answer: Answer }
    : never;
};

/** The error code of an AppError, as trailing metadata. */
export const errorCodeKey = "symphony-error-code";
export const correlationIdKey = "x-correlation-id";

/** The client class of a service, read from proto/; its `service` is the definition that a server takes. */
export function loadService(name: GrpcServiceName): ServiceClientConstructor {
  const segments = name.split(".");
  const file = `${segments.slice(0, -1).join("/")}/${segments[1]}.proto`;
  const definition = loadSync(file, {
    includeDirs: [join(projectRoot, "proto")],
    keepCase: true,
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  let found: unknown = loadPackageDefinition(definition);
  for (const segment of segments) found = (found as Record<string, unknown>)[segment];
  return found as ServiceClientConstructor;
}
