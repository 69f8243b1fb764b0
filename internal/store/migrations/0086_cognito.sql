-- Cognito identity pools (package svc/cognitoidentity). Pools are found by their
-- id alone: who asks for guests' credentials has no account.

create table cognito_pool (
  id      text {{c}} not null primary key, -- REGION:UUID
  account text {{c}} not null,
  region  text {{c}} not null,
  doc     text       not null -- JSON
);

create index cognito_pool_owner on cognito_pool (account, region, id);

create table cognito_identity (
  id       text {{c}} not null primary key, -- REGION:UUID
  pool     text {{c}} not null,
  created  bigint     not null,
  modified bigint     not null,
  disabled bigint     not null -- 1 when it was merged into another one or has lost its last login
);

create index cognito_identity_pool on cognito_identity (pool, id);

-- Whom providers know as whom.
create table cognito_login (
  pool     text {{c}} not null,
  provider text {{c}} not null,
  subject  text {{c}} not null, -- user in the eyes of the provider
  identity text {{c}} not null,
  primary key (pool, provider, subject)
);

create index cognito_login_identity on cognito_login (identity, provider, subject);
