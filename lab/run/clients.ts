import { connect, type NatsConnection } from "nats";
import pg from "pg";

/** Connects to a database for `work`. */
export async function withDatabase<T>(
  config: string | pg.ClientConfig,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Connects to a broker, as the user that its URL names, for `work`. */
export async function withBroker<T>(
  natsUrl: string,
  work: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const { username, password, host } = new URL(natsUrl);
  const connection = await connect({
    servers: host,
    ...(username === "" ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
  });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
