create table public.notes (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  company_id uuid,
  contact_id uuid,
  consultant_id uuid,
  contract_id uuid,
  body text not null,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  unique (firm_id, id),
  constraint notes_company_id_fkey foreign key (firm_id, company_id)
  references public.companies (firm_id, id),
  constraint notes_contact_id_fkey foreign key (firm_id, contact_id)
  references public.contacts (firm_id, id),
  constraint notes_consultant_id_fkey foreign key (firm_id, consultant_id)
  references public.consultants (firm_id, id),
  constraint notes_contract_id_fkey foreign key (firm_id, contract_id)
  references public.contracts (firm_id, id),
  constraint notes_one_parent
  check (num_nonnulls(company_id, contact_id, consultant_id, contract_id) = 1),
  constraint notes_body_length
  check (char_length(btrim(body)) > 0 and char_length(body) <= 20000)
);

create index notes_firm_id_company_id_idx on public.notes (firm_id, company_id, created_at desc)
where company_id is not null;
create index notes_firm_id_contact_id_idx on public.notes (firm_id, contact_id, created_at desc)
where contact_id is not null;
create index notes_firm_id_consultant_id_idx
on public.notes (firm_id, consultant_id, created_at desc) where consultant_id is not null;
create index notes_firm_id_contract_id_idx
on public.notes (firm_id, contract_id, created_at desc) where contract_id is not null;
create index notes_firm_id_created_at_idx on public.notes (firm_id, created_at desc, id);

-- The update policy lets members touch their own notes only, so a member is enough here.
create trigger notes_archive before update on public.notes
for each row execute function private.guard_archive('member');

create trigger notes_stamp before insert or update on public.notes
for each row execute function private.stamp();

alter table public.notes enable row level security;

create policy notes_select on public.notes for select to authenticated
using (firm_id = any (array(select private.firm_ids())));

create policy notes_insert on public.notes for insert to authenticated
with check (firm_id = any (array(select private.firm_ids('member'))));

create policy notes_update on public.notes for update to authenticated
using (
  firm_id = any (array(select private.firm_ids('manager')))
  or (
    created_by = (select auth.uid())
    and firm_id = any (array(select private.firm_ids('member')))
  )
)
with check (
  firm_id = any (array(select private.firm_ids('manager')))
  or (
    created_by = (select auth.uid())
    and firm_id = any (array(select private.firm_ids('member')))
  )
);

revoke all on public.notes from public, anon, authenticated, service_role;
grant select on public.notes to authenticated, service_role;
grant insert (
  firm_id, company_id, contact_id, consultant_id, contract_id, body
) on public.notes to authenticated;
grant update (body, archived_at) on public.notes to authenticated;

alter publication supabase_realtime add table public.notes;

comment on table public.notes is
  'What people write down about a company, contact, consultant or contract. Everybody in the firm '
  'reads them; members write, and change their own; managers all.';
comment on column public.notes.body is 'Plain text; the frontend decides how it looks.';
comment on column public.notes.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';
