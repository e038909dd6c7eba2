create table public.contacts (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  company_id uuid not null,
  name text not null,
  email text,
  phone text,
  position text,
  is_primary boolean not null default false,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  erased_at timestamptz,
  unique (firm_id, id),
  constraint contacts_company_id_fkey foreign key (firm_id, company_id)
  references public.companies (firm_id, id),
  constraint contacts_name_length check (char_length(btrim(name)) between 1 and 200),
  constraint contacts_email_form check (private.is_email(email)),
  constraint contacts_phone_form check (phone ~ '^\+?[0-9][0-9 ()./-]{2,39}$'),
  constraint contacts_position_length check (char_length(position) <= 200)
);

-- The only value that has to be unique, so that companies can be merged: nothing else collides.
create unique index contacts_primary_idx on public.contacts (firm_id, company_id)
where is_primary and archived_at is null;
create index contacts_firm_id_company_id_idx on public.contacts (firm_id, company_id);
create index contacts_firm_id_email_idx on public.contacts (firm_id, email);
create index contacts_firm_id_created_at_idx
on public.contacts (firm_id, created_at desc, id);

create function private.keep_one_primary() returns trigger
language plpgsql set search_path = '' as $$
begin
  if tg_op = 'INSERT' or (old.company_id = new.company_id and not old.is_primary) then
    -- Named now: the one before steps back.
    update public.contacts
    set is_primary = false
    where firm_id = new.firm_id
      and company_id = new.company_id
      and is_primary
      and archived_at is null
      and id <> new.id;
  elsif exists (
    select from public.contacts c
    where c.firm_id = new.firm_id
      and c.company_id = new.company_id
      and c.is_primary
      and c.archived_at is null
      and c.id <> new.id
  ) then
    -- Moved here by a merge, or restored: the one who is there stays.
    new.is_primary := false;
  end if;
  return new;
end
$$;

revoke execute on function private.keep_one_primary() from public, anon, authenticated;

comment on function private.keep_one_primary() is
  'Trigger: a company has one primary contact at most. Who is named takes the place over; who is '
  'moved from another company or restored takes it only where it is free.';

create trigger contacts_archive before update on public.contacts
for each row execute function private.guard_archive('manager');

create trigger contacts_primary before insert or update on public.contacts
for each row when (new.is_primary and new.archived_at is null)
execute function private.keep_one_primary();

create trigger contacts_stamp before insert or update on public.contacts
for each row execute function private.stamp();

alter table public.contacts enable row level security;

create policy contacts_select on public.contacts for select to authenticated
using (firm_id = any (array(select private.firm_ids())));

create policy contacts_insert on public.contacts for insert to authenticated
with check (firm_id = any (array(select private.firm_ids('member'))));

create policy contacts_update on public.contacts for update to authenticated
using (firm_id = any (array(select private.firm_ids('member'))))
with check (firm_id = any (array(select private.firm_ids('member'))));

revoke all on public.contacts from public, anon, authenticated, service_role;
grant select on public.contacts to authenticated, service_role;
grant insert (
  firm_id, company_id, name, email, phone, position, is_primary
) on public.contacts to authenticated;
grant update (
  company_id, name, email, phone, position, is_primary, archived_at
) on public.contacts to authenticated;

comment on table public.contacts is
  'People at a company. Members write them; managers archive and restore them.';
comment on column public.contacts.position is 'What the person does there, such as Head of IT.';
comment on column public.contacts.is_primary is
  'Whom to ask first. Setting it takes it from the contact of the company who had it.';
comment on column public.contacts.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';
comment on column public.contacts.erased_at is
  'When the person was erased from it; nothing about it changes any more.';
