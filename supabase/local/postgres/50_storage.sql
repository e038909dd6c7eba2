-- Storage as on a hosted project: the tables, helpers and grants that policies and migrations
-- build on. The S3, Iceberg and vector tables are left out, as the local service lacks them.
create schema storage authorization supabase_admin;

grant usage on schema storage
to postgres, anon, authenticated, service_role, supabase_storage_admin, dashboard_user;

alter default privileges in schema storage
grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges in schema storage
grant all on functions to postgres, anon, authenticated, service_role;

create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');

create table storage.buckets (
  id text not null primary key,
  name text not null,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  public boolean default false,
  avif_autodetection boolean default false,
  file_size_limit bigint,
  allowed_mime_types text[],
  owner_id text,
  type storage.buckettype not null default 'STANDARD'
);

create unique index bname on storage.buckets (name);

comment on column storage.buckets.owner is 'Field is deprecated, use owner_id instead';

create table storage.objects (
  id uuid not null default gen_random_uuid() primary key,
  bucket_id text,
  name text,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  last_accessed_at timestamptz default now(),
  metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored,
  version text,
  owner_id text,
  user_metadata jsonb,
  constraint "objects_bucketId_fkey" foreign key (bucket_id) references storage.buckets (id)
);

create unique index bucketid_objname on storage.objects (bucket_id, name);
create index idx_objects_bucket_id_name on storage.objects (bucket_id, name collate "C");
create index idx_objects_bucket_id_name_lower
on storage.objects (bucket_id, lower(name) collate "C");
create index name_prefix_search on storage.objects (name text_pattern_ops);

comment on column storage.objects.owner is 'Field is deprecated, use owner_id instead';

alter table storage.buckets owner to supabase_storage_admin;
alter table storage.objects owner to supabase_storage_admin;
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;

grant all on storage.buckets, storage.objects to postgres with grant option;

-- Helpers for policies.

create function storage.foldername(name text) returns text[]
language sql immutable
return (string_to_array(name, '/'))[1:cardinality(string_to_array(name, '/')) - 1];

create function storage.filename(name text) returns text
language sql immutable
return split_part(name, '/', -1);

create function storage.extension(name text) returns text
language sql immutable
return split_part(storage.filename(name), '.', -1);

create function storage.operation() returns text
language sql stable
return current_setting('storage.operation', true);

create function storage.allow_any_operation(expected_operations text[]) returns boolean
language sql stable
return coalesce(
  (
    select bool_or(regexp_replace(expected, '^storage\.', '')
      = regexp_replace(storage.operation(), '^storage\.', ''))
    from unnest(expected_operations) as expected
    where expected <> ''
  ),
  false
);

create function storage.allow_only_operation(expected_operation text) returns boolean
language sql stable
return storage.allow_any_operation(array[expected_operation]);

-- One folder of a bucket: files, and folders with a null id. By name they are mixed; by time the
-- folders come first. Matching ignores case.
create function storage.search(
  prefix text,
  bucketname text,
  limits integer default 100,
  levels integer default 1,
  offsets integer default 0,
  search text default '',
  sortcolumn text default 'name',
  sortorder text default 'asc'
) returns table (
  name text,
  id uuid,
  updated_at timestamptz,
  created_at timestamptz,
  last_accessed_at timestamptz,
  metadata jsonb
)
language sql stable
begin atomic
  with matches as (
    select
      o.*,
      o.path_tokens[search.levels] as entry,
      cardinality(o.path_tokens) > search.levels as is_folder
    from storage.objects as o
    where
      o.bucket_id = search.bucketname
      and starts_with(
        lower(o.name), lower(coalesce(search.prefix, '') || coalesce(search.search, ''))
      )
  ),
  entries as (
    select
      min(m.entry) as name,
      null::uuid as id,
      null::timestamptz as updated_at,
      null::timestamptz as created_at,
      null::timestamptz as last_accessed_at,
      null::jsonb as metadata,
      lower(m.entry) || '/' as sort_name,
      null::timestamptz as sort_time
    from matches as m
    where m.is_folder
    group by lower(m.entry)
    union all
    select
      m.entry,
      m.id,
      m.updated_at,
      m.created_at,
      m.last_accessed_at,
      m.metadata,
      lower(m.entry),
      case search.sortcolumn
        when 'updated_at' then m.updated_at
        when 'created_at' then m.created_at
        when 'last_accessed_at' then m.last_accessed_at
      end
    from matches as m
    where not m.is_folder
  )
  select e.name, e.id, e.updated_at, e.created_at, e.last_accessed_at, e.metadata
  from entries as e
  order by
    case when search.sortorder = 'desc' then null else e.sort_time end asc nulls first,
    case when search.sortorder = 'desc' then e.sort_time end desc nulls first,
    case when search.sortorder = 'desc' then null else e.sort_name end collate "C" asc,
    case when search.sortorder = 'desc' then e.sort_name end collate "C" desc
  limit least(coalesce(search.limits, 100), 1500)
  offset search.offsets;
end;

create function storage.get_size_by_bucket() returns table (size bigint, bucket_id text)
language sql stable
begin atomic
  select sum((o.metadata ->> 'size')::bigint)::bigint, o.bucket_id
  from storage.objects as o
  group by o.bucket_id;
end;

-- Triggers.

create function storage.update_updated_at_column() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at = now();
  return new;
end $$;

create trigger update_objects_updated_at before update on storage.objects
for each row execute function storage.update_updated_at_column();

create function storage.enforce_bucket_name_length() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if length(new.name) > 100 then
    raise exception 'bucket name "%" is too long (% characters). Max is 100.',
      new.name, length(new.name);
  end if;
  return new;
end $$;

create trigger enforce_bucket_name_length_trigger
before insert or update of name on storage.buckets
for each row execute function storage.enforce_bucket_name_length();

-- A row deleted by SQL would leave its bytes behind: only the Storage service may delete. For
-- each statement, so that it fails even where no row matches.
create function storage.protect_delete() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if coalesce(current_setting('storage.allow_delete_query', true), 'false') <> 'true' then
    raise exception
      'Direct deletion from storage tables is not allowed. Use the Storage API instead.'
      using
        errcode = '42501',
        hint = 'This prevents accidental data loss from orphaned objects.';
  end if;
  return null;
end $$;

create trigger protect_buckets_delete before delete on storage.buckets
for each statement execute function storage.protect_delete();

create trigger protect_objects_delete before delete on storage.objects
for each statement execute function storage.protect_delete();

do $$
declare
  routine regprocedure;
begin
  for routine in
    select oid from pg_catalog.pg_proc where pronamespace = 'storage'::regnamespace
  loop
    execute format('alter function %s owner to supabase_storage_admin', routine);
  end loop;
  alter type storage.buckettype owner to supabase_storage_admin;
end $$;
