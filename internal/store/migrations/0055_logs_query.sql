-- The results of Logs Insights queries (package svc/logs); the queries
-- themselves are resources.
create table logs_query_result (
  account text   {{c}} not null,
  region  text   {{c}} not null,
  id      text   {{c}} not null,
  rows    {{bytes}} not null, -- JSON: a list of lists of name and value
  primary key (account, region, id)
);
