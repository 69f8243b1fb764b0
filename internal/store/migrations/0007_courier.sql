-- Messages that wait for one another (package courier), the first of each line
-- included. place counts up from 1 in a line.
create table courier_line (
  class text   {{c}} not null,
  line  text   {{c}} not null,
  place bigint not null,
  id    text   {{c}} not null,
  due   bigint not null,
  body  {{bytes}} not null,
  primary key (class, line, place),
  unique (class, id)
);
