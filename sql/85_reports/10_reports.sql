create table public.reports (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  kind text not null,
  format text not null,
  params jsonb not null default '{}',
  status text not null default 'queued',
  progress integer not null default 0,
  path text unique,
  size_bytes bigint,
  error text,
  detail text,
  requested_by uuid references public.profiles (id) on delete set null,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint reports_firm_id_id_key unique (firm_id, id),
  constraint reports_kind_known check (kind in ('contract_portfolio')),
  constraint reports_format_known check (format in ('csv', 'pdf')),
  constraint reports_params_object check (jsonb_typeof(params) = 'object'),
  constraint reports_status_known check (status in ('queued', 'rendering', 'ready', 'failed')),
  constraint reports_progress_range check (progress between 0 and 100),
  constraint reports_ready_has_path check (status <> 'ready' or path is not null)
);

create index reports_firm_id_created_at_idx on public.reports (firm_id, created_at desc, id);
create index reports_requested_by_idx on public.reports (requested_by)
where requested_by is not null;

alter table public.reports enable row level security;

create policy reports_select on public.reports for select to authenticated
using (
  firm_id = any (array(select private.firm_ids('manager')))
  or (
    requested_by = (select auth.uid())
    and firm_id = any (array(select private.firm_ids('member')))
  )
);

revoke all on public.reports from public, anon, authenticated, service_role;
grant select on public.reports to authenticated, service_role;

alter publication supabase_realtime add table public.reports;

comment on table public.reports is
  'Reports that were asked for through request_report. Managers see those of the firm, members '
  'their own.';
comment on column public.reports.progress is
  'Per cent, for people who wait.';
comment on column public.reports.path is
  'Where the document lies in the bucket reports, once ready.';
comment on column public.reports.error is
  'Why it failed, as a stable code; detail says it in a sentence.';
