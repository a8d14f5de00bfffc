import { type HeaderOperations } from "./routing";

/** Whether a header is the name of the host, which is changed in another way than headers are. */
export const isAuthority = (name: string): boolean => /^(:authority|host)$/i.test(name);

/** The authority that header operations set; `set` wins over `add`. */
export function authorityOf(operations: HeaderOperations | undefined): string | undefined {
  if (operations === undefined) return undefined;
  const of = (headers: Record<string, string>): string | undefined =>
    Object.entries(headers).find(([name]) => isAuthority(name))?.[1];
  return of(operations.request.set) ?? of(operations.request.add);
}
