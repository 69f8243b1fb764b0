-- Who the unique ids of users and roles belong to: policies that name a
-- principal keep its id, which its name may come to mean somebody else.
create table iam_entity (
  id      text {{c}} not null primary key,
  account text {{c}} not null,
  kind    text {{c}} not null,
  name    text {{c}} not null
);

-- The users in a group, both by their keys.
create table iam_member (
  account    text {{c}} not null,
  group_name text {{c}} not null,
  user_name  text {{c}} not null,
  primary key (account, group_name, user_name)
);

-- When an account's identities last changed: for servers that missed the
-- notice of it.
create table iam_epoch (
  account text   {{c}} not null primary key,
  changed bigint not null
);

-- When access keys and roles were last used, and where.
create table iam_last_used (
  id      text   {{c}} not null primary key,
  at      bigint not null,
  service text   not null,
  region  text   not null
);
