create table public.contract_events (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  contract_id uuid not null,
  from_status text not null,
  to_status text not null,
  actor uuid,
  note text,
  -- The clock, not the transaction's start: one transaction can carry a contract two steps on.
  at timestamptz not null default clock_timestamp(),
  unique (firm_id, id),
  constraint contract_events_contract_id_fkey foreign key (firm_id, contract_id)
  references public.contracts (firm_id, id) on delete cascade,
  constraint contract_events_note_length check (char_length(note) <= 2000)
);

create index contract_events_firm_id_contract_id_at_idx
on public.contract_events (firm_id, contract_id, at);

alter table public.contract_events enable row level security;

create policy contract_events_select on public.contract_events for select to authenticated
using (firm_id = any (array(select private.firm_ids())));

-- Written by the contract functions alone; nobody holds a right to change or delete an entry.
revoke all on public.contract_events from public, anon, authenticated, service_role;
grant select on public.contract_events to authenticated, service_role;

comment on table public.contract_events is
  'Every change of status of every contract, in order. Append-only.';
comment on column public.contract_events.actor is 'The user who did it; null for the daily job.';
