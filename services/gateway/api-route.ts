import { ADMIN_GROUP, USER_GROUP } from "../../lib/auth";
import { AppError } from "../../lib/errors";

export type ProxiedService = "order" | "inventory" | "user";

/** Requests per client and route; undefined is no limit. `route` names the counter. */
export type WindowLimits = { route: string; perMinute?: number | undefined; perHour?: number | undefined };

export type ApiRoute = {
  segment: string;
  service: ProxiedService;
  methods: readonly string[];
  /** Who may pass: anybody, any user, or users in one of these groups. */
  access: "open" | "user" | readonly string[];
  limits?: WindowLimits;
};

/** What a request asks for. `error` is why it goes no further, thrown once its client has been counted. */
export type Resolved = {
  service: ProxiedService | "none";
  /** For log and metrics: never holds an id. */
  template: string;
  route?: ApiRoute;
  /** Whether the gateway answers by itself, from several services. */
  composed?: boolean;
  /** Path for the service, without query. */
  path?: string;
  error?: AppError;
};

type Limits = Readonly<
  Record<
    "RATE_ORDERS_PER_MINUTE" | "RATE_ORDERS_PER_HOUR" | "RATE_INVENTORY_PER_MINUTE" | "RATE_LOGIN_PER_MINUTE",
    number
  >
>;

const orNone = (limit: number): number | undefined => (limit === 0 ? undefined : limit);

/** The outer API: what is not in the table does not exist outside. */
export function createApiRoutes(limits: Limits): { routes: ApiRoute[]; openUserRoute: ApiRoute } {
  const users: ApiRoute = {
    segment: "users",
    service: "user",
    methods: ["GET", "POST", "PUT"],
    access: [USER_GROUP, ADMIN_GROUP],
  };
  return {
    routes: [
      {
        segment: "orders",
        service: "order",
        methods: ["GET", "POST"],
        access: "user",
        limits: {
          route: "orders",
          perMinute: orNone(limits.RATE_ORDERS_PER_MINUTE),
          perHour: orNone(limits.RATE_ORDERS_PER_HOUR),
        },
      },
      {
        segment: "inventory",
        service: "inventory",
        methods: ["GET"],
        access: "open",
        limits: { route: "inventory", perMinute: orNone(limits.RATE_INVENTORY_PER_MINUTE) },
      },
      users,
    ],
    // One may register and log in without a token. Each costs a password hash, hence a limit of its own.
    openUserRoute: {
      ...users,
      access: "open",
      limits: { route: "login", perMinute: orNone(limits.RATE_LOGIN_PER_MINUTE) },
    },
  };
}

/**
 * Paths that a proxy or a service behind could read as another one than we do: empty and dot segments,
 * encoded or turned slashes, NUL. They must not reach a place where somebody normalises them.
 */
const ambiguous = /\/\/|\\|%(?:2f|5c|00)|\/(?:\.|%2e){1,2}(?:\/|$)/i;
const openUserPaths = /^\/users(?:\/login)?$/;
const detailsPath = /^\/orders\/[^/]+\/details\/?$/;

function methodNotAllowed(method: string, { segment, methods }: ApiRoute): AppError {
  const allow = [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
  return new AppError(
    "request.method_not_allowed",
    `${method} is not allowed on /api/${segment}; allowed: ${allow}`,
    {
      headers: { Allow: allow },
    },
  );
}

/** Why no route is looked for at all; undefined where the path is plain. */
function refusePath(outer: string): AppError | undefined {
  if (!outer.startsWith("/")) {
    return new AppError("request.invalid", "send the path alone as the request target");
  }
  return ambiguous.test(outer)
    ? new AppError("request.invalid", "the path is ambiguous: write it plainly")
    : undefined;
}

// Express matches regardless of case: what it would take for /api must not slip past
const underApi = /^\/api(?:\/|$)/i;

/** Finds what `method` and `target` (the raw request target) ask for; undefined outside of /api. */
export function createResolver(limits: Limits): (method: string, target: string) => Resolved | undefined {
  const { routes, openUserRoute } = createApiRoutes(limits);

  function resolveRoute(route: ApiRoute, method: string, path: string): Resolved {
    const { service, segment, methods } = route;
    const template = path === `/${segment}` ? `/api/${segment}` : `/api/${segment}/*`;
    const effective = method === "HEAD" ? "GET" : method;
    if (!methods.includes(effective)) return { service, template, error: methodNotAllowed(method, route) };
    if (method === "POST" && openUserPaths.test(path)) {
      return { service, template, route: openUserRoute, path };
    }
    return { service, template, route, path, composed: effective === "GET" && detailsPath.test(path) };
  }

  return (method, target) => {
    const [outer = ""] = target.split("?", 1);
    const refused = refusePath(outer);
    if (!refused && !underApi.test(outer)) return undefined;
    const path = outer.slice("/api".length);
    const segment = path.split("/", 2)[1] ?? "";
    const route = outer.startsWith("/api/") ? routes.find((one) => one.segment === segment) : undefined;
    if (!refused && route) return resolveRoute(route, method, path);
    const error = refused ?? new AppError("service.not_found", `there is no service at /api/${segment}`);
    return { service: "none", template: "/api/*", error };
  };
}
