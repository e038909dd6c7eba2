create table public.taggings (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  tag_id uuid not null,
  company_id uuid,
  contact_id uuid,
  consultant_id uuid,
  contract_id uuid,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  unique (firm_id, id),
  constraint taggings_tag_id_fkey foreign key (firm_id, tag_id)
  references public.tags (firm_id, id),
  constraint taggings_company_id_fkey foreign key (firm_id, company_id)
  references public.companies (firm_id, id),
  constraint taggings_contact_id_fkey foreign key (firm_id, contact_id)
  references public.contacts (firm_id, id),
  constraint taggings_consultant_id_fkey foreign key (firm_id, consultant_id)
  references public.consultants (firm_id, id),
  constraint taggings_contract_id_fkey foreign key (firm_id, contract_id)
  references public.contracts (firm_id, id),
  constraint taggings_one_parent
  check (num_nonnulls(company_id, contact_id, consultant_id, contract_id) = 1)
);

create unique index taggings_once_idx
on public.taggings (firm_id, tag_id, company_id, contact_id, consultant_id, contract_id)
nulls not distinct where archived_at is null;
create index taggings_firm_id_tag_id_idx on public.taggings (firm_id, tag_id);
create index taggings_firm_id_company_id_idx on public.taggings (firm_id, company_id)
where company_id is not null;
create index taggings_firm_id_contact_id_idx on public.taggings (firm_id, contact_id)
where contact_id is not null;
create index taggings_firm_id_consultant_id_idx on public.taggings (firm_id, consultant_id)
where consultant_id is not null;
create index taggings_firm_id_contract_id_idx on public.taggings (firm_id, contract_id)
where contract_id is not null;

-- The update policy lets members touch their own taggings only, so a member is enough here.
create trigger taggings_archive before update on public.taggings
for each row execute function private.guard_archive('member');

create trigger taggings_stamp before insert or update on public.taggings
for each row execute function private.stamp();

alter table public.taggings enable row level security;

create policy taggings_select on public.taggings for select to authenticated
using (firm_id = any (array(select private.firm_ids())));

create policy taggings_insert on public.taggings for insert to authenticated
with check (firm_id = any (array(select private.firm_ids('member'))));

create policy taggings_update on public.taggings for update to authenticated
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

revoke all on public.taggings from public, anon, authenticated, service_role;
grant select on public.taggings to authenticated, service_role;
grant insert (
  firm_id, tag_id, company_id, contact_id, consultant_id, contract_id
) on public.taggings to authenticated;
grant update (archived_at) on public.taggings to authenticated;

comment on table public.taggings is
  'Which company, contact, consultant or contract carries which tag, each once. To take a tag '
  'off, archive the row: members their own, managers all.';
comment on column public.taggings.archived_at is
  'Set any time to take the tag off, null to put it back; the server keeps its own clock.';
