import { type Reducer } from "./feature";
import { isObject } from "./json";

/** Which endpoints are taken out for a while, and below which share of healthy ones all are used. */
export const reduceOutlierDetection: Reducer = (fields) => {
  const detection = fields.take("outlier_detection");
  const balancing = fields.take("common_lb_config");
  const panic = isObject(balancing) ? balancing : {};
  const { healthy_panic_threshold: threshold, ...others } = panic;
  return {
    ...(isObject(detection) && detection),
    panic_threshold: isObject(threshold) ? (threshold.value ?? 0) : "default",
    ...others,
  };
};
