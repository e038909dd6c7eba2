create table public.contracts (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  number integer not null,
  title text not null,
  kind text not null,
  company_id uuid,
  consultant_id uuid,
  status text not null default 'draft',
  starts_on date,
  ends_on date,
  rate numeric(12, 2),
  rate_unit text,
  currency text not null,
  value_cap numeric(12, 2),
  notice_days integer,
  auto_renew boolean not null default false,
  renewal_months integer,
  cancel_by date generated always as (ends_on - notice_days) stored,
  parent_id uuid,
  -- Always framework where there is a parent: the key below checks the parent's kind with it.
  parent_kind text generated always as (case when parent_id is not null then 'framework' end)
  stored,
  renewed_from_id uuid,
  amended_from_id uuid,
  version integer not null default 1,
  signed_at timestamptz,
  terminated_at timestamptz,
  reason text,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  terminates_on date,
  external_ref text,
  unique (firm_id, id),
  constraint contracts_kind_key unique (firm_id, id, kind),
  constraint contracts_number_key unique (firm_id, number),
  constraint contracts_company_id_fkey foreign key (firm_id, company_id)
  references public.companies (firm_id, id),
  constraint contracts_consultant_id_fkey foreign key (firm_id, consultant_id)
  references public.consultants (firm_id, id),
  constraint contracts_parent_id_fkey foreign key (firm_id, parent_id, parent_kind)
  references public.contracts (firm_id, id, kind),
  constraint contracts_renewed_from_id_fkey foreign key (firm_id, renewed_from_id)
  references public.contracts (firm_id, id),
  constraint contracts_amended_from_id_fkey foreign key (firm_id, amended_from_id)
  references public.contracts (firm_id, id),
  constraint contracts_title_length check (char_length(btrim(title)) between 1 and 200),
  constraint contracts_title_line check (title !~ '[[:cntrl:]]'),
  constraint contracts_kind_known
  check (kind in ('client_services', 'consultant', 'nda', 'framework')),
  constraint contracts_parties check (
    case kind
      when 'client_services' then company_id is not null
      when 'framework' then company_id is not null
      when 'consultant' then consultant_id is not null
      when 'nda' then num_nonnulls(company_id, consultant_id) >= 1
    end
  ),
  constraint contracts_status_known check (
    status in (
      'draft', 'in_review', 'sent', 'signed', 'active', 'expired', 'terminated', 'cancelled'
    )
  ),
  constraint contracts_starts_on_known
  check (status in ('draft', 'cancelled') or starts_on is not null),
  constraint contracts_ends_on_order check (ends_on >= starts_on),
  -- A date can be infinite and a number NaN, which no report can add up or print.
  constraint contracts_starts_on_range check (starts_on between '1900-01-01' and '2999-12-31'),
  constraint contracts_ends_on_range check (ends_on between '1900-01-01' and '2999-12-31'),
  constraint contracts_rate_range check (rate >= 0 and rate < 'NaN'),
  constraint contracts_rate_unit_known check (rate_unit in ('hour', 'day', 'month', 'fixed')),
  constraint contracts_rate_complete check (num_nulls(rate, rate_unit) in (0, 2)),
  constraint contracts_currency_form check (currency ~ '^[A-Z]{3}$'),
  constraint contracts_value_cap_range check (value_cap >= 0 and value_cap < 'NaN'),
  constraint contracts_notice_days_range check (notice_days between 0 and 3650),
  constraint contracts_renewal_months_range check (renewal_months between 1 and 120),
  constraint contracts_auto_renew_complete
  check (not auto_renew or num_nonnulls(ends_on, renewal_months) = 2),
  -- Frameworks stand at the top, so that no contract can come to be its own ancestor.
  constraint contracts_parent_id_of_framework check (kind <> 'framework' or parent_id is null),
  constraint contracts_renewed_from_id_other check (renewed_from_id <> id),
  constraint contracts_amended_from_id_other check (amended_from_id <> id),
  constraint contracts_one_origin check (num_nonnulls(renewed_from_id, amended_from_id) <= 1),
  constraint contracts_version_order
  check (version >= 1 and (version = 1) = (amended_from_id is null)),
  constraint contracts_signed_at_known
  check (status not in ('signed', 'active', 'expired', 'terminated') or signed_at is not null),
  constraint contracts_termination_known
  check ((status = 'terminated') = (terminated_at is not null)),
  constraint contracts_reason_length check (char_length(btrim(reason)) between 1 and 2000),
  constraint contracts_reason_required
  check ((status <> 'terminated' and terminates_on is null) or reason is not null),
  constraint contracts_terminates_on_range
  check (terminates_on >= starts_on and terminates_on <= ends_on),
  constraint contracts_external_ref_length check (char_length(external_ref) between 1 and 200)
);

