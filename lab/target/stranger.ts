import { nameLabel } from "./pods";
import { type Stranger } from "./target";

const strangerLabel = "symphony.dev/stranger";

/**
 * The Kubernetes objects of a stranger: a pod with Node that waits for calls to make, its own identity, and,
 * where the network should let it through, policies that open it both ways.
 */
export function strangerObjects({ name, sidecar, network }: Stranger, image: string): object[] {
  const labels = { [nameLabel]: name, [strangerLabel]: name };
  const metadata = { name, labels };
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false };
  return [account, ...(network ? openNetwork(name, labels) : sidecar ? [toIstio(name, labels)] : []), pod()];

  function pod(): object {
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, labels: { ...labels, "sidecar.istio.io/inject": String(sidecar) } },
      spec: {
        serviceAccountName: name,
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 10001,
          runAsGroup: 10001,
          seccompProfile: { type: "RuntimeDefault" },
        },
        containers: [
          {
            name,
            image,
            command: [
              "node",
              "-e",
              "process.on('SIGTERM', () => process.exit()); setInterval(() => {}, 1e6)",
            ],
            resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { memory: "192Mi" } },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ["ALL"] },
            },
          },
        ],
      },
    };
  }
}

function openNetwork(name: string, labels: Record<string, string>): object[] {
  const own = { podSelector: { matchLabels: { [strangerLabel]: name } } };
  return [
    policy({ name, labels }, { ...own, policyTypes: ["Egress"], egress: [{}] }),
    policy(
      { name: `${name}-in`, labels },
      { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ from: [own] }] },
    ),
  ];
}

/** A sidecar that cannot reach istiod or find names would never become ready. */
function toIstio(name: string, labels: Record<string, string>): object {
  const to = (namespace: string): object => ({
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
  });
  return policy(
    { name, labels },
    {
      podSelector: { matchLabels: { [strangerLabel]: name } },
      policyTypes: ["Egress"],
      egress: [
        { to: [to("istio-system")], ports: [{ port: 15012 }] },
        { to: [to("kube-system")], ports: [{ port: 53, protocol: "UDP" }, { port: 53 }] },
      ],
    },
  );
}

const policy = (metadata: object, spec: object): object => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata,
  spec,
});
