import { type Json } from "../../compile/types";
import { type Fields } from "./json";

/** What one feature means for a resource, by the feature's name; undefined where it is not used. */
export type Features = Record<string, Json | undefined>;

/** Takes from a resource the fields in which a feature is written, and says what they mean. */
export type Reducer = (fields: Fields) => Json | undefined;
