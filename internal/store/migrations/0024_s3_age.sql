-- The order in which lifecycle rules meet what has come of age.
create index s3_object_age on s3_object (bucket, modified);

create index s3_version_age on s3_version (bucket, retired, key, seq);
