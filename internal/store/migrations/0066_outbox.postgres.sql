-- Mails that services have written (package outbox). Nothing sends them.
create table outbox (
  id        bigint generated always as identity primary key,
  created   bigint not null,
  sender    text   not null,
  recipient text   not null,
  subject   text   not null,
  body      text   not null
);
