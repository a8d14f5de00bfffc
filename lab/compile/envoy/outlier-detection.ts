import { type Upstream } from "../model/proxy";
import { type OutlierDetection } from "../model/traffic";
import { type Json } from "../types";
import { compact } from "./json";

/** A count of zero switches its detector off. */
const enforcing = (count: number | undefined): number | undefined =>
  count === undefined ? undefined : count > 0 ? 100 : 0;

/** Which endpoints are taken out for a while. Detection by success rate is always off, as in Istio. */
export function toOutlierDetection(detection: OutlierDetection): Json {
  const local = detection.localOrigin;
  const failures = local?.consecutive === 0 ? undefined : local?.consecutive;
  return compact({
    consecutive_5xx: detection.consecutive5xx,
    enforcing_consecutive_5xx: enforcing(detection.consecutive5xx),
    consecutive_gateway_failure: detection.consecutiveGatewayErrors,
    enforcing_consecutive_gateway_failure: enforcing(detection.consecutiveGatewayErrors),
    interval: detection.interval,
    base_ejection_time: detection.baseEjectionTime,
    max_ejection_percent: detection.maxEjectionPercent,
    enforcing_success_rate: 0,
    split_external_local_origin_errors: local && true,
    consecutive_local_origin_failure: failures,
    enforcing_consecutive_local_origin_failure: enforcing(failures),
    enforcing_local_origin_success_rate: local && 0,
  });
}

/** Below which share of healthy endpoints all are used. Istio switches this panic off, unless a rule says otherwise. */
export function toHealthyPanicThreshold({ traffic }: Upstream): Json {
  const percent = traffic.outlierDetection?.minHealthPercent ?? 0;
  return percent === 0 ? {} : { value: percent };
}