create unique index contracts_firm_id_external_ref_idx
on public.contracts (firm_id, external_ref) where archived_at is null;
create index contracts_firm_id_status_ends_on_idx
on public.contracts (firm_id, status, ends_on);
create index contracts_firm_id_company_id_idx on public.contracts (firm_id, company_id)
where company_id is not null;
create index contracts_firm_id_consultant_id_idx on public.contracts (firm_id, consultant_id)
where consultant_id is not null;
create index contracts_firm_id_created_at_idx
on public.contracts (firm_id, created_at desc, id);
create index contracts_firm_id_parent_id_idx
on public.contracts (firm_id, parent_id, parent_kind) where parent_id is not null;
create index contracts_firm_id_renewed_from_id_idx
on public.contracts (firm_id, renewed_from_id) where renewed_from_id is not null;
create index contracts_firm_id_amended_from_id_idx
on public.contracts (firm_id, amended_from_id) where amended_from_id is not null;
-- One that was archived does not come back beside the one that was made instead.
create unique index contracts_one_renewal_idx on public.contracts (firm_id, renewed_from_id)
where renewed_from_id is not null and status <> 'cancelled' and archived_at is null;
create unique index contracts_one_amendment_idx on public.contracts (firm_id, amended_from_id)
where amended_from_id is not null and status <> 'cancelled' and archived_at is null;
create index contracts_firm_id_cancel_by_idx on public.contracts (firm_id, cancel_by)
where status = 'active' and auto_renew;
-- For the daily job. Not null, or the planner would sort people's lists by these, past all firms.
create index contracts_signed_starts_on_idx on public.contracts (starts_on)
where status = 'signed' and starts_on is not null;
create index contracts_active_ends_on_idx on public.contracts (ends_on)
where status = 'active' and ends_on is not null;

create index contracts_active_cancel_by_idx on public.contracts (cancel_by)
where status = 'active' and auto_renew and cancel_by is not null;
create index contracts_active_terminates_on_idx on public.contracts (terminates_on)
where status = 'active' and terminates_on is not null;

create table private.contract_counters (
  firm_id uuid primary key references public.firms (id) on delete cascade,
  last_number integer not null
);

revoke all on private.contract_counters from public, anon, authenticated, service_role;

comment on table private.contract_counters is
  'The last contract number of each firm. A rolled-back contract gives its number back.';

create function private.number_contract() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  -- A stranger gets no further than the policy, and learns nothing here about a firm's existence.
  if auth.uid() is not null and private.role_in(new.firm_id) is null then
    return new;
  end if;
  -- Before the counter, as for those who renew the framework.
  perform from public.contracts c
  where c.firm_id = new.firm_id and c.id = new.parent_id
  for key share;
  insert into private.contract_counters as c (firm_id, last_number)
  values (new.firm_id, 1)
  on conflict (firm_id) do update set last_number = c.last_number + 1
  returning last_number into new.number;
  new.currency := coalesce(
    new.currency, (select f.currency from public.firms f where f.id = new.firm_id)
  );
  return new;
end
$$;

revoke execute on function private.number_contract() from public, anon, authenticated;

comment on function private.number_contract() is
  'Trigger: the next number of the firm, without gaps, and the firm''s currency if none was given.';

create function private.freeze_contract() returns trigger
language plpgsql set search_path = '' as $$
declare
  -- Every other column is a term, one added later too. The generated ones are not known yet, and
  -- come from terms.
  c_free constant text[] := array[
    'status', 'signed_at', 'terminated_at', 'terminates_on', 'reason', 'archived_at',
    'updated_at', 'updated_by', 'cancel_by', 'parent_kind'
  ];
