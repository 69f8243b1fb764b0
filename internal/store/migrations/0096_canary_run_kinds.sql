-- One tick may have several runs: one for each browser, and those that repeat a
-- failed one. Dry runs belong to no tick.
alter table canary_run add column browser text not null default '';
alter table canary_run add column attempt integer not null default 0;
alter table canary_run add column dry_run text not null default '';

drop index canary_run_tick;
create unique index canary_run_tick on canary_run (canary_id, start_no, scheduled, browser, attempt, dry_run);
create index canary_run_dry on canary_run (canary_id, scheduled, id) where dry_run <> '';
create index canary_run_open on canary_run (canary_id) where state = 'RUNNING';
create index canary_run_old on canary_run (canary_id, state, scheduled);
