import { createMailbox, createMailServer, createReader } from "./mailbox";

const smtpPort = 1025;
const httpPort = 8025;

const { mails, keep } = createMailbox();
const smtp = createMailServer(keep);
const reader = createReader(mails);
smtp.listen(smtpPort, "0.0.0.0");
reader.listen(httpPort, "0.0.0.0");

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    reader.close();
    smtp.close(() => process.exit(0));
  });
}
