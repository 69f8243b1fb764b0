-- Which transaction appended a row, so that a reader finds what it has not seen
-- yet (package series, Since). Transactions commit in another order than they
-- begin: a reader asks its snapshot, not for what is higher.
alter table metric_head add column tx xid8 not null default pg_current_xact_id();

create index metric_head_tx on metric_head (tx);
