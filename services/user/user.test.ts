import { credentialsSchema, mayAccess, registrationSchema, userChangeSchema } from "./user";

const valid = { email: "ada@example.com", password: "long enough", name: "Ada" };

test.each([
  ["as it is", valid, undefined],
  ["address in capitals and blanks", { ...valid, email: "  Ada@Example.COM " }, undefined],
  ["no address", { ...valid, email: undefined }, "email"],
  ["not an address", { ...valid, email: "ada" }, "email"],
  ["short password", { ...valid, password: "1234567" }, "password"],
  ["endless password", { ...valid, password: "x".repeat(201) }, "password"],
  ["blank name", { ...valid, name: "  " }, "name"],
  ["groups of one's own choice", { ...valid, groups: ["admin-group"] }, ""],
])("registration: %s", (_name, body, wrongField) => {
  const result = registrationSchema.safeParse(body);
  if (wrongField === undefined) expect(result.data).toEqual(valid);
  else expect(result.error?.issues[0]?.path.join(".")).toBe(wrongField);
});

test.each([
  ["one field", { name: "Ada L." }, true],
  ["nothing", {}, false],
  ["an unknown field", { name: "Ada", id: "x" }, false],
  ["a short password", { password: "short" }, false],
])("change: %s", (_name, body, accepted) => {
  expect(userChangeSchema.safeParse(body).success).toBe(accepted);
});

test("a login does not tell that a password is too short to be right", () => {
  expect(credentialsSchema.safeParse({ email: valid.email, password: "x" }).success).toBe(true);
});

test.each([
  ["the owner", { userId: "a", isAdmin: false }, true],
  ["another user", { userId: "b", isAdmin: false }, false],
  ["an administrator", { userId: "b", isAdmin: true }, true],
])("mayAccess: %s", (_name, reader, expected) => {
  expect(mayAccess(reader, "a")).toBe(expected);
});
