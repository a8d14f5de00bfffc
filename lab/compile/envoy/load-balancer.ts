import { type LoadBalancer } from "../model/traffic";
import { type Json } from "../types";

/** Which endpoint gets a request. Istio's default is the one with fewer requests of two; round robin is Envoy's. */
export function toLoadBalancer(settings: LoadBalancer | undefined): Record<string, Json> {
  const { policy, warmup, size } = settings ?? {
    policy: "LEAST_REQUEST" as const,
    warmup: undefined,
    size: undefined,
  };
  switch (policy) {
    case "ROUND_ROBIN":
      return warmup === undefined
        ? {}
        : { round_robin_lb_config: { slow_start_config: toSlowStart(warmup) } };
    case "LEAST_REQUEST":
      return {
        lb_policy: policy,
        ...(warmup !== undefined && { least_request_lb_config: { slow_start_config: toSlowStart(warmup) } }),
      };
    case "RANDOM":
      return { lb_policy: policy };
    case "RING_HASH":
      return {
        lb_policy: policy,
        ...(size !== undefined && { ring_hash_lb_config: { minimum_ring_size: size } }),
      };
    case "MAGLEV":
      return { lb_policy: policy, ...(size !== undefined && { maglev_lb_config: { table_size: size } }) };
  }
}

function toSlowStart({ duration, aggression, minimumPercent }: NonNullable<LoadBalancer["warmup"]>): Json {
  return {
    slow_start_window: duration,
    // Envoy wants a key; nobody sets one of this name at run time.
    aggression: { default_value: aggression, runtime_key: "(" },
    min_weight_percent: { value: minimumPercent },
  };
}
