-- Configurations of S3 buckets (package svc/s3), one row for each that was put.
create table s3_bucket_config (
  bucket text {{c}} not null,
  kind   text {{c}} not null, -- "policy", "cors", ...
  doc    text       not null, -- JSON; a policy as it was put
  primary key (bucket, kind)
);
