-- KMS (package svc/kms). Keys are resources; what points to them is here.

create table kms_alias (
  account text {{c}} not null,
  region  text {{c}} not null,
  name    text {{c}} not null, -- "alias/..."
  key_id  text {{c}} not null,
  created bigint     not null,
  updated bigint     not null,
  primary key (account, region, name)
);

create index kms_alias_key on kms_alias (account, region, key_id, name);

-- account and region are those of the key.
create table kms_grant (
  account  text {{c}} not null,
  region   text {{c}} not null,
  key_id   text {{c}} not null,
  id       text {{c}} not null,
  grantee  text {{c}} not null, -- principal that may use the key
  retiring text {{c}} not null, -- principal that may retire the grant; empty for none
  doc      text       not null, -- JSON
  primary key (account, region, key_id, id)
);

create index kms_grant_grantee on kms_grant (account, region, key_id, grantee);
create index kms_grant_retiring on kms_grant (retiring, account, region, key_id, id) where retiring <> '';
