import { listenHttp } from "../../lib/http-listen";
import { createForwarder } from "./forward";
import { createSink } from "./sink";

// The traces themselves; the process takes about 50 MB more.
const megabytes = 32;

async function main(): Promise<void> {
  const { PORT = "0", SYMPHONY_FORWARD_URL: url = "", SYMPHONY_FORWARD_HEADERS = "{}" } = process.env;
  const headers = JSON.parse(SYMPHONY_FORWARD_HEADERS) as Record<string, string>;
  const sink = createSink({
    limitBytes: megabytes * 1024 * 1024,
    connect: url === "" ? undefined : (drop) => createForwarder(url, headers, drop),
  });
  const server = await listenHttp(sink, { host: "127.0.0.1", port: Number(PORT) });
  const stop = (): void => {
    void server.close(500).then(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
