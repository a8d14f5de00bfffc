import { type AddressInfo } from "node:net";

import { createTransport } from "nodemailer";

import { type CaughtMail, createMailbox, createMailServer, createReader } from "./mailbox";

test("takes a mail for anybody and shows it", async () => {
  const { mails, keep } = createMailbox();
  const smtp = createMailServer(keep);
  const reader = createReader(mails);
  await Promise.all([
    new Promise<void>((resolve) => void smtp.listen(0, "127.0.0.1", resolve)),
    new Promise<void>((resolve) => void reader.listen(0, "127.0.0.1", resolve)),
  ]);
  try {
    const { port } = smtp.server.address() as AddressInfo;
    await createTransport({ host: "127.0.0.1", port }).sendMail({
      from: "orders@symphony.example",
      to: "ada@example.com",
      subject: "Your order",
      text: "is on its way",
    });
    const base = `http://127.0.0.1:${String((reader.address() as AddressInfo).port)}`;
    const caught = (await (await fetch(`${base}/mails`)).json()) as CaughtMail[];
    expect(caught).toEqual([
      {
        to: ["ada@example.com"],
        subject: "Your order",
        receivedAt: expect.any(String) as string,
        source: expect.stringContaining("is on its way") as string,
      },
    ]);
    expect((await fetch(`${base}/livez`)).status).toBe(200);
    expect((await fetch(`${base}/other`)).status).toBe(404);
  } finally {
    reader.closeAllConnections();
    await Promise.all([
      new Promise<void>((resolve) => void smtp.close(() => resolve())),
      new Promise((resolve) => void reader.close(resolve)),
    ]);
  }
});

test("keeps the latest 1,000", () => {
  const { mails, keep } = createMailbox();
  for (let number = 1; number <= 1_001; number += 1)
    keep({ to: [], subject: String(number), receivedAt: "", source: "" });
  expect(mails).toHaveLength(1_000);
  expect(mails[0]?.subject).toBe("2");
});
