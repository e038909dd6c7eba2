create table public.consultant_private (
  consultant_id uuid primary key,
  firm_id uuid not null references public.firms (id) on delete cascade,
  cost_rate numeric(12, 2),
  cost_unit text,
  currency text,
  tax_ref text,
  bank_ref text,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  constraint consultant_private_firm_id_consultant_id_key unique (firm_id, consultant_id),
  constraint consultant_private_consultant_id_fkey foreign key (firm_id, consultant_id)
  references public.consultants (firm_id, id) on delete cascade,
  constraint consultant_private_cost_rate_range check (cost_rate >= 0),
  constraint consultant_private_cost_unit_known check (cost_unit in ('hour', 'day', 'month')),
  constraint consultant_private_currency_form check (currency ~ '^[A-Z]{3}$'),
  constraint consultant_private_cost_complete
  check (num_nulls(cost_rate, cost_unit, currency) in (0, 3)),
  constraint consultant_private_tax_ref_length check (char_length(tax_ref) between 1 and 64),
  constraint consultant_private_bank_ref_length check (char_length(bank_ref) between 1 and 128)
);

create trigger consultant_private_stamp before insert or update on public.consultant_private
for each row execute function private.stamp();

alter table public.consultant_private enable row level security;

create policy consultant_private_select on public.consultant_private for select to authenticated
using (
  firm_id = any (array(select private.firm_ids('manager')))
  or consultant_id = any (array(select private.own_consultant_ids()))
);

create policy consultant_private_update on public.consultant_private for update to authenticated
using (firm_id = any (array(select private.firm_ids('manager'))))
with check (firm_id = any (array(select private.firm_ids('manager'))));

revoke all on public.consultant_private from public, anon, authenticated, service_role;
grant select on public.consultant_private to authenticated, service_role;
grant update (cost_rate, cost_unit, currency, tax_ref, bank_ref)
on public.consultant_private to authenticated;

comment on table public.consultant_private is
  'What a consultant costs and how they are paid. Comes and goes with the consultant; managers '
  'read and change it, the consultant reads their own.';
comment on column public.consultant_private.cost_rate is
  'Per cost_unit, in currency: all three, or none.';
comment on column public.consultant_private.tax_ref is 'Tax number, or where it is kept.';
comment on column public.consultant_private.bank_ref is
  'IBAN, or the name of the account in another system.';

create function private.add_consultant_private() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.consultant_private (consultant_id, firm_id) values (new.id, new.firm_id);
  return null;
end
$$;

revoke execute on function private.add_consultant_private() from public, anon, authenticated;

comment on function private.add_consultant_private() is
  'Trigger: gives every consultant the row of their private facts.';

create trigger consultants_private after insert on public.consultants
for each row execute function private.add_consultant_private();
