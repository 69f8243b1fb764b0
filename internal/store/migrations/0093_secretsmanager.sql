-- Secrets Manager (package svc/secretsmanager). Secrets are resources; their
-- versions and the staging labels of these are here.

create table secretsmanager_version (
  secret   text {{c}} not null, -- ARN
  id       text {{c}} not null,
  created  bigint     not null,
  accessed bigint     not null, -- the day of the last read; 0 for never
  kms_key  text       not null, -- as the secret names it; empty is aws/secretsmanager
  kind     text       not null, -- string or binary
  wrapped  {{bytes}}  not null, -- data key, encrypted by KMS
  sealed   {{bytes}}  not null, -- the value, encrypted under the data key
  primary key (secret, id)
);

create table secretsmanager_label (
  secret  text {{c}} not null,
  label   text {{c}} not null,
  version text {{c}} not null,
  primary key (secret, label)
);

-- The order in which versions are listed and removed.
create index secretsmanager_version_created on secretsmanager_version (secret, created, id);
