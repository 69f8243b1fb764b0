-- Resources: every AWS object that is listed by key or by tag alone. The
-- document is text, not jsonb: nothing queries inside it, and jsonb refuses
-- documents that hold an escaped NUL. The fill factor leaves room for updates
-- that touch no index.
create table resource (
  kind    text collate "C" not null,
  account text collate "C" not null,
  region  text collate "C" not null,
  id      text collate "C" not null,
  version bigint not null,
  created bigint not null,
  updated bigint not null,
  doc     text   not null,
  primary key (kind, account, region, id)
) with (fillfactor = 80);

create table resource_tag (
  kind      text collate "C" not null,
  account   text collate "C" not null,
  region    text collate "C" not null,
  id        text collate "C" not null,
  tag_key   text collate "C" not null,
  tag_value text collate "C" not null,
  primary key (kind, account, region, id, tag_key)
);

-- "Which resources wear this tag?", for one kind or for all of them.
create index resource_tag_value on resource_tag (account, region, tag_key, tag_value, kind, id);
