import { type Percent } from "../model/common";
import { type JsonObject } from "./json";

/** A share as exact as Istio keeps it: four digits after the point of a percentage. */
export const toMillionths = (percent: Percent): JsonObject => ({
  numerator: Math.floor(percent * 10_000),
  denominator: "MILLION",
});
