create table public.merge_log (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  kept_company_id uuid,
  merged_company_id uuid,
  kept_consultant_id uuid,
  merged_consultant_id uuid,
  filled text[] not null,
  moved jsonb not null,
  merged_at timestamptz not null default now(),
  merged_by uuid,
  undone_at timestamptz,
  undone_by uuid,
  unique (firm_id, id),
  constraint merge_log_kept_company_id_fkey foreign key (firm_id, kept_company_id)
  references public.companies (firm_id, id) on delete cascade,
  constraint merge_log_merged_company_id_fkey foreign key (firm_id, merged_company_id)
  references public.companies (firm_id, id) on delete cascade,
  constraint merge_log_kept_consultant_id_fkey foreign key (firm_id, kept_consultant_id)
  references public.consultants (firm_id, id) on delete cascade,
  constraint merge_log_merged_consultant_id_fkey foreign key (firm_id, merged_consultant_id)
  references public.consultants (firm_id, id) on delete cascade,
  constraint merge_log_one_pair check (
    num_nonnulls(kept_company_id, merged_company_id) = 2
    and num_nonnulls(kept_consultant_id, merged_consultant_id) = 0
    or num_nonnulls(kept_company_id, merged_company_id) = 0
    and num_nonnulls(kept_consultant_id, merged_consultant_id) = 2
  )
);

create index merge_log_firm_id_kept_company_id_idx on public.merge_log (firm_id, kept_company_id)
where kept_company_id is not null;
create index merge_log_firm_id_merged_company_id_idx
on public.merge_log (firm_id, merged_company_id) where merged_company_id is not null;
create index merge_log_firm_id_kept_consultant_id_idx
on public.merge_log (firm_id, kept_consultant_id) where kept_consultant_id is not null;
create index merge_log_firm_id_merged_consultant_id_idx
on public.merge_log (firm_id, merged_consultant_id) where merged_consultant_id is not null;
create index merge_log_firm_id_merged_at_idx on public.merge_log (firm_id, merged_at desc, id);

alter table public.merge_log enable row level security;

create policy merge_log_select on public.merge_log for select to authenticated
using (firm_id = any (array(select private.firm_ids('manager'))));

-- Written by the functions that merge alone.
revoke all on public.merge_log from public, anon, authenticated, service_role;
grant select on public.merge_log to authenticated, service_role;

comment on table public.merge_log is
  'Duplicates that became one, and what it takes to undo that for 30 days. Managers read them. '
  'No value of the two rows is kept here: the merged one still has its own, archived.';
comment on column public.merge_log.filled is
  'The columns that were empty in the kept row and came from the merged one.';
comment on column public.merge_log.moved is
  'Table to the ids of the rows that moved over; primary_contacts: those that were primary.';
