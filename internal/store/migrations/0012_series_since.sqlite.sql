-- What was appended since a reader looked is found by rowid (package series,
-- Since): there is one writer, so that rows are committed in their order.
select 1;
