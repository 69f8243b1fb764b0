-- S3 (package svc/s3). Names of buckets are global. Keys sort by their bytes.
create table s3_bucket (
  name    text {{c}} not null primary key,
  account text {{c}} not null,
  region  text {{c}} not null,
  created bigint     not null,
  tags    text       not null -- JSON object
);

create index s3_bucket_owner on s3_bucket (account, name);

-- The current object of each key. data names its bytes: the blob itself, or,
-- when parts is above 0, the upload whose s3_part rows name the blobs.
create table s3_object (
  bucket        text {{c}} not null,
  key           text {{c}} not null,
  size          bigint     not null, -- bytes
  etag          text       not null, -- without quotes
  modified      bigint     not null,
  class         text       not null,
  sum_algorithm text       not null,
  sum_type      text       not null,
  sum_value     text       not null, -- base64, with "-N" when it covers the parts' sums
  data          text {{c}} not null,
  parts         bigint     not null,
  doc           text       not null, -- JSON: headers, metadata, tags
  primary key (bucket, key)
);

-- "Does anybody still need this blob?" Names begin with the time, so the index
-- grows at its end.
create index s3_object_data on s3_object (data);

-- Multipart uploads in progress. Their parts outlive them when they complete.
create table s3_upload (
  id            text {{c}} not null primary key,
  bucket        text {{c}} not null,
  key           text {{c}} not null,
  initiator     text       not null,
  initiated     bigint     not null,
  class         text       not null,
  sum_algorithm text       not null, -- empty: the caller named none
  sum_type      text       not null,
  doc           text       not null
);

create index s3_upload_list on s3_upload (bucket, key, id);

create table s3_part (
  upload    text {{c}} not null,
  number    bigint     not null,
  data      text {{c}} not null, -- the blob
  size      bigint     not null,
  etag      text       not null,
  modified  bigint     not null,
  start     bigint     not null, -- offset in the object, once there is one
  sum_value text       not null, -- by the upload's algorithm, base64
  primary key (upload, number)
);

create index s3_part_data on s3_part (data);

-- Blobs that no row names any more, to be deleted when due.
create table s3_garbage (
  data text {{c}} not null primary key,
  due  bigint     not null
);

create index s3_garbage_due on s3_garbage (due);

-- How far the search for blobs that never got a row has come: an hour in the
-- form of blob names.
create table s3_sweep (
  name text {{c}} not null primary key,
  hour text {{c}} not null
);
