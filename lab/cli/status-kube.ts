import { exitCodes } from "../run/failure";
import { type KubeStatus, readKubeStatus } from "../target/kube-status";
import { openKubectl } from "../target/kubectl";
import { note, painter, print, printJson, table } from "./terminal";
import { formatAge, formatBytes } from "./values";

/** `status` of the cluster's Symphony. */
export async function showKubeStatus(options: { json?: boolean }): Promise<void> {
  const report = await readKubeStatus(await openKubectl());
  if (options.json === true) printJson(report);
  else show(report);
  if (!report.ready) process.exitCode = exitCodes.failed;
}

function show(report: KubeStatus): void {
  const paint = painter(process.stdout);
  const header = ["pod", "status", "for", "restarts", "memory", "requested"];
  const rows = report.pods.map((pod) => [
    pod.name,
    paint(pod.ready ? "green" : "red", pod.status),
    formatAge(pod.ageMs),
    String(pod.restarts),
    pod.memoryBytes === undefined ? "-" : formatBytes(pod.memoryBytes),
    formatBytes(pod.memoryRequestBytes),
  ]);
  print(
    table(
      header.map((title) => paint("bold", title)),
      rows,
    ),
  );
  const rules = Object.entries(report.rules).map(([kind, count]) => `${String(count)} ${kind}`);
  print(`rules    ${rules.length === 0 ? "none" : rules.join(", ")}`);
  const faults = report.faults.map(({ name, since }) => `${name} since ${since}`);
  print(`faults   ${faults.length === 0 ? "none" : paint("red", faults.join(", "))}`);
  if (report.missing.length > 0) note(`without any pod: ${report.missing.join(", ")}`);
  const way = report.url === undefined ? "and the ingress gateway lets nothing in" : `at ${report.url}`;
  const used = report.memoryBytes === undefined ? "" : `${formatBytes(report.memoryBytes)} of `;
  note(
    `${report.ready ? "everything is ready" : "not everything is ready"} ${way} (context ${report.context}), ${used}${formatBytes(report.memoryRequestBytes)} requested`,
  );
}
