create table public.imports (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  kind text not null,
  name text not null,
  bucket text not null default 'imports',
  path text not null,
  size_bytes bigint not null,
  mapping jsonb not null default '{}',
  dry_run boolean not null default true,
  status text not null default 'uploading',
  reason text,
  detail text,
  progress integer not null default 0,
  columns jsonb not null default '[]',
  row_count integer,
  rows_done integer not null default 0,
  created_count integer not null default 0,
  updated_count integer not null default 0,
  unchanged_count integer not null default 0,
  failed_count integer not null default 0,
  errors_path text,
  run integer not null default 0,
  requested_by uuid references public.profiles (id) on delete set null,
  by_operator boolean not null default false,
  second_factor boolean not null default false,
  upload_expires_at timestamptz not null default now() + interval '1 hour',
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint imports_firm_id_id_key unique (firm_id, id),
  constraint imports_path_key unique (path),
  constraint imports_kind_known check (kind in ('companies', 'consultants', 'contracts')),
  constraint imports_name_form check (private.is_file_name(name)),
  constraint imports_bucket_known check (bucket = 'imports'),
  constraint imports_path_form
  check (path ~ ('^' || firm_id || '/' || id || '/source\.(csv|xlsx)$')),
  constraint imports_size_bytes_range check (size_bytes > 0),
  constraint imports_mapping_object
  check (jsonb_typeof(mapping) = 'object' and pg_column_size(mapping) <= 16384),
  constraint imports_status_known
  check (status in ('uploading', 'queued', 'running', 'done', 'failed', 'cancelled')),
  constraint imports_reason_required check (status <> 'failed' or reason is not null),
  constraint imports_reason_length check (char_length(reason) <= 64),
  constraint imports_detail_length check (char_length(detail) <= 1000),
  constraint imports_progress_range check (progress between 0 and 100),
  constraint imports_columns_array check (jsonb_typeof(columns) = 'array'),
  constraint imports_errors_path_form
  check (errors_path ~ ('^' || firm_id || '/' || id || '/errors-[0-9]+\.csv$'))
);

create index imports_firm_id_created_at_idx on public.imports (firm_id, created_at desc, id);
create index imports_requested_by_idx on public.imports (requested_by)
where requested_by is not null;
create unique index imports_errors_path_idx on public.imports (errors_path);

alter table public.imports enable row level security;

-- Whoever may write what is imported.
create policy imports_select on public.imports for select to authenticated
using (
  firm_id = any (array(select private.firm_ids('manager')))
  or (kind <> 'consultants' and firm_id = any (array(select private.firm_ids('member'))))
);

revoke all on public.imports from public, anon, authenticated, service_role;
grant select on public.imports to authenticated, service_role;

alter publication supabase_realtime add table public.imports;

comment on table public.imports is
  'Files of companies, consultants or contracts that become rows. Rows come from begin_import; '
  'start_import tries the file out or writes it. Seen by whoever may write that kind.';
comment on column public.imports.path is 'Where the file lies in the bucket imports.';
comment on column public.imports.mapping is
  'What the columns mean where their names do not say it: {"header of the file": "field"}, or null '
  'for a column to leave out.';
comment on column public.imports.dry_run is
  'Whether the last run only found out what a real one would do.';
comment on column public.imports.status is
  'uploading until start_import, queued, running, then done, failed or cancelled. A file whose run '
  'is over can be started again.';
comment on column public.imports.reason is
  'Why it failed, as a stable code; detail says it in a sentence.';
comment on column public.imports.progress is 'Per cent, for people who wait.';
comment on column public.imports.columns is
  'The columns of the file as the last run understood them: [{"column", "field"}], field being '
  'null where it was left out.';
comment on column public.imports.row_count is 'How many rows the file has, once it was read.';
comment on column public.imports.rows_done is
  'How many of them are decided; it moves in the same transaction as what they change.';
comment on column public.imports.errors_path is
  'Where the list of refused rows lies in the same bucket, if there are any: line, column, value, '
  'code, reason.';
comment on column public.imports.run is 'Counts the runs; a job of an earlier one does nothing.';
comment on column public.imports.requested_by is
  'Who began it or, once it was started, who started the last run: it writes with their rights.';
comment on column public.imports.by_operator is
  'Whether the operator asked for it, with the secret key.';
comment on column public.imports.second_factor is
  'Whether the session that started the last run was verified with a second factor.';

create table private.import_errors (
  id bigint generated always as identity,
  firm_id uuid not null,
  import_id uuid not null,
  line integer not null,
  field text,
  value text,
  code text not null,
  detail text,
  primary key (firm_id, import_id, id),
  constraint import_errors_import_id_fkey foreign key (firm_id, import_id)
  references public.imports (firm_id, id) on delete cascade
);

alter table private.import_errors enable row level security;

create policy import_errors_nobody on private.import_errors
as restrictive for all to anon, authenticated
using (false);

revoke all on private.import_errors from public, anon, authenticated, service_role;

comment on table private.import_errors is
  'Rows that an import refused, from the moment their batch is decided until the list of them is '
  'stored.';

-- The names of companies and consultants to look them up by.
create index companies_firm_id_name_idx on public.companies (firm_id, name)
where archived_at is null;
create index consultants_firm_id_name_idx on public.consultants (firm_id, name)
where archived_at is null;
