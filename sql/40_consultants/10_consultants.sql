create table public.consultants (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  user_id uuid references public.profiles (id) on delete set null,
  name text not null,
  email text,
  phone text,
  headline text,
  kind text not null default 'employee',
  status text not null default 'active',
  seniority text,
  skills text[] not null default '{}',
  available_from date,
  external_ref text,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  erased_at timestamptz,
  unique (firm_id, id),
  constraint consultants_name_length check (char_length(btrim(name)) between 1 and 200),
  constraint consultants_name_line check (name !~ '[[:cntrl:]]'),
  constraint consultants_email_form check (private.is_email(email)),
  constraint consultants_phone_form check (phone ~ '^\+?[0-9][0-9 ()./-]{2,39}$'),
  constraint consultants_headline_length check (char_length(headline) <= 300),
  constraint consultants_kind_known check (kind in ('employee', 'contractor', 'partner')),
  constraint consultants_status_known
  check (status in ('candidate', 'active', 'on_leave', 'inactive')),
  constraint consultants_seniority_known
  check (seniority in ('junior', 'mid', 'senior', 'lead', 'principal')),
  constraint consultants_skills_form check (
    cardinality(skills) <= 100
    and array_position(skills, null) is null
    and char_length(array_to_string(skills, '')) <= 4000
  ),
  constraint consultants_available_from_range
  check (available_from between '1900-01-01' and '2999-12-31'),
  constraint consultants_external_ref_length check (char_length(external_ref) between 1 and 200)
);

create unique index consultants_firm_id_user_id_idx
on public.consultants (firm_id, user_id) where archived_at is null;
create index consultants_user_id_idx on public.consultants (user_id) where user_id is not null;
create unique index consultants_firm_id_external_ref_idx
on public.consultants (firm_id, external_ref) where archived_at is null;
create index consultants_firm_id_status_idx on public.consultants (firm_id, status);
create index consultants_firm_id_created_at_idx
on public.consultants (firm_id, created_at desc, id);

create function private.guard_own_consultant() returns trigger
language plpgsql set search_path = '' as $$
declare
  c_own constant text[] := array['phone', 'headline', 'skills', 'available_from'];
begin
  -- Deeper lies the foreign key that lets go of an account being deleted.
  if pg_trigger_depth() = 1
    and to_jsonb(new) - c_own <> to_jsonb(old) - c_own
    and not exists (select from private.firm_ids('manager') f where f = new.firm_id)
  then
    perform private.fail(
      'not_allowed', 'The firm keeps this about you; you cannot change it.',
      hint => 'You may change: ' || array_to_string(c_own, ', ') || '.', status => 403
    );
  end if;
  return new;
end
$$;

revoke execute on function private.guard_own_consultant() from public, anon, authenticated;

comment on function private.guard_own_consultant() is
  'Trigger: what consultants who are no managers may change about themselves.';

-- By its name the first: whoever may not archive hears that, and nothing about roles.
create trigger consultants_allowed before update on public.consultants
for each row when (old.user_id = auth.uid())
execute function private.guard_own_consultant();

create trigger consultants_archive before update on public.consultants
for each row execute function private.guard_archive('manager');

create trigger consultants_stamp before insert or update on public.consultants
for each row execute function private.stamp();

alter table public.consultants enable row level security;

create policy consultants_select on public.consultants for select to authenticated
using (
  firm_id = any (array(select private.firm_ids()))
  or id = any (array(select private.own_consultant_ids()))
);

create policy consultants_insert on public.consultants for insert to authenticated
with check (firm_id = any (array(select private.firm_ids('manager'))));

create policy consultants_update on public.consultants for update to authenticated
using (
  firm_id = any (array(select private.firm_ids('manager')))
  or id = any (array(select private.own_consultant_ids()))
)
with check (
  firm_id = any (array(select private.firm_ids('manager')))
  or id = any (array(select private.own_consultant_ids()))
);

revoke all on public.consultants from public, anon, authenticated, service_role;
grant select on public.consultants to authenticated, service_role;
grant insert (
  firm_id, name, email, phone, headline, kind, status, seniority, skills, available_from,
  external_ref
) on public.consultants to authenticated;
grant update (
  name, email, phone, headline, kind, status, seniority, skills, available_from,
  external_ref, archived_at
) on public.consultants to authenticated;

comment on table public.consultants is
  'The people a firm sends to its clients. Everybody in the firm reads them; managers write them. '
  'Whoever is linked to a row reads it too, and changes phone, headline, skills and '
  'available_from.';
comment on column public.consultants.user_id is
  'The account of the person, for the portal; link_consultant sets it.';
comment on column public.consultants.skills is 'Free tags, at most 100.';
comment on column public.consultants.available_from is 'First free day, in the firm''s time zone.';
comment on column public.consultants.external_ref is
  'Key of the person in another system; unique in the firm.';
comment on column public.consultants.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';
comment on column public.consultants.erased_at is
  'When the person was erased from it; nothing about it changes any more.';
