create table users (
  id uuid primary key,
  email text not null,
  name text not null,
  password_hash text not null,
  groups text[] not null,
  created_at timestamptz not null default now()
);
-- addresses are stored trimmed and in lower case
create unique index users_email_key on users (email);

-- A key is published from created_at on, signs from activates_at until retires_at, and stays published until
-- the last token it signed has expired. retires_at is empty for the newest key, so there is always one.
create table signing_keys (
  kid text primary key,
  private_jwk jsonb not null,
  public_jwk jsonb not null,
  created_at timestamptz not null default now(),
  activates_at timestamptz not null,
  retires_at timestamptz
);