begin
  if old.status <> 'draft'
    and to_jsonb(new) - c_free <> to_jsonb(old) - c_free
    and not private.guards_are_off()
  then
    perform private.fail(
      'terms_frozen', 'The terms of a contract cannot change once it has left draft.',
      hint => 'Move it back to draft if nobody signed it yet, or make a new contract.',
      status => 409
    );
  end if;
  return new;
end
$$;

revoke execute on function private.freeze_contract() from public, anon, authenticated;

comment on function private.freeze_contract() is
  'Trigger: only a draft can be edited; afterwards only its state changes.';

create trigger contracts_archive before update on public.contracts
for each row execute function private.guard_archive('admin');

create trigger contracts_freeze before update on public.contracts
for each row execute function private.freeze_contract();

create trigger contracts_number before insert on public.contracts
for each row execute function private.number_contract();

create trigger contracts_stamp before insert or update on public.contracts
for each row execute function private.stamp();

alter table public.contracts enable row level security;

create policy contracts_select on public.contracts for select to authenticated
using (firm_id = any (array(select private.firm_ids())));

create policy contracts_insert on public.contracts for insert to authenticated
with check (firm_id = any (array(select private.firm_ids('member'))));

-- Members: their own drafts.
create policy contracts_update on public.contracts for update to authenticated
using (
  firm_id = any (array(select private.firm_ids('manager')))
  or (
    created_by = (select auth.uid())
    and status = 'draft'
    and firm_id = any (array(select private.firm_ids('member')))
  )
)
with check (
  firm_id = any (array(select private.firm_ids('manager')))
  or (
    created_by = (select auth.uid())
    and status = 'draft'
    and firm_id = any (array(select private.firm_ids('member')))
  )
);

revoke all on public.contracts from public, anon, authenticated, service_role;
grant select on public.contracts to authenticated, service_role;
grant insert (
  firm_id, title, kind, company_id, consultant_id, starts_on, ends_on, rate, rate_unit,
  currency, value_cap, notice_days, auto_renew, renewal_months, parent_id, external_ref
) on public.contracts to authenticated;
grant update (
  title, kind, company_id, consultant_id, starts_on, ends_on, rate, rate_unit,
  currency, value_cap, notice_days, auto_renew, renewal_months, parent_id, external_ref, archived_at
) on public.contracts to authenticated;

alter publication supabase_realtime add table public.contracts;

comment on table public.contracts is
  'Contracts of a firm. Drafts are edited freely; the status changes through transition_contract '
  'only, and the terms are frozen outside draft. Members write their own drafts, managers all of '
  'them; admins archive.';
comment on column public.contracts.number is
  'Counts up in each firm without gaps; given by the server.';
comment on column public.contracts.kind is
  'client_services and framework need a company, consultant a consultant, nda either.';
comment on column public.contracts.status is
  'draft, in_review, sent, signed, active, expired, terminated or cancelled. active and expired '
  'come with the day.';
comment on column public.contracts.starts_on is
  'First day, in the firm''s time zone; required outside draft.';
comment on column public.contracts.ends_on is 'Last day, included; null runs without end.';
comment on column public.contracts.rate is 'Per rate_unit, in the contract''s currency.';
comment on column public.contracts.value_cap is 'The most the contract may cost, in its currency.';
comment on column public.contracts.notice_days is
  'How many days before its last day the contract can still be cancelled.';
comment on column public.contracts.auto_renew is
  'Whether it goes on for renewal_months after ends_on unless somebody cancels it.';
comment on column public.contracts.cancel_by is
  'Last day to cancel, from ends_on and notice_days; null while one of them is.';
comment on column public.contracts.parent_id is 'The framework contract it falls under.';
comment on column public.contracts.parent_kind is
  'framework where there is a parent: part of the key that allows no other kind.';
comment on column public.contracts.renewed_from_id is 'The contract it continues.';
comment on column public.contracts.amended_from_id is 'The version before, which it replaces.';
comment on column public.contracts.version is '1, and one more with each amendment.';
comment on column public.contracts.terminates_on is
  'Its last day by a notice that was given; the day after it is terminated.';
comment on column public.contracts.external_ref is
  'Key of the contract in another system; unique in the firm.';
comment on column public.contracts.reason is 'Why the contract was terminated.';
comment on column public.contracts.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';
