-- Resources: every AWS object that is listed by key or by tag alone.
create table resource (
  kind    text   not null,
  account text   not null,
  region  text   not null,
  id      text   not null,
  version bigint not null,
  created bigint not null,
  updated bigint not null,
  doc     text   not null,
  primary key (kind, account, region, id)
);

create table resource_tag (
  kind      text not null,
  account   text not null,
  region    text not null,
  id        text not null,
  tag_key   text not null,
  tag_value text not null,
  primary key (kind, account, region, id, tag_key)
) without rowid;

-- "Which resources wear this tag?", for one kind or for all of them.
create index resource_tag_value on resource_tag (account, region, tag_key, tag_value, kind, id);
