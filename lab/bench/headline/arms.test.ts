import { existsSync } from "node:fs";
import { join } from "node:path";

import { commonEnv } from "../../../lib/config";
import { serviceNames } from "../../../lib/events";
import { projectRoot } from "../../../lib/paths";
import { service as gateway } from "../../../services/gateway/service";
import { service as order } from "../../../services/order/service";
import { service as user } from "../../../services/user/service";
import { armNames, arms } from "./arms";

const known: Record<string, object> = { gateway: gateway.env, order: order.env, user: user.env };

test.each(armNames)("%s sets only variables that its services read", (arm) => {
  for (const [service, variables] of Object.entries(arms[arm].overrides))
    for (const name of Object.keys(variables ?? {}))
      expect([...Object.keys(commonEnv), ...Object.keys(known[service] ?? {})]).toContain(name);
});

test.each(armNames)("the rules of %s are there", (arm) => {
  for (const folder of arms[arm].rules) expect(existsSync(join(projectRoot, folder))).toBe(true);
});

test("in the chaos arm nobody publishes or consumes, in the other everybody does", () => {
  for (const service of serviceNames) {
    expect(arms.chaos.overrides[service]?.SYNCHRONOUS_CHAIN).toBe("true");
    expect(arms.symphony.overrides[service]?.SYNCHRONOUS_CHAIN).toBeUndefined();
  }
});

test("what concerns neither pattern nor protection is the same in both", () => {
  const { chaos, symphony } = arms;
  expect(chaos.overrides.gateway).toMatchObject({ ...symphony.overrides.gateway });
  expect(chaos.overrides.user).toMatchObject({ ...symphony.overrides.user });
});
