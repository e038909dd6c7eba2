create table public.contract_consultants (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  contract_id uuid not null,
  consultant_id uuid not null,
  period daterange not null,
  allocation_pct integer not null default 100,
  bill_rate numeric(12, 2),
  bill_unit text,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  unique (firm_id, id),
  constraint contract_consultants_contract_id_fkey foreign key (firm_id, contract_id)
  references public.contracts (firm_id, id) on delete cascade,
  constraint contract_consultants_consultant_id_fkey foreign key (firm_id, consultant_id)
  references public.consultants (firm_id, id),
  constraint contract_consultants_period_begins
  check (not isempty(period) and not lower_inf(period)),
  constraint contract_consultants_allocation_pct_range check (allocation_pct between 1 and 100),
  constraint contract_consultants_bill_rate_range check (bill_rate >= 0),
  constraint contract_consultants_bill_unit_known check (bill_unit in ('hour', 'day', 'month')),
  constraint contract_consultants_bill_complete check (num_nulls(bill_rate, bill_unit) in (0, 2)),
  -- The firm comes first: a key is no way to ask what another firm has planned.
  constraint contract_consultants_once exclude using gist (
    firm_id with =, contract_id with =, consultant_id with =, period with &&
  ) where (archived_at is null)
);

create index contract_consultants_firm_id_contract_id_idx
on public.contract_consultants (firm_id, contract_id);
create index contract_consultants_firm_id_consultant_id_idx
on public.contract_consultants (firm_id, consultant_id);
create index contract_consultants_firm_id_created_at_idx
on public.contract_consultants (firm_id, created_at desc, id);

create trigger contract_consultants_archive before update on public.contract_consultants
for each row execute function private.guard_archive('manager');

create trigger contract_consultants_open before insert or update on public.contract_consultants
for each row
execute function private.guard_contract_part('draft', 'in_review', 'sent', 'signed', 'active');

create trigger contract_consultants_stamp before insert or update on public.contract_consultants
for each row execute function private.stamp();

alter table public.contract_consultants enable row level security;

create policy contract_consultants_select
on public.contract_consultants for select to authenticated
using (firm_id = any (array(select private.firm_ids())));

create policy contract_consultants_insert
on public.contract_consultants for insert to authenticated
with check (firm_id = any (array(select private.firm_ids('manager'))));

create policy contract_consultants_update
on public.contract_consultants for update to authenticated
using (firm_id = any (array(select private.firm_ids('manager'))))
with check (firm_id = any (array(select private.firm_ids('manager'))));

revoke all on public.contract_consultants from public, anon, authenticated, service_role;
grant select on public.contract_consultants to authenticated, service_role;
grant insert (
  firm_id, contract_id, consultant_id, period, allocation_pct, bill_rate, bill_unit
) on public.contract_consultants to authenticated;
grant update (
  period, allocation_pct, bill_rate, bill_unit, archived_at
) on public.contract_consultants to authenticated;

comment on table public.contract_consultants is
  'Who works on a contract, when and how much. Managers write it until the contract has ended.';
comment on column public.contract_consultants.period is
  'Days in the firm''s time zone, such as [2026-01-01,2026-03-31]. One consultant has no two '
  'overlapping periods on one contract.';
comment on column public.contract_consultants.allocation_pct is 'Share of full time, 1 to 100.';
comment on column public.contract_consultants.bill_rate is
  'What the client pays per bill_unit, in the contract''s currency.';
comment on column public.contract_consultants.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';
