import { z } from "zod";

import { environmentFailure } from "../run/failure";
import { type Forwards } from "./forward";
import { isTestContext, type Kubectl, namespaces } from "./kubectl";

const service = z.looseObject({
  spec: z.looseObject({
    ports: z.array(
      z.looseObject({ port: z.number(), name: z.string().optional(), nodePort: z.number().optional() }),
    ),
  }),
  status: z
    .looseObject({
      loadBalancer: z
        .looseObject({
          ingress: z
            .array(z.looseObject({ ip: z.string().optional(), hostname: z.string().optional() }))
            .optional(),
        })
        .optional(),
    })
    .optional(),
});
const serviceName = "istio-ingressgateway";

/** Addresses to try in their order: a load balancer's, then of a kind cluster the node port on loopback. */
export function ingressCandidates(answer: unknown, context: string): string[] {
  const { spec, status } = service.parse(answer);
  const http = spec.ports.find(({ port, name }) => port === 80 || name === "http2" || name === "http");
  const balancers = (status?.loadBalancer?.ingress ?? [])
    .map(({ ip, hostname }) => ip ?? hostname)
    .filter((host) => host !== undefined)
    .map((host) => `http://${host}`);
  const node = isTestContext(context) && http?.nodePort !== undefined;
  return [...balancers, ...(node ? [`http://127.0.0.1:${String(http.nodePort)}`] : [])];
}

/**
 * Where the ingress gateway answers from here; through a forwarded port where nothing else leads to it. Without
 * a Gateway object it listens nowhere, which is a failure.
 */
export async function ingressUrl(kubectl: Kubectl, forwards: Forwards): Promise<string> {
  const answer = await kubectl.json(["get", "service", "-n", namespaces.istio, serviceName, "-o", "json"]);
  for (const url of ingressCandidates(answer, kubectl.context)) if (await answers(url)) return url;
  const resource = `service/${serviceName}`;
  const port = await forwards.open({ namespace: namespaces.istio, resource, port: 80 });
  const url = `http://127.0.0.1:${String(port)}`;
  if (await answers(url)) return url;
  throw environmentFailure(
    "kube.no_way_in",
    "the ingress gateway lets nothing in",
    "install Symphony and its rules with skaffold run",
  );
}

/** Whether something speaks HTTP there, whatever it says. */
async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/health`, { signal: AbortSignal.timeout(3000) }).then(
    () => true,
    () => false,
  );
}
