-- The instance profiles that hand out a role, both by their keys.
create table iam_profile_role (
  account      text {{c}} not null,
  role_name    text {{c}} not null,
  profile_name text {{c}} not null,
  primary key (account, role_name, profile_name)
);
