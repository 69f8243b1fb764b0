-- S3 versioning. s3_object stays the current object of each key, so that a
-- listing of objects never meets what is not to be seen: every other version
-- and every delete marker lies in s3_version.
alter table s3_bucket add column versioning text not null default ''; -- '', Enabled or Suspended

alter table s3_object add column version text {{c}} not null default 'null';
alter table s3_object add column seq bigint not null default 0; -- orders the versions of a key

update s3_object set seq = modified;

create table s3_version (
  bucket        text {{c}} not null,
  key           text {{c}} not null,
  seq           bigint     not null,
  version       text {{c}} not null,
  marker        bigint     not null, -- 1 for a delete marker
  retired       bigint     not null, -- since when it is not current; 0 for the marker that is
  size          bigint     not null,
  etag          text       not null,
  modified      bigint     not null,
  class         text       not null,
  sum_algorithm text       not null,
  sum_type      text       not null,
  sum_value     text       not null,
  data          text {{c}} not null,
  parts         bigint     not null,
  doc           text       not null
);

-- The order of a listing: by key, the newest first.
create unique index s3_version_order on s3_version (bucket, key, seq desc);

create unique index s3_version_null on s3_version (bucket, key) where version = 'null';

create index s3_version_data on s3_version (data) where data <> '';
