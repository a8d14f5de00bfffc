import { type Reducer } from "./feature";

/** How many connections, requests and retries a cluster may have at once. */
export const reduceCircuitBreakers: Reducer = (fields) => fields.take("circuit_breakers");
