-- SNS (package svc/sns). Topics are resources; what grows with time is here.

-- Subscriptions, those that wait for their confirmation and those that were
-- deleted and can still be restored included.
create table sns_subscription (
  topic   text {{c}} not null, -- ARN
  id      text {{c}} not null, -- the last part of the subscription's ARN
  owner   text {{c}} not null, -- account
  region  text {{c}} not null,
  target  text {{c}} not null, -- digest of protocol and endpoint
  state   text {{c}} not null, -- pending, confirmed or deleted
  token   text {{c}} not null, -- confirms it; empty when nothing is to be confirmed
  expires bigint     not null, -- when a pending or deleted one is forgotten
  doc     text       not null, -- JSON
  primary key (topic, id)
);

create unique index sns_subscription_target on sns_subscription (topic, target) where state <> 'deleted';
create index sns_subscription_owner on sns_subscription (owner, region, topic, id);
create index sns_subscription_token on sns_subscription (token) where token <> '';

-- Messages on their way to HTTP endpoints.
create table sns_delivery (
  id           text {{c}} not null primary key,
  topic        text {{c}} not null,
  subscription text {{c}} not null,
  doc          text       not null -- JSON: what is sent, and the policy for it
);

-- When a subscription with a throttle may receive again.
create table sns_throttle (
  topic        text {{c}} not null,
  subscription text {{c}} not null,
  next         bigint     not null,
  primary key (topic, subscription)
);

-- The last sequence number of each FIFO topic.
create table sns_sequence (
  topic text {{c}} not null primary key,
  last  bigint     not null
);

-- What FIFO topics have seen in the last five minutes.
create table sns_dedup (
  topic    text {{c}} not null,
  id       text {{c}} not null, -- deduplication id, within the group or the topic
  message  text       not null,
  sequence bigint     not null,
  expires  bigint     not null,
  primary key (topic, id)
);

create index sns_dedup_expires on sns_dedup (expires);
