import { started } from "./global-setup";

/** Stops the Postgres of `global-setup` and removes its folder. */
export default async function tearDown(): Promise<void> {
  await started.stop?.();
}
