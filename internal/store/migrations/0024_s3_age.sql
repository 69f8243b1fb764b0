-- The order in which lifecycle rules meet what has come of age.
create index s3_object_age on s3_object (bucket, modified);

create index s3_version_age on s3_version (bucket, retired, key, seq);

-- Configurations that every read and write of an object asks for, as JSON.
alter table s3_bucket add column hot text not null default '{}';
