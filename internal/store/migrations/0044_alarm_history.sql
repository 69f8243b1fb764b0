-- What happened to CloudWatch alarms, kept for 30 days, longer than the alarm
-- itself.
create table alarm_history (
  account text   {{c}} not null,
  region  text   {{c}} not null,
  time    bigint not null,
  id      text   {{c}} not null,
  name    text   {{c}} not null,
  kind    text   not null, -- of the alarm
  item    text   not null, -- ConfigurationUpdate, StateUpdate or Action
  summary text   not null,
  data    text   not null,
  primary key (account, region, time, id)
);

create index alarm_history_of on alarm_history (account, region, name, time, id);
create index alarm_history_age on alarm_history (time);
