import { defineService } from "../../lib/service";
import { createRoutes } from "./app";
import { chainRoute } from "./chain";
import { envShape } from "./config";
import { subscriptions } from "./events";
import { startSender } from "./sender";
import { createSmtpTransport } from "./transport";

/** Mails the customer how an order ended, and keeps what it sent. */
export const service = defineService({
  name: "notification",
  env: envShape,
  folder: __dirname,
  build: ({ config, db, log, metrics }) => {
    const transport = createSmtpTransport({ url: config.SMTP_URL, from: config.MAIL_FROM });
    return {
      routes: [...createRoutes({ db }), ...(config.SYNCHRONOUS_CHAIN ? [chainRoute({ db })] : [])],
      subscriptions,
      workers: [startSender({ db, transport, log, metrics })],
    };
  },
});
