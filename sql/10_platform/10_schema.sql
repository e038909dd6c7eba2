create extension if not exists btree_gist with schema extensions;
create extension if not exists pgcrypto with schema extensions;

create schema private;

-- Callers reach the schema for the functions granted to them; no API exposes it.
revoke all on schema private from public, anon, authenticated, service_role;
grant usage on schema private to authenticated, service_role;

-- A function is closed until its file grants it, wherever it is created.
alter default privileges for role postgres revoke execute on functions from public;

comment on schema private is
  'Helpers, security definers and tables that no API client reaches directly.';
