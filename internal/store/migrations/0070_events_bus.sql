-- The version of the rules of an event bus: a random number that is new with
-- every change of a rule or its targets. Whoever changes them locks the row.
create table events_bus (
  account text   {{c}} not null,
  region  text   {{c}} not null,
  name    text   {{c}} not null,
  version bigint not null,
  primary key (account, region, name)
);
