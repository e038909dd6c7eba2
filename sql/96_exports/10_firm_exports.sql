create table public.firm_exports (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  requested_by uuid references public.profiles (id) on delete set null,
  status text not null default 'queued',
  progress integer not null default 0,
  part_count integer not null default 0,
  parts jsonb not null default '[]',
  error text,
  detail text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  expires_at timestamptz not null default now() + interval '7 days',
  constraint firm_exports_firm_id_id_key unique (firm_id, id),
  constraint firm_exports_status_known
  check (status in ('queued', 'working', 'ready', 'failed')),
  constraint firm_exports_progress_range check (progress between 0 and 100),
  constraint firm_exports_parts_array check (jsonb_typeof(parts) = 'array'),
  constraint firm_exports_ready_has_parts check (status <> 'ready' or parts <> '[]')
);

create index firm_exports_firm_id_created_at_idx
on public.firm_exports (firm_id, created_at desc, id);
create index firm_exports_requested_by_idx on public.firm_exports (requested_by)
where requested_by is not null;
create index firm_exports_expires_at_idx on public.firm_exports (expires_at);
create unique index firm_exports_one_unfinished_idx on public.firm_exports (firm_id)
where status in ('queued', 'working');

alter table public.firm_exports enable row level security;

create policy firm_exports_select on public.firm_exports for select to authenticated
using (firm_id = any (array(select private.firm_ids('owner'))));

revoke all on public.firm_exports from public, anon, authenticated, service_role;
grant select on public.firm_exports to authenticated, service_role;

alter publication supabase_realtime add table public.firm_exports;

comment on table public.firm_exports is
  'Copies of everything a firm has here, asked for through export_firm. Only its owners see them.';
comment on column public.firm_exports.progress is 'Per cent, for people who wait.';
comment on column public.firm_exports.part_count is
  'How many parts were begun, by attempts that were cut short too: all of them go with the row.';
comment on column public.firm_exports.parts is
  'The ZIP files in the bucket exports once ready: [{"path", "size_bytes", "sha256"}].';
comment on column public.firm_exports.error is
  'Why it failed, as a stable code; detail says it in a sentence.';
comment on column public.firm_exports.expires_at is 'When it is deleted with its parts.';

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('exports', 'exports', false, 52428800, array['application/zip'])
on conflict (id) do update set
  public = excluded.public,
  file_size_limit = excluded.file_size_limit,
  allowed_mime_types = excluded.allowed_mime_types;

-- Whoever sees the row may read its parts: the rule is written once, on the table.
create policy exports_objects_select on storage.objects for select to authenticated
using (
  bucket_id = 'exports'
  and exists (
    select from public.firm_exports as e
    where
      e.firm_id::text = split_part(objects.name, '/', 1)
      and e.id::text = split_part(objects.name, '/', 2)
      and e.status = 'ready'
      and e.expires_at > now()
  )
);
