import { env } from "../../lib/config";

/** What notification needs beside the common environment. */
export const envShape = {
  SMTP_URL: env.url().describe("the mail server: smtp[s]://[user:password@]host:port"),
  MAIL_FROM: env.text().describe("the sender of every mail: an address, or Name <address>"),
};
