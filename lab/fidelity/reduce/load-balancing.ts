import { type Reducer } from "./feature";

/** Which endpoint gets a request. */
export const reduceLoadBalancing: Reducer = (fields) => ({
  lb_policy: fields.take("lb_policy") ?? "ROUND_ROBIN",
  ...fields.takeAll(
    "round_robin_lb_config",
    "least_request_lb_config",
    "ring_hash_lb_config",
    "maglev_lb_config",
  ),
});
