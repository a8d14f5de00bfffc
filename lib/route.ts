import type { Request, Response } from "express";
import type { z } from "zod";

import type { Identity } from "./auth";
import type { ErrorCode } from "./errors";

/** Who may call: anybody inside the mesh, a user with a token, or a user in `admin-group`. */
export type Access = "open" | "user" | "admin";

export type RouteResponse = {
  description: string;
  schema?: z.ZodType;
  /** `application/json` where it is left out. */
  contentType?: string;
};

type Output<S, Otherwise> = S extends z.ZodType ? z.output<S> : Otherwise;

/** A request whose parts have passed their schemas. */
export type RouteRequest<Params, Query, Headers, Body, User> = {
  params: Params;
  query: Query;
  headers: Headers;
  body: Body;
  identity: User;
  raw: Request;
};

type Strings = Record<string, string>;

/** One route: what it takes, what it answers, and the handler. The OpenAPI document is made of the same. */
export type RouteDefinition<
  A extends Access,
  P extends z.ZodObject | undefined,
  Q extends z.ZodObject | undefined,
  H extends z.ZodObject | undefined,
  B extends z.ZodType | undefined,
> = {
  method: "get" | "post" | "put" | "delete";
  /** As Express has it: `/orders/:orderId`. */
  path: string;
  summary: string;
  /** Left out, the route is open: an internal route, guarded by the mesh. */
  access?: A;
  params?: P;
  query?: Q;
  /** Names in lower case; other headers are allowed. */
  headers?: H;
  body?: B;
  responses: Record<number, RouteResponse>;
  errors?: readonly ErrorCode[];
  handle(
    request: RouteRequest<
      Output<P, Strings>,
      Output<Q, unknown>,
      Output<H, unknown>,
      Output<B, unknown>,
      A extends "open" ? undefined : Identity
    >,
    response: Response,
  ): Promise<void> | void;
};

/** A route whose types are settled. */
export type Route = {
  method: "get" | "post" | "put" | "delete";
  path: string;
  summary: string;
  access: Access;
  params?: z.ZodObject | undefined;
  query?: z.ZodObject | undefined;
  headers?: z.ZodObject | undefined;
  body?: z.ZodType | undefined;
  responses: Record<number, RouteResponse>;
  errors: readonly ErrorCode[];
  handle(
    request: RouteRequest<unknown, unknown, unknown, unknown, Identity | undefined>,
    response: Response,
  ): Promise<void> | void;
};

/** Defines a route; the handler's types follow from the schemas. */
export function route<
  A extends Access = "open",
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  H extends z.ZodObject | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(definition: RouteDefinition<A, P, Q, H, B>): Route {
  const settled = { access: "open", errors: [], ...definition };
  // The schemas guarantee at run time what the erased types no longer say.
  return settled as unknown as Route;
}
