create table public.firm_members (
  firm_id uuid not null references public.firms (id) on delete cascade,
  user_id uuid not null references public.profiles (id) on delete cascade,
  role text not null,
  status text not null default 'active',
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  primary key (firm_id, user_id),
  constraint firm_members_role_known
  check (role in ('owner', 'admin', 'manager', 'member', 'viewer')),
  constraint firm_members_status_known check (status in ('active', 'suspended'))
);

create index firm_members_user_id_status_idx on public.firm_members (user_id, status);

create function private.keep_owner() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  -- Two owners who leave at the same moment queue here. A firm being deleted is gone already, and
  -- one that was archived holds nobody back.
  perform from public.firms where id = old.firm_id and archived_at is null for no key update;
  if found and not exists (
    select from public.firm_members
    where firm_id = old.firm_id and role = 'owner' and status = 'active'
  ) then
    perform private.fail(
      'last_owner',
      'A firm needs at least one active owner.',
      hint => 'Make somebody else an owner first, or archive the firm.',
      status => 409
    );
  end if;
  return null;
end
$$;

revoke execute on function private.keep_owner() from public, anon, authenticated;

comment on function private.keep_owner() is
  'Trigger: refuses whatever would leave a firm that is not archived without an active owner, the '
  'deletion of a user too.';

create trigger firm_members_stamp before insert or update on public.firm_members
for each row execute function private.stamp();

create trigger firm_members_owner_changed after update on public.firm_members
for each row when (old.role = 'owner' and (new.role <> 'owner' or new.status <> 'active'))
execute function private.keep_owner();

create trigger firm_members_owner_removed after delete on public.firm_members
for each row when (old.role = 'owner')
execute function private.keep_owner();

alter table public.firm_members enable row level security;

create policy firm_members_select on public.firm_members for select to authenticated
using (firm_id = any (array(select private.firm_ids())));

revoke all on public.firm_members from public, anon, authenticated, service_role;
grant select on public.firm_members to authenticated, service_role;

comment on table public.firm_members is
  'Who works in which firm, and as what. Changed through the member functions only.';
comment on column public.firm_members.role is
  'owner > admin > manager > member > viewer; each includes the rights of the lower ones.';
comment on column public.firm_members.status is
  'A suspended member keeps the seat but has no rights.';
