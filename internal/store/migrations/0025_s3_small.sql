-- The bytes of small objects, by the data column of the object's row. Names
-- begin with the time of the upload, so that new ones are added at the end.
create table s3_small (
  data  text {{c}} not null primary key,
  bytes {{bytes}} not null
);
