import { type Duration, type Identity, type Labels } from "./common";

export type MutualTlsMode = "STRICT" | "PERMISSIVE" | "DISABLE";

export type PeerAuthentication = Identity & {
  selector: Labels | undefined;
  mode: MutualTlsMode | undefined;
  ports: Map<number, MutualTlsMode | undefined>;
};

export type AuthorizationPolicy = Identity & {
  selector: Labels | undefined;
  action: "ALLOW" | "DENY";
  dryRun: boolean;
  rules: AuthorizationRule[];
};

/** A rule matches where one of `from`, one of `to` and all of `when` do. An empty list matches all. */
export type AuthorizationRule = { from: Condition[][]; to: Condition[][]; when: Condition[] };

/** One of `values` (if there are any) and none of `notValues`. */
export type Condition = { attribute: Attribute; values: string[]; notValues: string[] };

/** What a condition is about. Named as the key of `when` is; those with `name` end in `[name]`. */
export type Attribute =
  | { kind: "source.principal" | "source.namespace" | "source.ip" | "remote.ip" | "source.trustDomain" }
  | { kind: "source.serviceAccount"; namespace: string }
  | { kind: "request.auth.principal" | "request.auth.audiences" | "request.auth.presenter" }
  | { kind: "request.headers"; name: string }
  | { kind: "request.auth.claims"; path: string[] }
  | { kind: "destination.port" | "destination.ip" | "connection.sni" }
  | { kind: "host" | "method" | "path" };

export type RequestAuthentication = Identity & { selector: Labels | undefined; rules: JwtRule[] };

export type JwtRule = {
  issuer: string;
  audiences: string[];
  keys: { uri: string; host: string; port: number } | { inline: string };
  forwardOriginalToken: boolean;
  payloadToHeader: string | undefined;
  claimsToHeaders: { header: string; claim: string }[];
  fromHeaders: { name: string; prefix: string | undefined }[];
  fromParams: string[];
  fromCookies: string[];
  timeout: Duration;
};
