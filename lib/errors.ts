// Only the numbers: the package itself would cost every service 5 MB and 50 ms.
import { Status as grpcStatus } from "@grpc/grpc-js/build/src/constants";

/**
 * Every error a client may see: its HTTP status, its gRPC status and the title of its problem document.
 * One table, so that a code means the same over every protocol.
 */
export const errorTable = {
  "request.invalid": { http: 400, grpc: grpcStatus.INVALID_ARGUMENT, title: "The request is not valid" },
  "request.malformed_json": { http: 400, grpc: grpcStatus.INVALID_ARGUMENT, title: "The body is not JSON" },
  "request.too_large": { http: 413, grpc: grpcStatus.RESOURCE_EXHAUSTED, title: "The body is too large" },
  "request.unsupported_media_type": {
    http: 415,
    grpc: grpcStatus.INVALID_ARGUMENT,
    title: "The content type is not supported",
  },
  "request.method_not_allowed": {
    http: 405,
    grpc: grpcStatus.UNIMPLEMENTED,
    title: "The method is not allowed here",
  },
  "route.not_found": { http: 404, grpc: grpcStatus.UNIMPLEMENTED, title: "No such route" },
  "service.not_found": { http: 404, grpc: grpcStatus.NOT_FOUND, title: "No such service" },
  "auth.token_missing": { http: 401, grpc: grpcStatus.UNAUTHENTICATED, title: "A token is required" },
  "auth.token_invalid": { http: 401, grpc: grpcStatus.UNAUTHENTICATED, title: "The token is not valid" },
  "auth.token_expired": { http: 401, grpc: grpcStatus.UNAUTHENTICATED, title: "The token has expired" },
  "auth.bad_credentials": {
    http: 401,
    grpc: grpcStatus.UNAUTHENTICATED,
    title: "The e-mail address or the password is wrong",
  },
  "auth.forbidden": { http: 403, grpc: grpcStatus.PERMISSION_DENIED, title: "Not allowed" },
  "auth.keys_unavailable": {
    http: 503,
    grpc: grpcStatus.UNAVAILABLE,
    title: "Tokens cannot be verified at the moment",
  },
  "rate.limited": { http: 429, grpc: grpcStatus.RESOURCE_EXHAUSTED, title: "Too many requests" },
  "user.email_taken": { http: 409, grpc: grpcStatus.ALREADY_EXISTS, title: "The e-mail address is in use" },
  "user.not_found": { http: 404, grpc: grpcStatus.NOT_FOUND, title: "No such user" },
  "idempotency.key_missing": {
    http: 400,
    grpc: grpcStatus.INVALID_ARGUMENT,
    title: "The Idempotency-Key header is required",
  },
  "idempotency.key_reused": {
    http: 422,
    grpc: grpcStatus.FAILED_PRECONDITION,
    title: "The Idempotency-Key was used with another request",
  },
  "idempotency.in_progress": {
    http: 409,
    grpc: grpcStatus.ABORTED,
    title: "A request with this Idempotency-Key is still running",
  },
  "order.not_found": { http: 404, grpc: grpcStatus.NOT_FOUND, title: "No such order" },
  "order.cancelled": { http: 409, grpc: grpcStatus.FAILED_PRECONDITION, title: "The order was cancelled" },
  "product.not_found": { http: 404, grpc: grpcStatus.NOT_FOUND, title: "No such product" },
  "inventory.insufficient_stock": {
    http: 409,
    grpc: grpcStatus.FAILED_PRECONDITION,
    title: "Not enough stock",
  },
  "reservation.not_found": { http: 404, grpc: grpcStatus.NOT_FOUND, title: "No such reservation" },
  "payment.declined": { http: 402, grpc: grpcStatus.FAILED_PRECONDITION, title: "The payment was declined" },
  "payment.insufficient_funds": {
    http: 402,
    grpc: grpcStatus.FAILED_PRECONDITION,
    title: "The account lacks the funds",
  },
  "payment.token_unknown": {
    http: 402,
    grpc: grpcStatus.FAILED_PRECONDITION,
    title: "The payment token is not known",
  },
  "payment.provider_error": {
    http: 502,
    grpc: grpcStatus.UNAVAILABLE,
    title: "The payment provider failed",
  },
  "payment.not_found": { http: 404, grpc: grpcStatus.NOT_FOUND, title: "No such payment" },
  "shipping.destination_refused": {
    http: 422,
    grpc: grpcStatus.FAILED_PRECONDITION,
    title: "The carrier does not deliver there",
  },
  "shipping.no_capacity": {
    http: 409,
    grpc: grpcStatus.FAILED_PRECONDITION,
    title: "The carrier has no capacity left",
  },
  "rebuild.not_found": { http: 404, grpc: grpcStatus.NOT_FOUND, title: "No such rebuild" },
  "shipment.not_found": { http: 404, grpc: grpcStatus.NOT_FOUND, title: "No such shipment" },
  "dead_letter.not_found": { http: 404, grpc: grpcStatus.NOT_FOUND, title: "No such dead letter" },
  "event.invalid": { http: 400, grpc: grpcStatus.INVALID_ARGUMENT, title: "The event is not valid" },
  "peer.timeout": {
    http: 504,
    grpc: grpcStatus.DEADLINE_EXCEEDED,
    title: "A service behind this one did not answer in time",
  },
  "peer.unavailable": {
    http: 503,
    grpc: grpcStatus.UNAVAILABLE,
    title: "A service behind this one is not available",
  },
  "service.unavailable": {
    http: 503,
    grpc: grpcStatus.UNAVAILABLE,
    title: "The service cannot answer at the moment",
  },
  internal: { http: 500, grpc: grpcStatus.INTERNAL, title: "Something went wrong here" },
} as const satisfies Record<string, { http: number; grpc: number; title: string }>;

export type ErrorCode = keyof typeof errorTable;

/** One wrong field of a request: `path` in dots (`address.country`), `message` for a person. */
export type FieldError = { path: string; message: string };

export type AppErrorOptions = {
  cause?: unknown;
  /** The wrong fields, for bad input. */
  errors?: FieldError[];
  /** Headers that the HTTP answer carries, such as `Retry-After`. */
  headers?: Record<string, string>;
};

/** An error with a code of the table: the only kind whose message reaches a client. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly errors: FieldError[] | undefined;
  readonly headers: Record<string, string> | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.errors = options.errors;
    this.headers = options.headers;
  }

  get httpStatus(): number {
    return errorTable[this.code].http;
  }

  get grpcStatus(): number {
    return errorTable[this.code].grpc;
  }
}

/** Whether `code` is one of the table's; a peer's answer may carry anything. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(errorTable, code);
}
