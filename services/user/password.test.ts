import { AppError } from "../../lib/errors";
import { hashPassword, needsRehash, unmatchableHash, verifyPassword } from "./password";

describe("password", () => {
  test("a hash is a PHC string with its own salt and cost, and matches its password only", async () => {
    const [first, second] = await Promise.all([hashPassword("correct horse"), hashPassword("correct horse")]);
    expect(first).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(first).not.toBe(second);
    await expect(verifyPassword("correct horse", first)).resolves.toBe(true);
    await expect(verifyPassword("Correct horse", first)).resolves.toBe(false);
  });

  test("the same characters in another Unicode form match", async () => {
    await expect(verifyPassword("pa\u0308ssword", await hashPassword("p\u00e4ssword"))).resolves.toBe(true);
  });

  test("the hash for unknown addresses costs as much as a real one and matches nothing", async () => {
    const cost = (hash: string): string | undefined => hash.split("$")[2];
    expect(cost(unmatchableHash)).toBe(cost(await hashPassword("any password")));
    await expect(verifyPassword("", unmatchableHash)).resolves.toBe(false);
  });

  test.each([
    ["today's cost", "$scrypt$ln=15,r=8,p=1$c2FsdA$aGFzaA", false],
    ["a lower cost", "$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA", true],
    ["another block size", "$scrypt$ln=15,r=4,p=1$c2FsdA$aGFzaA", true],
  ])("needsRehash: %s", (_name, stored, expected) => {
    expect(needsRehash(stored)).toBe(expected);
  });

  test("what is no hash is an error, never a match", async () => {
    await expect(verifyPassword("x", "plain text")).rejects.toThrow("not a scrypt PHC string");
  });

  test("beyond the bound of waiting hashes a request is refused with Retry-After", async () => {
    const cheap = "$scrypt$ln=1,r=1,p=1$c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
    const results = await Promise.allSettled(Array.from({ length: 70 }, () => verifyPassword("x", cheap)));
    const refused = results.filter((result) => result.status === "rejected");
    expect(refused).toHaveLength(70 - 2 - 64);
    for (const { reason } of refused) {
      expect(reason).toBeInstanceOf(AppError);
      expect(reason).toMatchObject({ code: "rate.limited", headers: { "Retry-After": "2" } });
    }
    await expect(verifyPassword("x", cheap)).resolves.toBe(false);
  });
});
