import { isAuthority } from "../model/authority";
import { type HeaderChanges, type HeaderOperations } from "../model/routing";
import { type Field } from "../source/field";

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** `headers` of a route or of a destination. */
export function readHeaderOperations(parent: Field): HeaderOperations | undefined {
  const field = parent.get("headers");
  if (field === undefined) return undefined;
  return {
    request: readChanges(field.get("request"), true),
    response: readChanges(field.get("response"), false),
  };
}

function readChanges(field: Field | undefined, mayRename: boolean): HeaderChanges {
  if (field === undefined) return { set: {}, add: {}, remove: [] };
  const changes = { set: field.textMap("set"), add: field.textMap("add"), remove: field.texts("remove") };
  for (const name of [...Object.keys(changes.set), ...Object.keys(changes.add)])
    checkName(field, name, mayRename && isAuthority(name));
  for (const name of changes.remove) checkName(field, name, false);
  return changes;
}

function checkName(field: Field, name: string, allowed: boolean): void {
  if (allowed) return;
  if (!token.test(name) || isAuthority(name)) field.refuse(`"${name}" is no header that can be changed here`);
}
