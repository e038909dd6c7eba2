-- sql/10_platform/10_schema.sql

create extension if not exists pgcrypto with schema extensions;

create schema private;

-- Callers reach the schema for the functions granted to them; no API exposes it.
revoke all on schema private from public, anon, authenticated, service_role;
grant usage on schema private to authenticated, service_role;

-- A function is closed until its file grants it, wherever it is created.
alter default privileges for role postgres revoke execute on functions from public;

comment on schema private is
  'Helpers, security definers and tables that no API client reaches directly.';

-- sql/10_platform/20_fail.sql

create function private.fail(
  code text,
  message text,
  hint text default null,
  status integer default 400
) returns void
language plpgsql set search_path = '' as $$
begin
  if hint is null then
    raise exception using errcode = 'PT' || status, message = message, detail = code;
  end if;
  raise exception using errcode = 'PT' || status, message = message, detail = code, hint = hint;
end
$$;

revoke execute on function private.fail(text, text, text, integer) from public, anon, authenticated;
grant execute on function private.fail(text, text, text, integer) to authenticated, service_role;

comment on function private.fail(text, text, text, integer) is
  'Ends the request with an HTTP status, a stable code in "details", a sentence in "message" and '
  'what to do in "hint".';

-- sql/10_platform/30_checks.sql

-- What a check constraint cannot say in one expression. They run as whoever writes the row.

create function private.is_timezone(p_name text) returns boolean
language plpgsql stable set search_path = '' as $$
begin
  -- PostgreSQL alone would take POSIX forms such as "abc5" as well.
  if p_name !~
    '^(UTC|Etc/GMT(-1[0-4]|\+1[0-2]|[+-][0-9])|[A-Z][A-Za-z]+(/[A-Z][A-Za-z_-]+){1,2})$'
  then
    return false;
  end if;
  perform pg_catalog.timezone(p_name, 'epoch'::timestamptz);
  return true;
exception when invalid_parameter_value then
  return false;
end
$$;

revoke execute on function private.is_timezone(text) from public, anon, authenticated;
grant execute on function private.is_timezone(text) to authenticated, service_role;

comment on function private.is_timezone(text) is
  'Whether the text is an IANA time zone of this server, such as Europe/Berlin.';

create function private.is_email(p_email text) returns boolean
language sql immutable set search_path = '' as $$
  select pg_catalog.char_length(p_email) <= 254
    and p_email !~ '[[:cntrl:]]'
    and p_email ~ '^[^@\s<>(),;:"\\]+@[^@\s<>(),;:"\\.]+(\.[^@\s<>(),;:"\\.]+)+$'
$$;

revoke execute on function private.is_email(text) from public, anon, authenticated;
grant execute on function private.is_email(text) to authenticated, service_role;

comment on function private.is_email(text) is
  'Whether the text is one bare e-mail address: no display name, no list, no line break.';

create function private.is_file_name(p_name text) returns boolean
language sql immutable set search_path = '' as $$
  select pg_catalog.octet_length(p_name) between 1 and 255
    and p_name ~ '[^. ]'
    -- Control characters, path separators, and the marks that turn the reading direction around.
    and p_name !~ '[\u0001-\u001f\u007f-\u009f/\\\u200e\u200f\u202a-\u202e\u2066-\u2069]'
$$;

revoke execute on function private.is_file_name(text) from public, anon, authenticated;
grant execute on function private.is_file_name(text) to authenticated, service_role;

comment on function private.is_file_name(text) is
  'Whether the text can be shown and saved as one file name on any system.';

-- sql/10_platform/40_rows.sql

-- Trigger functions every tenant table shares.

create function private.stamp() returns trigger
language plpgsql set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    new.created_at := now();
    new.created_by := auth.uid();
  else
    new.created_at := old.created_at;
    new.created_by := old.created_by;
  end if;
  new.updated_at := now();
  new.updated_by := auth.uid();
  return new;
end
$$;

revoke execute on function private.stamp() from public, anon, authenticated;

comment on function private.stamp() is
  'Trigger: sets created_at, created_by, updated_at and updated_by; nobody can forge them. Null '
  'means the system.';

create function private.touch() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end
$$;

revoke execute on function private.touch() from public, anon, authenticated;

comment on function private.touch() is 'Trigger: sets updated_at on tables without authors.';

create function private.guard_archive() returns trigger
language plpgsql set search_path = '' as $$
begin
  -- Jobs finish their work on archived rows too, and a foreign key lets go of a removed member.
  if auth.uid() is null or pg_trigger_depth() > 1 then
    return new;
  end if;
  if (old.archived_at is null) <> (new.archived_at is null) then
    perform private.require_role(new.firm_id, tg_argv[0]);
    new.archived_at := case when new.archived_at is not null then now() end;
  elsif old.archived_at is not null then
    perform private.fail(
      'archived',
      'This entry is archived and cannot be changed.',
      hint => 'Restore it first: set archived_at to null.',
      status => 409
    );
  end if;
  return new;
end
$$;

revoke execute on function private.guard_archive() from public, anon, authenticated;

comment on function private.guard_archive() is
  'Trigger with the least role that may archive and restore: keeps archived rows read-only for '
  'people.';

-- sql/10_platform/50_membership.sql

-- Who the caller is in which firm. Everything rests on auth.uid() and on the tables, never on other
-- claims of the token, so that a removal takes effect with the next request. In plpgsql because the
-- tables come later: policies need these functions first.

create function private.role_rank(p_role text) returns integer
language sql immutable set search_path = '' as $$
  select case p_role
    when 'owner' then 5
    when 'admin' then 4
    when 'manager' then 3
    when 'member' then 2
    when 'viewer' then 1
  end
$$;

revoke execute on function private.role_rank(text) from public, anon, authenticated;

comment on function private.role_rank(text) is
  'Order of the roles; null for anything else, so that a comparison with it grants nothing.';

create function private.firm_ids(min_role text default 'viewer') returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select m.firm_id
  from public.firm_members m
  join public.firms f on f.id = m.firm_id
  where m.user_id = (select auth.uid())
    and m.status = 'active'
    and f.status = 'active'
    and f.archived_at is null
    and private.role_rank(m.role) >= private.role_rank(min_role);
end
$$;

revoke execute on function private.firm_ids(text) from public, anon, authenticated;
grant execute on function private.firm_ids(text) to authenticated;

comment on function private.firm_ids(text) is
  'Active firms in which the caller is an active member with at least this role.';

create function private.role_in(p_firm_id uuid) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select m.role
    from public.firm_members m
    where m.user_id = (select auth.uid())
      and m.firm_id = p_firm_id
      and m.firm_id in (select private.firm_ids())
  );
end
$$;

revoke execute on function private.role_in(uuid) from public, anon, authenticated;
grant execute on function private.role_in(uuid) to authenticated;

comment on function private.role_in(uuid) is
  'The caller''s role in a firm; null for whoever is not an active member of it.';

create function private.require_role(p_firm_id uuid, p_min_role text) returns text
language plpgsql set search_path = '' security definer as $$
declare
  v_role text := private.role_in(p_firm_id);
begin
  if v_role is null then
    perform private.fail(
      'firm_not_found',
      'There is no such firm, or you are not an active member of it.',
      status => 404
    );
  end if;
  if private.role_rank(v_role) >= private.role_rank(p_min_role) then
    return v_role;
  end if;
  perform private.fail(
    'not_allowed',
    format('This needs the role %s or a higher one in the firm; yours is %s.', p_min_role, v_role),
    hint => 'Ask an owner or an admin of the firm.',
    status => 403
  );
end
$$;

revoke execute on function private.require_role(uuid, text) from public, anon, authenticated;
grant execute on function private.require_role(uuid, text) to authenticated;

comment on function private.require_role(uuid, text) is
  'The caller''s role if it is at least this one, else firm_not_found (404) or not_allowed (403).';

create function private.lock_firm(p_firm_id uuid, p_min_role text) returns text
language plpgsql security definer set search_path = '' as $$
begin
  -- Asked first, so that a stranger holds no lock; and again, as it may have changed meanwhile.
  perform private.require_role(p_firm_id, p_min_role);
  perform from public.firms where id = p_firm_id for no key update;
  return private.require_role(p_firm_id, p_min_role);
end
$$;

revoke execute on function private.lock_firm(uuid, text) from public, anon, authenticated;

comment on function private.lock_firm(uuid, text) is
  'Lets decisions about a firm''s members, seats and quota happen one after the other; returns '
  'the caller''s role.';

create function private.colleague_ids() returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select m.user_id
  from public.firm_members m
  where m.firm_id in (select private.firm_ids())
  union
  select auth.uid();
end
$$;

revoke execute on function private.colleague_ids() from public, anon, authenticated;
grant execute on function private.colleague_ids() to authenticated;

comment on function private.colleague_ids() is
  'The caller and everyone who shares an active firm with the caller.';

-- sql/10_platform/60_profiles.sql

create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  email text,
  full_name text not null default '',
  locale text not null default 'en',
  timezone text not null default 'UTC',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint profiles_full_name_length check (char_length(full_name) <= 200),
  constraint profiles_full_name_line check (full_name !~ '[[:cntrl:]]'),
  constraint profiles_locale_form check (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
  constraint profiles_timezone_known check (private.is_timezone(timezone))
);

create trigger profiles_touch before update on public.profiles
for each row execute function private.touch();

alter table public.profiles enable row level security;

create policy profiles_select on public.profiles for select to authenticated
using (id = any (array(select private.colleague_ids())));

create policy profiles_update on public.profiles for update to authenticated
using (id = (select auth.uid()))
with check (id = (select auth.uid()));

revoke all on public.profiles from public, anon, authenticated, service_role;
grant select on public.profiles to authenticated, service_role;
grant update (full_name, locale, timezone) on public.profiles to authenticated;

comment on table public.profiles is
  'One per user, created with the account. Colleagues see each other; everyone edits their own.';
comment on column public.profiles.id is 'The user''s id in Auth.';
comment on column public.profiles.email is
  'The confirmed address of the account, kept in step with Auth.';
comment on column public.profiles.locale is 'Language, with a country if it matters: en, de-AT.';
comment on column public.profiles.timezone is 'IANA name, such as Europe/Berlin.';

create function private.sync_profile() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  -- Whatever the metadata holds, a sign-up must not fail here.
  insert into public.profiles (id, email, full_name)
  values (
    new.id,
    new.email,
    left(
      regexp_replace(
        coalesce(new.raw_user_meta_data ->> 'full_name', ''), '[[:cntrl:]]+', ' ', 'g'
      ),
      200
    )
  )
  on conflict (id) do update set email = excluded.email;
  return null;
end
$$;

revoke execute on function private.sync_profile() from public, anon, authenticated;

comment on function private.sync_profile() is
  'Trigger: gives every new account its profile and carries a changed address over.';

create trigger firmbase_profile_created after insert on auth.users
for each row execute function private.sync_profile();

create trigger firmbase_profile_email after update of email on auth.users
for each row execute function private.sync_profile();

-- sql/20_firms/10_firms.sql

create table public.firms (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  slug text not null,
  currency text not null default 'EUR',
  timezone text not null default 'UTC',
  locale text not null default 'en',
  settings jsonb not null default '{}',
  status text not null default 'active',
  seat_limit integer not null default 25,
  storage_quota_bytes bigint not null default 5368709120,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  constraint firms_slug_key unique (slug),
  constraint firms_name_length check (char_length(btrim(name)) between 1 and 200),
  constraint firms_name_line check (name !~ '[[:cntrl:]]'),
  constraint firms_slug_form check (slug ~ '^[a-z0-9](-?[a-z0-9]){1,62}$'),
  constraint firms_currency_form check (currency ~ '^[A-Z]{3}$'),
  constraint firms_timezone_known check (private.is_timezone(timezone)),
  constraint firms_locale_form check (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
  constraint firms_settings_object
  check (jsonb_typeof(settings) = 'object' and pg_column_size(settings) <= 16384),
  constraint firms_status_known check (status in ('active', 'suspended')),
  constraint firms_seat_limit_range check (seat_limit between 1 and 10000),
  constraint firms_storage_quota_range check (storage_quota_bytes >= 0)
);

create trigger firms_stamp before insert or update on public.firms
for each row execute function private.stamp();

alter table public.firms enable row level security;

create policy firms_select on public.firms for select to authenticated
using (id = any (array(select private.firm_ids())));

create policy firms_update on public.firms for update to authenticated
using (id = any (array(select private.firm_ids('admin'))))
with check (id = any (array(select private.firm_ids('admin'))));

revoke all on public.firms from public, anon, authenticated, service_role;
grant select on public.firms to authenticated, service_role;
grant update (name, slug, currency, timezone, locale, settings) on public.firms to authenticated;
grant update (status, seat_limit, storage_quota_bytes, archived_at) on public.firms to service_role;

comment on table public.firms is
  'The tenants. Made by create_firm; closed by archive_firm; nobody but active members sees one.';
comment on column public.firms.slug is 'Public short name, unique among all firms.';
comment on column public.firms.currency is 'ISO 4217 code, what new contracts start with.';
comment on column public.firms.timezone is
  'IANA name; decides when a day begins for contracts and reminders.';
comment on column public.firms.settings is 'Preferences of the frontend, at most 16 kB.';
comment on column public.firms.status is
  'A suspended firm is closed to its members; only the operator changes it.';
comment on column public.firms.archived_at is
  'When an owner closed the firm; only the operator opens it again.';

-- sql/20_firms/20_firm_members.sql

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
  -- Two owners who leave at the same moment queue here. A firm being deleted is gone already.
  perform from public.firms where id = old.firm_id for no key update;
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
  'Trigger: refuses whatever would leave a firm without an active owner, the deletion of a user '
  'too.';

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

-- sql/20_firms/30_invitations.sql

create table public.invitations (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  email text not null,
  role text not null,
  invited_by uuid,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  accepted_by uuid,
  revoked_at timestamptz,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  unique (firm_id, id),
  -- Text in lower case, not citext, whose operators a function without a search path does not find.
  constraint invitations_email_form check (private.is_email(email) and email = lower(email)),
  constraint invitations_role_known
  check (role in ('owner', 'admin', 'manager', 'member', 'viewer')),
  constraint invitations_one_end check (num_nonnulls(accepted_at, revoked_at) <= 1)
);

create unique index invitations_firm_id_email_open_idx on public.invitations (firm_id, email)
where accepted_at is null and revoked_at is null;
create index invitations_firm_id_created_at_idx
on public.invitations (firm_id, created_at desc, id);

create trigger invitations_stamp before insert or update on public.invitations
for each row execute function private.stamp();

alter table public.invitations enable row level security;

create policy invitations_select on public.invitations for select to authenticated
using (firm_id = any (array(select private.firm_ids())));

revoke all on public.invitations from public, anon, authenticated, service_role;
grant select on public.invitations to authenticated, service_role;

comment on table public.invitations is
  'Invitations into a firm, open ones and past ones. One open invitation per address.';
comment on column public.invitations.role is 'The role that accepting it gives.';
comment on column public.invitations.invited_by is
  'Who sent it last. It is worthless once this member could not send it any more.';
comment on column public.invitations.expires_at is
  'After this the token is worthless; resend_invitation makes a new one.';

create table private.invitation_tokens (
  invitation_id uuid primary key references public.invitations (id) on delete cascade,
  token_hash bytea not null,
  constraint invitation_tokens_token_hash_key unique (token_hash)
);

revoke all on private.invitation_tokens from public, anon, authenticated, service_role;

comment on table private.invitation_tokens is
  'SHA-256 of the token of each invitation. Beside the table people read, so that no query can '
  'show it.';

-- sql/20_firms/35_seats.sql

create function private.require_seat(p_firm_id uuid, p_with_invitations boolean) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_taken bigint;
begin
  select count(*) into v_taken from public.firm_members where firm_id = p_firm_id;
  if p_with_invitations then
    v_taken := v_taken + (
      select count(*)
      from public.invitations
      where firm_id = p_firm_id
        and accepted_at is null
        and revoked_at is null
        and expires_at > now()
    );
  end if;
  if v_taken >= (select seat_limit from public.firms where id = p_firm_id) then
    perform private.fail(
      'seat_limit', 'Every seat of the firm is taken.',
      hint => 'Remove a member, revoke an invitation, or ask for more seats.', status => 409
    );
  end if;
end
$$;

revoke execute on function private.require_seat(uuid, boolean) from public, anon, authenticated;

comment on function private.require_seat(uuid, boolean) is
  'Fails with seat_limit when the firm is full; the caller holds the firm''s lock. Suspended '
  'members keep their seat.';

-- sql/20_firms/40_create_firm.sql

create function private.create_firm(
  p_name text, p_slug text, p_currency text, p_timezone text, p_locale text
) returns public.firms
language plpgsql security definer set search_path = '' as $$
declare
  v_user uuid := auth.uid();
  v_firm public.firms;
begin
  perform from public.profiles where id = v_user for no key update;
  if not found then
    perform private.fail('not_signed_in', 'Sign in to create a firm.', status => 401);
  end if;
  if (
    select count(*) >= 20
    from public.firm_members
    where user_id = v_user and role = 'owner'
  ) then
    perform private.fail(
      'firm_limit',
      'One person can own at most 20 firms.',
      hint => 'Hand a firm over with transfer_ownership, or leave it.',
      status => 409
    );
  end if;

  begin
    insert into public.firms (name, slug, currency, timezone, locale)
    values (p_name, p_slug, p_currency, p_timezone, p_locale)
    returning * into v_firm;
  exception when unique_violation then
    perform private.fail(
      'slug_taken', 'Another firm has this short name.', hint => 'Choose another slug.',
      status => 409
    );
  end;
  insert into public.firm_members (firm_id, user_id, role) values (v_firm.id, v_user, 'owner');
  return v_firm;
end
$$;

create function public.create_firm(
  name text,
  slug text,
  currency text default 'EUR',
  timezone text default 'UTC',
  locale text default 'en'
) returns public.firms
language sql security invoker set search_path = '' as $$
  select private.create_firm(name, slug, currency, timezone, locale)
$$;

revoke execute on function private.create_firm(text, text, text, text, text)
from public, anon, authenticated;
revoke execute on function public.create_firm(text, text, text, text, text)
from public, anon, authenticated;
grant execute on function private.create_firm(text, text, text, text, text) to authenticated;
grant execute on function public.create_firm(text, text, text, text, text) to authenticated;

comment on function private.create_firm(text, text, text, text, text) is
  'Definer of public.create_firm.';
comment on function public.create_firm(text, text, text, text, text) is
  'Creates a firm and makes the caller its owner. Errors: slug_taken, firm_limit.';

create function private.archive_firm(p_firm_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform private.lock_firm(p_firm_id, 'owner');
  update public.firms set archived_at = now() where id = p_firm_id;
end
$$;

create function public.archive_firm(firm_id uuid) returns void
language sql security invoker set search_path = '' as $$
  select private.archive_firm(firm_id)
$$;

revoke execute on function private.archive_firm(uuid) from public, anon, authenticated;
revoke execute on function public.archive_firm(uuid) from public, anon, authenticated;
grant execute on function private.archive_firm(uuid) to authenticated;
grant execute on function public.archive_firm(uuid) to authenticated;

comment on function private.archive_firm(uuid) is 'Definer of public.archive_firm.';
comment on function public.archive_firm(uuid) is
  'Closes a firm for everybody in it. Owners only; only the operator can open it again.';

-- sql/20_firms/50_invite.sql

create function private.renew_invitation_token(p_invitation_id uuid) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_token text := encode(extensions.gen_random_bytes(32), 'hex');
begin
  insert into private.invitation_tokens (invitation_id, token_hash)
  values (p_invitation_id, sha256(convert_to(v_token, 'UTF8')))
  on conflict (invitation_id) do update set token_hash = excluded.token_hash;
  perform private.notify_invitation(p_invitation_id, v_token);
  return v_token;
end
$$;

revoke execute on function private.renew_invitation_token(uuid) from public, anon, authenticated;

comment on function private.renew_invitation_token(uuid) is
  'Makes the only valid token of an invitation and mails it. Only its hash is kept.';

create function private.open_invitation(p_id uuid) returns public.invitations
language plpgsql security definer set search_path = '' as $$
declare
  v_invitation public.invitations;
  v_role text;
begin
  select * into v_invitation
  from public.invitations
  where id = p_id and firm_id = any (array(select private.firm_ids()));
  if not found then
    perform private.fail('invitation_not_found', 'There is no such invitation.', status => 404);
  end if;
  v_role := private.lock_firm(v_invitation.firm_id, 'admin');
  if private.role_rank(v_invitation.role) > private.role_rank(v_role) then
    perform private.fail('not_allowed', 'Only an owner invites owners.', status => 403);
  end if;

  select * into v_invitation from public.invitations where id = p_id for update;
  if v_invitation.accepted_at is not null then
    perform private.fail(
      'invitation_used', 'This invitation has been accepted already.', status => 409
    );
  elsif v_invitation.revoked_at is not null then
    perform private.fail(
      'invitation_revoked', 'This invitation was revoked.', hint => 'Invite the person again.',
      status => 409
    );
  end if;
  return v_invitation;
end
$$;

revoke execute on function private.open_invitation(uuid) from public, anon, authenticated;

comment on function private.open_invitation(uuid) is
  'An invitation that the caller may resend or revoke, locked together with its firm.';

create function private.invite_member(
  p_firm_id uuid, p_email text, p_role text, out id uuid, out token text, out expires_at timestamptz
)
language plpgsql security definer set search_path = '' as $$
declare
  v_email text := lower(btrim(p_email));
  v_role text := private.lock_firm(p_firm_id, 'admin');
begin
  if private.role_rank(p_role) > private.role_rank(v_role) then
    perform private.fail('not_allowed', 'Only an owner invites owners.', status => 403);
  end if;
  if exists (
    select from public.firm_members m
    join public.profiles p on p.id = m.user_id
    where m.firm_id = p_firm_id and lower(p.email) = v_email
  ) then
    perform private.fail(
      'already_member', 'This person is a member of the firm already.',
      hint => 'Use change_role or reinstate_member.', status => 409
    );
  end if;

  update public.invitations i
  set revoked_at = now()
  where i.firm_id = p_firm_id
    and i.email = v_email
    and i.accepted_at is null
    and i.revoked_at is null
    and i.expires_at <= now();
  if exists (
    select from public.invitations i
    where i.firm_id = p_firm_id
      and i.email = v_email
      and i.accepted_at is null
      and i.revoked_at is null
  ) then
    perform private.fail(
      'already_invited', 'This address has an open invitation.',
      hint => 'Use resend_invitation for a new token, or revoke_invitation.', status => 409
    );
  end if;
  perform private.require_seat(p_firm_id, p_with_invitations => true);

  insert into public.invitations as i (firm_id, email, role, invited_by, expires_at)
  values (p_firm_id, v_email, p_role, auth.uid(), now() + interval '7 days')
  returning i.id, i.expires_at into invite_member.id, invite_member.expires_at;
  token := private.renew_invitation_token(invite_member.id);
end
$$;

create function public.invite_member(
  firm_id uuid, email text, role text, out id uuid, out token text, out expires_at timestamptz
)
language sql security invoker set search_path = '' as $$
  select * from private.invite_member(firm_id, email, role)
$$;

revoke execute on function private.invite_member(uuid, text, text)
from public, anon, authenticated;
revoke execute on function public.invite_member(uuid, text, text)
from public, anon, authenticated;
grant execute on function private.invite_member(uuid, text, text) to authenticated;
grant execute on function public.invite_member(uuid, text, text) to authenticated;

comment on function private.invite_member(uuid, text, text) is 'Definer of public.invite_member.';
comment on function public.invite_member(uuid, text, text) is
  'Invites an address; the token is shown this once and lasts 7 days. Admins and owners, up to '
  'their own role. Errors: already_member, already_invited, seat_limit, too_many_invitations.';

create function private.resend_invitation(
  p_id uuid, out id uuid, out token text, out expires_at timestamptz
)
language plpgsql security definer set search_path = '' as $$
begin
  perform private.open_invitation(p_id);
  update public.invitations as i
  set expires_at = now() + interval '7 days', invited_by = auth.uid()
  where i.id = p_id
  returning i.id, i.expires_at into resend_invitation.id, resend_invitation.expires_at;
  token := private.renew_invitation_token(p_id);
end
$$;

create function public.resend_invitation(
  invitation_id uuid, out id uuid, out token text, out expires_at timestamptz
)
language sql security invoker set search_path = '' as $$
  select * from private.resend_invitation(invitation_id)
$$;

revoke execute on function private.resend_invitation(uuid) from public, anon, authenticated;
revoke execute on function public.resend_invitation(uuid) from public, anon, authenticated;
grant execute on function private.resend_invitation(uuid) to authenticated;
grant execute on function public.resend_invitation(uuid) to authenticated;

comment on function private.resend_invitation(uuid) is 'Definer of public.resend_invitation.';
comment on function public.resend_invitation(uuid) is
  'A new token and 7 more days for an open invitation; the old token is worthless from then on. '
  'Error: too_many_invitations.';

create function private.revoke_invitation(p_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform private.open_invitation(p_id);
  update public.invitations set revoked_at = now() where id = p_id;
end
$$;

create function public.revoke_invitation(invitation_id uuid) returns void
language sql security invoker set search_path = '' as $$
  select private.revoke_invitation(invitation_id)
$$;

revoke execute on function private.revoke_invitation(uuid) from public, anon, authenticated;
revoke execute on function public.revoke_invitation(uuid) from public, anon, authenticated;
grant execute on function private.revoke_invitation(uuid) to authenticated;
grant execute on function public.revoke_invitation(uuid) to authenticated;

comment on function private.revoke_invitation(uuid) is 'Definer of public.revoke_invitation.';
comment on function public.revoke_invitation(uuid) is 'Withdraws an open invitation.';

-- sql/20_firms/60_accept_invitation.sql

create function private.accept_invitation(p_token text) returns public.firm_members
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
  v_firm public.firms;
  v_invitation public.invitations;
  v_member public.firm_members;
begin
  select t.invitation_id into v_id
  from private.invitation_tokens t
  where t.token_hash = sha256(convert_to(p_token, 'UTF8'));

  -- The firm first and then the invitation, as everywhere: one of two simultaneous requests wins.
  select f.* into v_firm
  from public.firms f
  join public.invitations i on i.firm_id = f.id
  where i.id = v_id
  for no key update of f;
  select * into v_invitation from public.invitations where id = v_id for update;
  -- A wrong person learns nothing about the invitation, not even that it exists.
  if not found or not exists (
    select from auth.users u
    where u.id = auth.uid()
      and lower(u.email) = v_invitation.email
      and u.email_confirmed_at is not null
  ) then
    perform private.fail(
      'invitation_not_found',
      'This invitation does not exist, or it was sent to another address.',
      hint => 'Sign in with the address that was invited, and confirm it.',
      status => 404
    );
  elsif v_invitation.accepted_at is not null then
    perform private.fail(
      'invitation_used', 'This invitation has been accepted already.', status => 409
    );
  elsif
    v_invitation.revoked_at is not null
    or v_invitation.expires_at <= now()
    or v_firm.status <> 'active'
    or v_firm.archived_at is not null
    or not exists (
      select from public.firm_members m
      where m.firm_id = v_firm.id
        and m.user_id = v_invitation.invited_by
        and m.status = 'active'
        and private.role_rank(m.role) >= private.role_rank('admin')
        and private.role_rank(m.role) >= private.role_rank(v_invitation.role)
    )
  then
    perform private.fail(
      'invitation_expired', 'This invitation is no longer valid.',
      hint => 'Ask the firm for a new one.', status => 410
    );
  end if;

  select * into v_member
  from public.firm_members
  where firm_id = v_firm.id and user_id = auth.uid();
  if found then
    perform private.fail(
      'already_member', 'You belong to this firm already.',
      hint => 'If you cannot see it, your membership is suspended: ask an owner or an admin.',
      status => 409
    );
  end if;
  perform private.require_seat(v_firm.id, p_with_invitations => false);

  insert into public.firm_members (firm_id, user_id, role)
  values (v_firm.id, auth.uid(), v_invitation.role)
  returning * into v_member;
  update public.invitations set accepted_at = now(), accepted_by = auth.uid() where id = v_id;
  return v_member;
end
$$;

create function public.accept_invitation(token text) returns public.firm_members
language sql security invoker set search_path = '' as $$
  select private.accept_invitation(token)
$$;

revoke execute on function private.accept_invitation(text) from public, anon, authenticated;
revoke execute on function public.accept_invitation(text) from public, anon, authenticated;
grant execute on function private.accept_invitation(text) to authenticated;
grant execute on function public.accept_invitation(text) to authenticated;

comment on function private.accept_invitation(text) is 'Definer of public.accept_invitation.';
comment on function public.accept_invitation(text) is
  'Joins the firm that invited the caller''s confirmed address. Errors: invitation_not_found, '
  'invitation_used, invitation_expired, already_member, seat_limit.';

-- sql/20_firms/70_members.sql

create function private.lock_member(p_firm_id uuid, p_user_id uuid) returns public.firm_members
language plpgsql security definer set search_path = '' as $$
declare
  v_role text := private.lock_firm(p_firm_id, 'admin');
  v_member public.firm_members;
begin
  select * into v_member
  from public.firm_members
  where firm_id = p_firm_id and user_id = p_user_id;
  if not found then
    perform private.fail(
      'member_not_found', 'This person is not a member of the firm.', status => 404
    );
  end if;
  if private.role_rank(v_role) >= private.role_rank(v_member.role) then
    return v_member;
  end if;
  perform private.fail(
    'not_allowed', 'Only an owner changes the membership of an owner.', status => 403
  );
end
$$;

revoke execute on function private.lock_member(uuid, uuid) from public, anon, authenticated;

comment on function private.lock_member(uuid, uuid) is
  'A member whom the caller may change, with the firm locked. Admins never touch owners.';

create function private.change_role(p_firm_id uuid, p_user_id uuid, p_role text)
returns public.firm_members
language plpgsql security definer set search_path = '' as $$
declare
  v_member public.firm_members := private.lock_member(p_firm_id, p_user_id);
begin
  if private.role_rank(p_role) > private.role_rank(private.role_in(p_firm_id)) then
    perform private.fail('not_allowed', 'Only an owner makes owners.', status => 403);
  end if;
  update public.firm_members
  set role = p_role
  where firm_id = p_firm_id and user_id = p_user_id
  returning * into v_member;
  return v_member;
end
$$;

create function public.change_role(firm_id uuid, user_id uuid, role text)
returns public.firm_members
language sql security invoker set search_path = '' as $$
  select private.change_role(firm_id, user_id, role)
$$;

revoke execute on function private.change_role(uuid, uuid, text)
from public, anon, authenticated;
revoke execute on function public.change_role(uuid, uuid, text) from public, anon, authenticated;
grant execute on function private.change_role(uuid, uuid, text) to authenticated;
grant execute on function public.change_role(uuid, uuid, text) to authenticated;

comment on function private.change_role(uuid, uuid, text) is 'Definer of public.change_role.';
comment on function public.change_role(uuid, uuid, text) is
  'Gives a member another role. Admins and owners, up to their own role. Errors: '
  'member_not_found, not_allowed, last_owner.';

create function private.set_member_status(p_firm_id uuid, p_user_id uuid, p_status text)
returns public.firm_members
language plpgsql security definer set search_path = '' as $$
declare
  v_member public.firm_members := private.lock_member(p_firm_id, p_user_id);
begin
  update public.firm_members
  set status = p_status
  where firm_id = p_firm_id and user_id = p_user_id
  returning * into v_member;
  return v_member;
end
$$;

create function public.suspend_member(firm_id uuid, user_id uuid) returns public.firm_members
language sql security invoker set search_path = '' as $$
  select private.set_member_status(firm_id, user_id, 'suspended')
$$;

create function public.reinstate_member(firm_id uuid, user_id uuid) returns public.firm_members
language sql security invoker set search_path = '' as $$
  select private.set_member_status(firm_id, user_id, 'active')
$$;

revoke execute on function private.set_member_status(uuid, uuid, text)
from public, anon, authenticated;
revoke execute on function public.suspend_member(uuid, uuid) from public, anon, authenticated;
revoke execute on function public.reinstate_member(uuid, uuid) from public, anon, authenticated;
grant execute on function private.set_member_status(uuid, uuid, text) to authenticated;
grant execute on function public.suspend_member(uuid, uuid) to authenticated;
grant execute on function public.reinstate_member(uuid, uuid) to authenticated;

comment on function private.set_member_status(uuid, uuid, text) is
  'Definer of public.suspend_member and public.reinstate_member.';
comment on function public.suspend_member(uuid, uuid) is
  'Takes every right from a member at once and keeps the seat. Errors: member_not_found, '
  'not_allowed, last_owner.';
comment on function public.reinstate_member(uuid, uuid) is 'Ends a suspension.';

create function private.remove_member(p_firm_id uuid, p_user_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform private.lock_member(p_firm_id, p_user_id);
  delete from public.firm_members where firm_id = p_firm_id and user_id = p_user_id;
end
$$;

create function public.remove_member(firm_id uuid, user_id uuid) returns void
language sql security invoker set search_path = '' as $$
  select private.remove_member(firm_id, user_id)
$$;

revoke execute on function private.remove_member(uuid, uuid) from public, anon, authenticated;
revoke execute on function public.remove_member(uuid, uuid) from public, anon, authenticated;
grant execute on function private.remove_member(uuid, uuid) to authenticated;
grant execute on function public.remove_member(uuid, uuid) to authenticated;

comment on function private.remove_member(uuid, uuid) is 'Definer of public.remove_member.';
comment on function public.remove_member(uuid, uuid) is
  'Ends a membership. What the person made stays. Errors: member_not_found, not_allowed, '
  'last_owner.';

-- sql/20_firms/80_leave_firm.sql

create function private.leave_firm(p_firm_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  -- A suspended member stays: leaving and coming back would be a way out of the suspension.
  perform private.lock_firm(p_firm_id, 'viewer');
  delete from public.firm_members where firm_id = p_firm_id and user_id = auth.uid();
end
$$;

create function public.leave_firm(firm_id uuid) returns void
language sql security invoker set search_path = '' as $$
  select private.leave_firm(firm_id)
$$;

revoke execute on function private.leave_firm(uuid) from public, anon, authenticated;
revoke execute on function public.leave_firm(uuid) from public, anon, authenticated;
grant execute on function private.leave_firm(uuid) to authenticated;
grant execute on function public.leave_firm(uuid) to authenticated;

comment on function private.leave_firm(uuid) is 'Definer of public.leave_firm.';
comment on function public.leave_firm(uuid) is
  'Ends the caller''s own membership. Error: last_owner.';

create function private.transfer_ownership(p_firm_id uuid, p_user_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform private.lock_firm(p_firm_id, 'owner');
  if p_user_id = auth.uid() then
    perform private.fail('already_owner', 'You own this firm already.', status => 409);
  end if;
  update public.firm_members
  set role = 'owner'
  where firm_id = p_firm_id and user_id = p_user_id and status = 'active';
  if not found then
    perform private.fail(
      'member_not_found', 'Ownership goes to an active member of the firm only.', status => 404
    );
  end if;
  update public.firm_members
  set role = 'admin'
  where firm_id = p_firm_id and user_id = auth.uid();
end
$$;

create function public.transfer_ownership(firm_id uuid, user_id uuid) returns void
language sql security invoker set search_path = '' as $$
  select private.transfer_ownership(firm_id, user_id)
$$;

revoke execute on function private.transfer_ownership(uuid, uuid)
from public, anon, authenticated;
revoke execute on function public.transfer_ownership(uuid, uuid) from public, anon, authenticated;
grant execute on function private.transfer_ownership(uuid, uuid) to authenticated;
grant execute on function public.transfer_ownership(uuid, uuid) to authenticated;

comment on function private.transfer_ownership(uuid, uuid) is
  'Definer of public.transfer_ownership.';
comment on function public.transfer_ownership(uuid, uuid) is
  'Makes an active member an owner and the caller, an owner, an admin. Errors: member_not_found, '
  'already_owner.';

-- sql/30_companies/10_companies.sql

create table public.companies (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  name text not null,
  legal_name text,
  registration_no text,
  tax_id text,
  website text,
  industry text,
  country text,
  address text,
  status text not null default 'lead',
  owner_id uuid,
  external_ref text,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  unique (firm_id, id),
  constraint companies_owner_id_fkey foreign key (firm_id, owner_id)
  references public.firm_members (firm_id, user_id) on delete set null (owner_id),
  constraint companies_name_length check (char_length(btrim(name)) between 1 and 200),
  constraint companies_name_line check (name !~ '[[:cntrl:]]'),
  constraint companies_legal_name_length check (char_length(legal_name) <= 200),
  constraint companies_registration_no_length check (char_length(registration_no) <= 64),
  constraint companies_tax_id_length check (char_length(tax_id) between 1 and 64),
  constraint companies_website_form
  check (website ~ '^https?://[^\s<>"]+$' and char_length(website) <= 500),
  constraint companies_industry_length check (char_length(industry) <= 100),
  constraint companies_country_form check (country ~ '^[A-Z]{2}$'),
  constraint companies_address_length check (char_length(address) <= 500),
  constraint companies_status_known check (status in ('lead', 'active', 'inactive')),
  constraint companies_external_ref_length check (char_length(external_ref) between 1 and 200)
);

create unique index companies_firm_id_tax_id_idx on public.companies (firm_id, tax_id)
where archived_at is null;
create unique index companies_firm_id_external_ref_idx
on public.companies (firm_id, external_ref) where archived_at is null;
create index companies_firm_id_status_idx on public.companies (firm_id, status);
create index companies_firm_id_owner_id_idx on public.companies (firm_id, owner_id);
create index companies_firm_id_created_at_idx
on public.companies (firm_id, created_at desc, id);

create trigger companies_archive before update on public.companies
for each row execute function private.guard_archive('manager');

create trigger companies_stamp before insert or update on public.companies
for each row execute function private.stamp();

alter table public.companies enable row level security;

create policy companies_select on public.companies for select to authenticated
using (firm_id = any (array(select private.firm_ids())));

create policy companies_insert on public.companies for insert to authenticated
with check (firm_id = any (array(select private.firm_ids('member'))));

create policy companies_update on public.companies for update to authenticated
using (firm_id = any (array(select private.firm_ids('member'))))
with check (firm_id = any (array(select private.firm_ids('member'))));

revoke all on public.companies from public, anon, authenticated, service_role;
grant select on public.companies to authenticated, service_role;
grant insert (
  firm_id, name, legal_name, registration_no, tax_id, website, industry, country, address,
  status, owner_id, external_ref
) on public.companies to authenticated;
grant update (
  name, legal_name, registration_no, tax_id, website, industry, country, address,
  status, owner_id, external_ref, archived_at
) on public.companies to authenticated;

comment on table public.companies is
  'Clients and prospects. Members write them; managers archive and restore them.';
comment on column public.companies.country is 'ISO 3166-1 alpha-2 code.';
comment on column public.companies.owner_id is
  'The member of the firm who looks after the company.';
comment on column public.companies.external_ref is
  'Key of the company in another system; unique in the firm.';
comment on column public.companies.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';

-- sql/40_consultants/10_consultants.sql

create table public.consultants (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
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

create unique index consultants_firm_id_external_ref_idx
on public.consultants (firm_id, external_ref) where archived_at is null;
create index consultants_firm_id_status_idx on public.consultants (firm_id, status);
create index consultants_firm_id_created_at_idx
on public.consultants (firm_id, created_at desc, id);

create trigger consultants_archive before update on public.consultants
for each row execute function private.guard_archive('manager');

create trigger consultants_stamp before insert or update on public.consultants
for each row execute function private.stamp();

alter table public.consultants enable row level security;

create policy consultants_select on public.consultants for select to authenticated
using (firm_id = any (array(select private.firm_ids())));

create policy consultants_insert on public.consultants for insert to authenticated
with check (firm_id = any (array(select private.firm_ids('manager'))));

create policy consultants_update on public.consultants for update to authenticated
using (firm_id = any (array(select private.firm_ids('manager'))))
with check (firm_id = any (array(select private.firm_ids('manager'))));

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
  'The people a firm sends to its clients. Everybody in the firm reads them; managers write them.';
comment on column public.consultants.skills is 'Free tags, at most 100.';
comment on column public.consultants.available_from is 'First free day, in the firm''s time zone.';
comment on column public.consultants.external_ref is
  'Key of the person in another system; unique in the firm.';
comment on column public.consultants.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';

-- sql/50_contracts/10_contracts.sql

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
  signed_at timestamptz,
  terminated_at timestamptz,
  reason text,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  unique (firm_id, id),
  constraint contracts_number_key unique (firm_id, number),
  constraint contracts_company_id_fkey foreign key (firm_id, company_id)
  references public.companies (firm_id, id),
  constraint contracts_consultant_id_fkey foreign key (firm_id, consultant_id)
  references public.consultants (firm_id, id),
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
  constraint contracts_signed_at_known
  check (status not in ('signed', 'active', 'expired', 'terminated') or signed_at is not null),
  constraint contracts_termination_known
  check ((status = 'terminated') = (terminated_at is not null)),
  constraint contracts_reason_length check (char_length(btrim(reason)) between 1 and 2000),
  constraint contracts_reason_required check (status <> 'terminated' or reason is not null)
);

create index contracts_firm_id_status_ends_on_idx
on public.contracts (firm_id, status, ends_on);
create index contracts_firm_id_company_id_idx on public.contracts (firm_id, company_id);
create index contracts_firm_id_consultant_id_idx on public.contracts (firm_id, consultant_id);
create index contracts_firm_id_created_at_idx
on public.contracts (firm_id, created_at desc, id);
create index contracts_signed_starts_on_idx on public.contracts (starts_on)
where status = 'signed';
create index contracts_active_ends_on_idx on public.contracts (ends_on)
where status = 'active';

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
  -- Every other column is a term, one added later too.
  c_free constant text[] := array[
    'status', 'signed_at', 'terminated_at', 'reason', 'archived_at', 'updated_at', 'updated_by'
  ];
begin
  if old.status <> 'draft' and to_jsonb(new) - c_free <> to_jsonb(old) - c_free then
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
  currency, value_cap
) on public.contracts to authenticated;
grant update (
  title, kind, company_id, consultant_id, starts_on, ends_on, rate, rate_unit,
  currency, value_cap, archived_at
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
comment on column public.contracts.reason is 'Why the contract was terminated.';
comment on column public.contracts.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';

-- sql/50_contracts/20_contract_events.sql

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

-- sql/50_contracts/30_transition_contract.sql

create function private.contract_transitions(p_from text)
returns table (to_status text, min_role text)
language sql immutable set search_path = '' as $$
  select t.to_status, t.min_role
  from (
    values
    ('draft', 'in_review', 'manager'),
    ('in_review', 'sent', 'manager'),
    ('sent', 'signed', 'manager'),
    ('in_review', 'draft', 'manager'),
    ('sent', 'draft', 'manager'),
    ('draft', 'cancelled', 'manager'),
    ('in_review', 'cancelled', 'manager'),
    ('sent', 'cancelled', 'manager'),
    ('signed', 'cancelled', 'admin'),
    ('active', 'terminated', 'manager')
  ) as t (from_status, to_status, min_role)
  where t.from_status = p_from
$$;

revoke execute on function private.contract_transitions(text) from public, anon, authenticated;

comment on function private.contract_transitions(text) is
  'What people may turn a contract into, and the least role for it. signed to active to expired '
  'is the daily job''s.';

create function private.transition_contract(p_id uuid, p_to text, p_note text)
returns public.contracts
language plpgsql security definer set search_path = '' as $$
declare
  v_contract public.contracts;
  v_from text;
  v_min_role text;
begin
  select * into v_contract
  from public.contracts
  where id = p_id and firm_id = any (array(select private.firm_ids()))
  for update;
  if not found then
    perform private.fail('contract_not_found', 'There is no such contract.', status => 404);
  end if;
  perform private.require_role(v_contract.firm_id, 'manager');

  v_from := v_contract.status;
  select t.min_role into v_min_role
  from private.contract_transitions(v_from) t
  where t.to_status = p_to;
  if not found then
    perform private.fail(
      'illegal_transition',
      format('A contract that is %s cannot become %s.', v_from, coalesce(p_to, 'nothing')),
      hint => coalesce(
        (
          select 'It can become: ' || string_agg(t.to_status, ', ') || '.'
          from private.contract_transitions(v_from) t
        ),
        'Nobody can change it any more.'
      ),
      status => 409
    );
  end if;
  perform private.require_role(v_contract.firm_id, v_min_role);
  if p_to = 'terminated' and coalesce(btrim(p_note), '') = '' then
    perform private.fail(
      'reason_required', 'Terminating a contract needs a reason.',
      hint => 'Say why in the note.', status => 422
    );
  elsif p_to = 'in_review' and v_contract.starts_on is null then
    perform private.fail(
      'start_required', 'A contract leaves draft only with a first day.',
      hint => 'Set starts_on.', status => 422
    );
  end if;

  update public.contracts
  set
    status = p_to,
    signed_at = case when p_to = 'signed' then now() else signed_at end,
    terminated_at = case when p_to = 'terminated' then now() end,
    reason = case when p_to = 'terminated' then p_note end
  where id = p_id
  returning * into v_contract;
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, actor, note)
  values (v_contract.firm_id, p_id, v_from, p_to, auth.uid(), p_note);
  return v_contract;
end
$$;

create function public.transition_contract(id uuid, to_status text, note text default null)
returns public.contracts
language sql security invoker set search_path = '' as $$
  select private.transition_contract(id, to_status, note)
$$;

revoke execute on function private.transition_contract(uuid, text, text)
from public, anon, authenticated;
revoke execute on function public.transition_contract(uuid, text, text)
from public, anon, authenticated;
grant execute on function private.transition_contract(uuid, text, text) to authenticated;
grant execute on function public.transition_contract(uuid, text, text) to authenticated;

comment on function private.transition_contract(uuid, text, text) is
  'Definer of public.transition_contract.';
comment on function public.transition_contract(uuid, text, text) is
  'Moves a contract on and logs it. Managers; a signed one is cancelled by admins. Errors: '
  'illegal_transition, reason_required, start_required, archived.';

-- sql/50_contracts/40_advance_contracts.sql

create function private.advance_contracts(p_now timestamptz default now()) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_started integer;
  v_ended integer;
begin
  -- The widest date on earth bounds the index scan; the firm's own day decides.
  with due as (
    select c.id
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    where c.status = 'signed'
      and c.starts_on <= (p_now at time zone 'UTC')::date + 1
      and c.starts_on <= (p_now at time zone f.timezone)::date
    for update of c skip locked
  ), started as (
    update public.contracts c
    set status = 'active'
    from due
    where c.id = due.id
    returning c.firm_id, c.id
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status)
  select s.firm_id, s.id, 'signed', 'active'
  from started s;
  get diagnostics v_started = row_count;

  with due as (
    select c.id
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    where c.status = 'active'
      and c.ends_on < (p_now at time zone 'UTC')::date + 1
      and c.ends_on < (p_now at time zone f.timezone)::date
    for update of c skip locked
  ), ended as (
    update public.contracts c
    set status = 'expired'
    from due
    where c.id = due.id
    returning c.firm_id, c.id
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status)
  select e.firm_id, e.id, 'active', 'expired'
  from ended e;
  get diagnostics v_ended = row_count;
  return v_started + v_ended;
end
$$;

revoke execute on function private.advance_contracts(timestamptz) from public, anon, authenticated;

comment on function private.advance_contracts(timestamptz) is
  'Daily: signed contracts whose first day has come become active, active ones past their last '
  'day expired, by the firm''s own calendar. Any number of runs, however late, ends in the same '
  'state. Returns the changes.';

-- sql/60_files/10_bucket.sql

-- The one place for what may be uploaded and how large; begin_upload asks it too.
insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values (
  'firm-files',
  'firm-files',
  false,
  52428800,
  array[
    'application/pdf',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    'application/vnd.oasis.opendocument.text',
    'image/jpeg',
    'image/png',
    'image/webp',
    'text/csv',
    'text/plain'
  ]
)
on conflict (id) do update set
  public = excluded.public,
  file_size_limit = excluded.file_size_limit,
  allowed_mime_types = excluded.allowed_mime_types;

-- sql/60_files/20_files.sql

create table public.files (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  company_id uuid,
  consultant_id uuid,
  contract_id uuid,
  visibility text not null default 'firm',
  bucket text not null default 'firm-files',
  path text not null,
  name text not null,
  mime text not null,
  size_bytes bigint not null,
  sha256 text,
  status text not null default 'pending',
  reason text,
  detail text,
  upload_expires_at timestamptz not null default now() + interval '1 hour',
  page_count integer,
  word_count integer,
  text text,
  metadata jsonb not null default '{}',
  thumbnail_path text,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  unique (firm_id, id),
  constraint files_company_id_fkey foreign key (firm_id, company_id)
  references public.companies (firm_id, id),
  constraint files_consultant_id_fkey foreign key (firm_id, consultant_id)
  references public.consultants (firm_id, id),
  constraint files_contract_id_fkey foreign key (firm_id, contract_id)
  references public.contracts (firm_id, id),
  constraint files_path_key unique (path),
  constraint files_one_parent check (num_nonnulls(company_id, consultant_id, contract_id) <= 1),
  constraint files_visibility_known check (visibility in ('firm', 'managers')),
  constraint files_bucket_known check (bucket = 'firm-files'),
  constraint files_path_form check (path like firm_id || '/' || id || '/_%'),
  constraint files_name_form check (private.is_file_name(name)),
  constraint files_mime_length check (char_length(mime) between 1 and 255),
  constraint files_size_bytes_range check (size_bytes > 0),
  constraint files_sha256_form check (sha256 ~ '^[0-9a-f]{64}$'),
  constraint files_status_known
  check (status in ('pending', 'processing', 'ready', 'quarantined', 'failed')),
  constraint files_reason_length check (char_length(reason) <= 64),
  constraint files_reason_required
  check (status not in ('quarantined', 'failed') or reason is not null),
  constraint files_detail_length check (char_length(detail) <= 1000),
  constraint files_page_count_range check (page_count >= 0),
  constraint files_word_count_range check (word_count >= 0),
  constraint files_text_length check (char_length(text) <= 2000000),
  constraint files_metadata_object
  check (jsonb_typeof(metadata) = 'object' and pg_column_size(metadata) <= 16384),
  constraint files_thumbnail_path_form
  check (thumbnail_path = firm_id || '/' || id || '/.thumbnail.webp')
);

create index files_firm_id_status_idx on public.files (firm_id, status) include (size_bytes);
create index files_firm_id_company_id_idx on public.files (firm_id, company_id);
create index files_firm_id_consultant_id_idx on public.files (firm_id, consultant_id);
create index files_firm_id_contract_id_idx on public.files (firm_id, contract_id);
create index files_firm_id_created_at_idx on public.files (firm_id, created_at desc, id);
create unique index files_thumbnail_path_idx on public.files (thumbnail_path);
create index files_pending_upload_expires_at_idx on public.files (upload_expires_at)
where status = 'pending';

-- The update policy lets members touch their own files only, so a member is enough here.
create trigger files_archive before update on public.files
for each row execute function private.guard_archive('member');

create trigger files_stamp before insert or update on public.files
for each row execute function private.stamp();

alter table public.files enable row level security;

create policy files_select on public.files for select to authenticated
using (
  firm_id = any (array(select private.firm_ids('manager')))
  or (visibility = 'firm' and firm_id = any (array(select private.firm_ids())))
);

create policy files_update on public.files for update to authenticated
using (
  firm_id = any (array(select private.firm_ids('manager')))
  or (
    created_by = (select auth.uid())
    and visibility = 'firm'
    and firm_id = any (array(select private.firm_ids('member')))
  )
)
with check (
  firm_id = any (array(select private.firm_ids('manager')))
  or (
    created_by = (select auth.uid())
    and visibility = 'firm'
    and firm_id = any (array(select private.firm_ids('member')))
  )
);

revoke all on public.files from public, anon, authenticated, service_role;
grant select on public.files to authenticated, service_role;
grant update (name, visibility, archived_at) on public.files to authenticated;

alter publication supabase_realtime add table public.files;

comment on table public.files is
  'Documents of a company, a consultant, a contract, or the firm itself. Rows come from '
  'begin_upload; the object can be read once the status is ready.';
comment on column public.files.visibility is
  'firm: everybody in the firm; managers: managers and above only.';
comment on column public.files.path is 'Name of the object in the bucket: firm, file, safe name.';
comment on column public.files.name is 'The name people see; it may change.';
comment on column public.files.mime is 'As declared at first, as found once processed.';
comment on column public.files.status is
  'pending until uploaded, processing until the worker is done, then ready, quarantined or failed.';
comment on column public.files.reason is 'Stable code of why a file was quarantined or failed.';
comment on column public.files.detail is 'The same as a sentence for people.';
comment on column public.files.upload_expires_at is 'Until when the upload may begin.';
comment on column public.files.text is 'Plain text of the document, for search.';
comment on column public.files.metadata is
  'What the document says of itself (title, author, dates, pixels), and flags such as '
  'no_text_layer.';
comment on column public.files.thumbnail_path is 'Object of the preview in the same bucket.';
comment on column public.files.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';

-- sql/60_files/30_objects.sql

-- Rights on the objects follow the rows: who reads a row reads its object, once it is ready.

create function private.is_upload_intended(p_path text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from public.files f
    where f.path = p_path
      and f.status = 'pending'
      and f.upload_expires_at > now()
      and f.created_by = (select auth.uid())
      and f.firm_id in (select private.firm_ids('member'))
  );
end
$$;

revoke execute on function private.is_upload_intended(text) from public, anon, authenticated;
grant execute on function private.is_upload_intended(text) to authenticated;

comment on function private.is_upload_intended(text) is
  'Whether the caller asked for exactly this object with begin_upload and may still send it.';

create policy firm_files_insert on storage.objects for insert to authenticated
with check (bucket_id = 'firm-files' and private.is_upload_intended(name));

-- public.files applies its own policies to the caller here.
create policy firm_files_select on storage.objects for select to authenticated
using (
  bucket_id = 'firm-files'
  and (
    exists (select from public.files f where f.path = objects.name and f.status = 'ready')
    or exists (
      select from public.files f where f.thumbnail_path = objects.name and f.status = 'ready'
    )
  )
);

-- sql/60_files/40_begin_upload.sql

create function private.safe_name(p_name text) returns text
language sql immutable set search_path = '' as $$
  select coalesce(
    nullif(
      ltrim(
        right(
          regexp_replace(
            regexp_replace(normalize(p_name, nfkd), '[\u0300-\u036f]', '', 'g'),
            '[^A-Za-z0-9._-]+', '-', 'g'
          ),
          100
        ),
        '.-'
      ),
      ''
    ),
    'file'
  )
$$;

revoke execute on function private.safe_name(text) from public, anon, authenticated;

comment on function private.safe_name(text) is
  'A file name as the last part of an object''s path: ASCII, not hidden, at most 100 characters '
  'with the ending kept.';

create function private.begin_upload(
  p_firm_id uuid, p_name text, p_size_bytes bigint, p_mime text,
  p_company_id uuid, p_consultant_id uuid, p_contract_id uuid, p_visibility text
) returns public.files
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid := gen_random_uuid();
  v_bucket storage.buckets;
  v_file public.files;
  v_used bigint;
  v_open bigint;
begin
  perform private.require_role(
    p_firm_id, case p_visibility when 'managers' then 'manager' else 'member' end
  );
  select * into strict v_bucket from storage.buckets where id = 'firm-files';
  if not coalesce(private.is_file_name(p_name), false) then
    perform private.fail(
      'bad_name', 'This file name cannot be used.',
      hint => 'At most 255 bytes, no slashes, no control characters, not only dots.',
      status => 422
    );
  elsif coalesce(p_size_bytes, 0) <= 0 then
    perform private.fail('file_empty', 'The file is empty.', status => 422);
  elsif p_size_bytes > v_bucket.file_size_limit then
    perform private.fail(
      'file_too_large',
      format('A file can have at most %s MB.', v_bucket.file_size_limit / 1048576),
      status => 413
    );
  elsif not coalesce(p_mime = any (v_bucket.allowed_mime_types), false) then
    perform private.fail(
      'type_not_allowed', 'Files of this type cannot be uploaded.',
      hint => 'Allowed: ' || array_to_string(v_bucket.allowed_mime_types, ', '), status => 415
    );
  elsif num_nonnulls(p_company_id, p_consultant_id, p_contract_id) > 1 then
    perform private.fail(
      'one_parent', 'A file belongs to one company, consultant or contract, or to the firm.',
      status => 422
    );
  end if;

  perform private.lock_firm(p_firm_id, 'member');
  -- An upload that was given up, or announced smaller than it is, counts for the bytes that came.
  select
    coalesce(
      sum(
        case
          when f.status in ('processing', 'ready', 'quarantined') then f.size_bytes
          else greatest(
            case when f.status = 'pending' and f.upload_expires_at > now() then f.size_bytes end,
            (
              select (o.metadata ->> 'size')::bigint
              from storage.objects o
              where o.bucket_id = f.bucket and o.name = f.path
            )
          )
        end
      ),
      0
    ),
    count(*) filter (where f.status = 'pending' and f.upload_expires_at > now())
  into v_used, v_open
  from public.files f
  where f.firm_id = p_firm_id;
  if v_open >= 100 then
    perform private.fail(
      'too_many_uploads', 'The firm has 100 unfinished uploads.',
      hint => 'Finish or cancel some; they expire after an hour.', status => 429
    );
  elsif v_used + p_size_bytes > (select storage_quota_bytes from public.firms where id = p_firm_id)
  then
    perform private.fail(
      'storage_quota', 'The firm''s storage is full.',
      hint => 'Ask for more storage.', status => 409
    );
  end if;

  insert into public.files (
    id, firm_id, company_id, consultant_id, contract_id, visibility, path, name, mime, size_bytes
  )
  values (
    v_id, p_firm_id, p_company_id, p_consultant_id, p_contract_id, p_visibility,
    p_firm_id || '/' || v_id || '/' || private.safe_name(p_name), p_name, p_mime, p_size_bytes
  )
  returning * into v_file;
  return v_file;
exception when foreign_key_violation then
  perform private.fail(
    'parent_not_found', 'The firm has no such company, consultant or contract.', status => 404
  );
end
$$;

create function public.begin_upload(
  firm_id uuid,
  name text,
  size_bytes bigint,
  mime text,
  company_id uuid default null,
  consultant_id uuid default null,
  contract_id uuid default null,
  visibility text default 'firm'
) returns public.files
language sql security invoker set search_path = '' as $$
  select private.begin_upload(
    firm_id, name, size_bytes, mime, company_id, consultant_id, contract_id, visibility
  )
$$;

revoke execute on function
private.begin_upload(uuid, text, bigint, text, uuid, uuid, uuid, text),
public.begin_upload(uuid, text, bigint, text, uuid, uuid, uuid, text)
from public, anon, authenticated;
grant execute on function
private.begin_upload(uuid, text, bigint, text, uuid, uuid, uuid, text),
public.begin_upload(uuid, text, bigint, text, uuid, uuid, uuid, text)
to authenticated;

comment on function private.begin_upload(uuid, text, bigint, text, uuid, uuid, uuid, text) is
  'Definer of public.begin_upload.';
comment on function public.begin_upload(uuid, text, bigint, text, uuid, uuid, uuid, text) is
  'First step of an upload: checks rights, name, type, size and quota and returns the file row, '
  'whose bucket and path the caller may upload to within an hour. Then call finish_upload. '
  'Members; visibility managers needs a manager. Errors: bad_name, file_empty, file_too_large, '
  'type_not_allowed, one_parent, parent_not_found, storage_quota, too_many_uploads.';

-- sql/60_files/50_finish_upload.sql

create function private.lock_upload(p_file_id uuid) returns public.files
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files;
begin
  select * into v_file
  from public.files
  where id = p_file_id
    and created_by = auth.uid()
    -- The row is returned: to nobody who could not read it otherwise.
    and firm_id = any (
      array(select private.firm_ids(case visibility when 'firm' then 'member' else 'manager' end))
    )
  for update;
  if not found then
    perform private.fail('upload_not_found', 'You began no such upload.', status => 404);
  end if;
  return v_file;
end
$$;

revoke execute on function private.lock_upload(uuid) from public, anon, authenticated;

comment on function private.lock_upload(uuid) is 'A file the caller began to upload, locked.';

create function private.receive_file(p_file public.files) returns public.files
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files;
begin
  update public.files set status = 'processing' where id = p_file.id returning * into v_file;
  perform private.enqueue(
    kind => 'file.process',
    payload => jsonb_build_object('file_id', p_file.id),
    firm_id => p_file.firm_id,
    unique_key => 'file.process:' || p_file.id
  );
  return v_file;
end
$$;

revoke execute on function private.receive_file(public.files) from public, anon, authenticated;

comment on function private.receive_file(public.files) is
  'Hands an uploaded file to the worker.';

create function private.finish_upload(p_file_id uuid) returns public.files
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files := private.lock_upload(p_file_id);
  v_size bigint;
begin
  -- Said twice is no error: the first answer may have been lost on the way.
  if v_file.status in ('processing', 'ready', 'quarantined') then
    return v_file;
  elsif v_file.status = 'failed' then
    perform private.fail(
      'upload_closed', 'This upload was cancelled or has expired.',
      hint => 'Begin a new one.', status => 409
    );
  end if;
  select (o.metadata ->> 'size')::bigint into v_size
  from storage.objects o
  where o.bucket_id = v_file.bucket and o.name = v_file.path;
  if not found then
    perform private.fail(
      'object_missing', 'Nothing has been uploaded yet.',
      hint => 'Upload the file to the bucket and path that begin_upload returned.', status => 409
    );
  elsif v_size is distinct from v_file.size_bytes then
    perform private.fail(
      'size_mismatch',
      format('%s bytes were announced and %s arrived.', v_file.size_bytes, v_size),
      hint => 'Cancel this upload and begin a new one.', status => 409
    );
  end if;
  return private.receive_file(v_file);
end
$$;

create function public.finish_upload(file_id uuid) returns public.files
language sql security invoker set search_path = '' as $$
  select private.finish_upload(file_id)
$$;

revoke execute on function private.finish_upload(uuid) from public, anon, authenticated;
revoke execute on function public.finish_upload(uuid) from public, anon, authenticated;
grant execute on function private.finish_upload(uuid) to authenticated;
grant execute on function public.finish_upload(uuid) to authenticated;

comment on function private.finish_upload(uuid) is 'Definer of public.finish_upload.';
comment on function public.finish_upload(uuid) is
  'Last step of an upload: hands the file to the worker; it can be read once its status is ready.'
  ' Errors: upload_not_found, upload_closed, object_missing, size_mismatch.';

create function private.cancel_upload(p_file_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files := private.lock_upload(p_file_id);
begin
  if v_file.status <> 'pending' then
    perform private.fail(
      'upload_closed', 'This upload is over already.',
      hint => 'Archive the file instead.', status => 409
    );
  end if;
  update public.files
  set status = 'failed', reason = 'upload_cancelled', archived_at = now()
  where id = p_file_id;
end
$$;

create function public.cancel_upload(file_id uuid) returns void
language sql security invoker set search_path = '' as $$
  select private.cancel_upload(file_id)
$$;

revoke execute on function private.cancel_upload(uuid) from public, anon, authenticated;
revoke execute on function public.cancel_upload(uuid) from public, anon, authenticated;
grant execute on function private.cancel_upload(uuid) to authenticated;
grant execute on function public.cancel_upload(uuid) to authenticated;

comment on function private.cancel_upload(uuid) is 'Definer of public.cancel_upload.';
comment on function public.cancel_upload(uuid) is
  'Gives up an upload that was begun and frees what it reserved, unless its bytes have arrived. '
  'Errors: upload_not_found, '
  'upload_closed.';

-- sql/60_files/60_sweep_uploads.sql

create function private.sweep_uploads() returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files;
  v_swept integer := 0;
begin
  for v_file in
    select *
    from public.files
    where status = 'pending' and upload_expires_at <= now()
    for update skip locked
  loop
    if exists (
      select from storage.objects o
      where o.bucket_id = v_file.bucket
        and o.name = v_file.path
        and (o.metadata ->> 'size')::bigint = v_file.size_bytes
    ) then
      perform private.receive_file(v_file);
    else
      update public.files
      set status = 'failed', reason = 'upload_expired', detail = 'The upload was never finished.'
      where id = v_file.id;
    end if;
    v_swept := v_swept + 1;
  end loop;
  return v_swept;
end
$$;

revoke execute on function private.sweep_uploads() from public, anon, authenticated;

comment on function private.sweep_uploads() is
  'Closes intents past their hour: what did arrive goes to the worker, the rest fails. Returns '
  'how many.';

-- sql/70_jobs/10_schema_version.sql

-- Raise it, here and in edge_jobs/__init__.py, when a change breaks code that runs outside the
-- database: a runner that was built for another number then gets no jobs and says so.
create function private.schema_version() returns integer
language sql
immutable
set search_path = ''
return 1;

create function public.schema_version() returns integer
language sql
stable
set search_path = ''
return private.schema_version();

revoke execute on function private.schema_version() from public, anon, authenticated;
revoke execute on function public.schema_version() from public, anon, authenticated;
grant execute on function private.schema_version() to service_role;
grant execute on function public.schema_version() to service_role;

comment on function private.schema_version() is
'The number the code outside the database must have been built for.';
comment on function public.schema_version() is
'The number the code outside the database must have been built for.';

-- sql/70_jobs/20_queues.sql

-- Three physical queues instead of a priority column: a claim stays one walk along (vt).
create extension if not exists pgmq;

select pgmq.create('jobs_high');
select pgmq.create('jobs_default');
select pgmq.create('jobs_low');

-- Clients reach jobs only through the functions that check their rights, and so does the secret
-- key: nobody but the owner of those functions touches the tables.
alter table pgmq.q_jobs_high enable row level security;
alter table pgmq.a_jobs_high enable row level security;
alter table pgmq.q_jobs_default enable row level security;
alter table pgmq.a_jobs_default enable row level security;
alter table pgmq.q_jobs_low enable row level security;
alter table pgmq.a_jobs_low enable row level security;

revoke all on pgmq.q_jobs_high, pgmq.q_jobs_default, pgmq.q_jobs_low
from public, anon, authenticated, service_role;
revoke all on pgmq.a_jobs_high, pgmq.a_jobs_default, pgmq.a_jobs_low
from public, anon, authenticated, service_role;

-- sql/70_jobs/30_job_keys.sql

-- A job with a unique key holds its row here until it ends. The row names its message, so a key
-- whose message is gone (a purged queue) holds nothing and the next enqueue takes it over.
create table private.job_keys (
  kind text not null,
  key text not null check (char_length(key) between 1 and 200),
  queue text not null,
  msg_id bigint,
  primary key (kind, key)
);

alter table private.job_keys enable row level security;

create policy job_keys_nobody on private.job_keys
as restrictive for all to anon, authenticated
using (false);

revoke all on private.job_keys from public, anon, authenticated, service_role;

comment on table private.job_keys is 'The unique keys of the jobs that are queued or running.';

-- sql/70_jobs/31_dead_jobs.sql

create table private.dead_jobs (
  queue text not null,
  msg_id bigint not null,
  kind text not null,
  payload jsonb not null,
  firm_id uuid,
  unique_key text,
  code text not null,
  error text not null,
  attempts integer not null,
  history jsonb not null,
  enqueued_at timestamptz not null,
  died_at timestamptz not null default now(),
  primary key (queue, msg_id)
);

alter table private.dead_jobs enable row level security;

create policy dead_jobs_nobody on private.dead_jobs
as restrictive for all to anon, authenticated
using (false);

revoke all on private.dead_jobs from public, anon, authenticated, service_role;

comment on table private.dead_jobs is
'Jobs that nobody will run again by themselves: payload, last error and the history of attempts.';
comment on column private.dead_jobs.history is
'One object for each failed attempt: at, attempt, worker, code, error.';

-- sql/70_jobs/32_job_clock.sql

create table private.job_clock (
  only_row boolean primary key default true check (only_row),
  ticked_at timestamptz not null
);

alter table private.job_clock enable row level security;

create policy job_clock_nobody on private.job_clock
as restrictive for all to anon, authenticated
using (false);

revoke all on private.job_clock from public, anon, authenticated, service_role;

comment on table private.job_clock is 'When the work that is due by the clock was last looked for.';

-- sql/70_jobs/40_jobs.sql

-- What a message is, said once. In `message`: kind, payload, firm_id, key (both may be absent),
-- failures (attempts that failed), settled (read_ct at the last outcome that was reported) and
-- history. pgmq before 1.5 has no headers, so all of it lives there. The state follows: a message
-- that was read since its last outcome is held by a runner until vt, else it waits for vt.
create view private.jobs
with (security_invoker = true) as
with messages as (
  select 'high' as priority, msg_id, read_ct, enqueued_at, vt, message from pgmq.q_jobs_high
  union all
  select 'default' as priority, msg_id, read_ct, enqueued_at, vt, message from pgmq.q_jobs_default
  union all
  select 'low' as priority, msg_id, read_ct, enqueued_at, vt, message from pgmq.q_jobs_low
)

select
  priority || ':' || msg_id as id,
  priority,
  message ->> 'kind' as kind,
  case
    when vt <= now() then 'ready'
    when read_ct > coalesce((message ->> 'settled')::integer, 0) then 'running'
    else 'waiting'
  end as state,
  coalesce((message ->> 'failures')::integer, 0)
  + read_ct - coalesce((message ->> 'settled')::integer, 0) as attempts,
  (message ->> 'firm_id')::uuid as firm_id,
  enqueued_at,
  vt as due_at,
  message -> 'payload' as payload,
  coalesce(message -> 'history', '[]') as history
from messages
union all
select
  substr(queue, 6) || ':' || msg_id as id,
  substr(queue, 6) as priority,
  kind,
  'dead' as state,
  attempts,
  firm_id,
  enqueued_at,
  died_at as due_at,
  payload,
  history
from private.dead_jobs;

revoke all on private.jobs from public, anon, authenticated, service_role;

comment on view private.jobs is
'Every job that is queued, running or dead. due_at: when it may run, its lease ends, or it died.';

-- sql/70_jobs/50_enqueue.sql

create function private.enqueue(
  kind text,
  payload jsonb default '{}',
  firm_id uuid default null,
  unique_key text default null,
  delay interval default '0',
  priority text default 'default'
) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  queue constant text := 'jobs_' || enqueue.priority;
  message jsonb;
  holder private.job_keys;
  id bigint;
begin
  if enqueue.kind is null or enqueue.kind !~ '^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$' then
    perform private.fail(code => 'invalid_kind',
      message => format('"%s" is not a kind of job.', enqueue.kind),
      hint => 'A kind is two lower-case words and a dot: file.process.', status => 400);
  end if;
  if enqueue.priority is null or enqueue.priority not in ('high', 'default', 'low') then
    perform private.fail(code => 'invalid_priority',
      message => format('"%s" is not a priority.', enqueue.priority),
      hint => 'Use high, default or low.', status => 400);
  end if;
  if jsonb_typeof(enqueue.payload) is distinct from 'object' then
    perform private.fail(code => 'invalid_payload',
      message => 'The payload of a job is a JSON object.',
      hint => 'Name each value: {"file_id": "…"}.', status => 400);
  end if;
  if octet_length(enqueue.payload::text) > 262144 then
    perform private.fail(code => 'payload_too_large',
      message => 'The payload of a job is at most 256 kB.',
      hint => 'Store the data and put its id into the payload.', status => 413);
  end if;

  message := jsonb_build_object('kind', enqueue.kind, 'payload', enqueue.payload);
  if enqueue.firm_id is not null then
    message := message || jsonb_build_object('firm_id', enqueue.firm_id);
  end if;
  if enqueue.unique_key is not null then
    message := message || jsonb_build_object('key', enqueue.unique_key);
    loop
      insert into private.job_keys (kind, key, queue)
      values (enqueue.kind, enqueue.unique_key, queue)
      on conflict do nothing;
      exit when found;
      select k.* into holder from private.job_keys as k
      where k.kind = enqueue.kind and k.key = enqueue.unique_key
      for update;
      continue when not found;
      if private.job_is_queued(holder.queue, holder.msg_id) then
        return null;
      end if;
      delete from private.job_keys as k
      where k.kind = enqueue.kind and k.key = enqueue.unique_key;
    end loop;
  end if;

  id := pgmq.send(queue, message, greatest(0, ceil(extract(epoch from enqueue.delay)))::integer);
  if enqueue.unique_key is not null then
    update private.job_keys as k set msg_id = id
    where k.kind = enqueue.kind and k.key = enqueue.unique_key;
  end if;
  return id;
end
$$;

create function private.job_is_queued(queue text, id bigint) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  queued boolean;
begin
  execute format('select exists (select from pgmq.%I as q where q.msg_id = $1)', 'q_' || queue)
  into queued using id;
  return queued;
end
$$;

revoke execute on function private.enqueue(text, jsonb, uuid, text, interval, text)
from public, anon, authenticated, service_role;
revoke execute on function private.job_is_queued(text, bigint)
from public, anon, authenticated, service_role;

comment on function private.enqueue(text, jsonb, uuid, text, interval, text) is
'Queues a job in the caller''s transaction. Returns its message id, or null when a job of this kind
with this unique key is queued or running already.';
comment on function private.job_is_queued(text, bigint) is
'Whether the message is still in its queue.';

-- sql/70_jobs/60_claim.sql

-- Not pgmq.read: that orders by msg_id and compares vt with a volatile clock, so it walks past
-- every delayed job. Here the time is a parameter and the walk along the vt index ends by itself.
-- The settings keep the plan at depth, where the planner would turn to a hash join and a full scan.
create function private.jobs_claim(
  queue text, qty integer, lease interval, at timestamptz, worker text
) returns jsonb
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  -- Runners lost in a row without a word. More, and it is the job that takes them down.
  lost_limit constant integer := 5;
  jobs jsonb;
  crashing jsonb;
begin
  execute format($claim$
    with claimed as (
      update pgmq.%1$I as q set vt = $1 + $2, read_ct = q.read_ct + 1
      where q.msg_id = any (array(
        select due.msg_id from pgmq.%1$I as due
        where due.vt <= $1
        order by due.vt
        limit $3
        for update skip locked
      ))
      returning q.msg_id, q.read_ct, q.message,
        q.read_ct - coalesce((q.message ->> 'settled')::integer, 0) as unsettled
    )
    select
      jsonb_agg(jsonb_build_object(
        'queue', $5, 'id', msg_id, 'read', read_ct,
        'attempt', unsettled + coalesce((message ->> 'failures')::integer, 0),
        'kind', message -> 'kind', 'payload', message -> 'payload', 'firm_id', message -> 'firm_id'
      ) order by msg_id) filter (where unsettled <= $4),
      jsonb_agg(jsonb_build_object(
        'id', msg_id, 'read', read_ct, 'outcome', 'dead', 'code', 'crash_loop',
        'error', format('%%s runners in a row were lost while they ran this job.', unsettled - 1)
      )) filter (where unsettled > $4)
    from claimed
  $claim$, 'q_' || queue)
  into jobs, crashing using at, lease, qty, lost_limit, queue;

  if crashing is not null then
    perform private.jobs_fail(queue, crashing, at, worker);
  end if;
  return coalesce(jobs, '[]');
end
$$;

revoke execute on function private.jobs_claim(text, integer, interval, timestamptz, text)
from public, anon, authenticated, service_role;

comment on function private.jobs_claim(text, integer, interval, timestamptz, text) is
'Leases up to qty due jobs of one queue, the longest due first. Jobs in a crash loop die.';

-- sql/70_jobs/61_settle.sql

-- Fencing: an outcome counts where (msg_id, read_ct) is the claim it belongs to and that claim has
-- no outcome yet (settled < read_ct). So a late worker cannot settle somebody else's attempt, and
-- an outcome that is sent twice counts once.
create function private.jobs_ack(queue text, done jsonb) returns void
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
begin
  execute format($ack$
    with gone as (
      delete from pgmq.%I as q
      using jsonb_array_elements($1) as d
      where q.msg_id = (d.value ->> 0)::bigint and q.read_ct = (d.value ->> 1)::integer
        and coalesce((q.message ->> 'settled')::integer, 0) < q.read_ct
      returning q.msg_id, q.message ->> 'kind' as kind, q.message ->> 'key' as key
    )
    delete from private.job_keys as k
    using gone
    where k.kind = gone.kind and k.key = gone.key and k.msg_id = gone.msg_id
  $ack$, 'q_' || queue) using done;
end
$$;

create function private.jobs_fail(
  queue text, failed jsonb, at timestamptz, worker text
) returns void
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  dead bigint[];
  dead_id bigint;
begin
  execute format($fail$
    with reported as (
      select f.*, q.read_ct - coalesce((q.message ->> 'settled')::integer, 0)
        + coalesce((q.message ->> 'failures')::integer, 0) as attempt
      from jsonb_to_recordset($1)
        as f (id bigint, read integer, outcome text, code text, error text, after_s float)
      inner join pgmq.%1$I as q on q.msg_id = f.id and q.read_ct = f.read
      where coalesce((q.message ->> 'settled')::integer, 0) < q.read_ct
      for update of q
    ), settled as (
      update pgmq.%1$I as q set
        vt = $2 + case r.outcome
          when 'dead' then '0'
          else coalesce(make_interval(secs => r.after_s), private.jobs_backoff(r.attempt))
        end,
        message = q.message || case r.outcome
          when 'snooze' then jsonb_build_object('settled', r.read, 'failures', r.attempt - 1)
          else jsonb_build_object('settled', r.read, 'failures', r.attempt, 'history',
            coalesce(q.message -> 'history', '[]') || jsonb_build_object(
              'at', $2, 'attempt', r.attempt, 'worker', $3,
              'code', coalesce(r.code, 'failed'), 'error', coalesce(left(r.error, 2000), '')))
        end
      from reported as r
      where q.msg_id = r.id
      returning q.msg_id, r.outcome
    )
    select array_agg(msg_id) from settled where outcome = 'dead'
  $fail$, 'q_' || queue) into dead using failed, at, worker;

  foreach dead_id in array coalesce(dead, '{}') loop
    perform private.jobs_bury(queue, dead_id, at);
  end loop;
end
$$;

create function private.jobs_bury(queue text, id bigint, at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  execute format($bury$
    with gone as (
      delete from pgmq.%I as q where q.msg_id = $2
      returning q.msg_id, q.enqueued_at, q.message, q.message -> 'history' -> -1 as last
    ), released as (
      delete from private.job_keys as k
      using gone
      where k.kind = gone.message ->> 'kind' and k.key = gone.message ->> 'key'
        and k.msg_id = gone.msg_id
    )
    insert into private.dead_jobs (
      queue, msg_id, kind, payload, firm_id, unique_key, code, error, attempts, history, enqueued_at
    )
    select
      $1, msg_id, message ->> 'kind', message -> 'payload', (message ->> 'firm_id')::uuid,
      message ->> 'key', last ->> 'code', last ->> 'error', (message ->> 'failures')::integer,
      message -> 'history', enqueued_at
    from gone
  $bury$, 'q_' || queue) using queue, id;
exception when others then
  -- The domain's triggers run in here. One that fails must not take the step's other outcomes
  -- with it: the job stays, and dies another time.
  execute format($keep$
    update pgmq.%I as q set
      vt = $2 + private.jobs_backoff((q.message ->> 'failures')::integer),
      message = jsonb_set(q.message, '{history}', q.message -> 'history' || jsonb_build_object(
        'at', $2, 'attempt', q.message -> 'failures', 'worker', null,
        'code', 'burial_failed', 'error', $3))
    where q.msg_id = $1
  $keep$, 'q_' || queue) using id, at, sqlerrm;
end
$$;

create function private.jobs_extend(
  queue text, held jsonb, lease interval, at timestamptz
) returns jsonb
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  lost jsonb;
begin
  execute format($extend$
    with extended as (
      update pgmq.%I as q set vt = $2 + $3
      from jsonb_array_elements($1) as h
      where q.msg_id = (h.value ->> 0)::bigint and q.read_ct = (h.value ->> 1)::integer
        and coalesce((q.message ->> 'settled')::integer, 0) < q.read_ct
      returning q.msg_id
    )
    select jsonb_agg(jsonb_build_array($4) || h.value)
    from jsonb_array_elements($1) as h
    where (h.value ->> 0)::bigint not in (select msg_id from extended)
  $extend$, 'q_' || queue) into lost using held, at, lease, queue;
  return coalesce(lost, '[]');
end
$$;

create function private.jobs_backoff(attempt integer) returns interval
language sql
volatile
set search_path = ''
return least(3600, 5 * 3 ^ least(attempt - 1, 10)) * (0.75 + random() / 2) * interval '1 second';

revoke execute on function private.jobs_ack(text, jsonb)
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_fail(text, jsonb, timestamptz, text)
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_bury(text, bigint, timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_extend(text, jsonb, interval, timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_backoff(integer)
from public, anon, authenticated, service_role;

comment on function private.jobs_ack(text, jsonb) is
'Ends jobs that succeeded: [[id, read], …]. Their unique keys are free again.';
comment on function private.jobs_fail(text, jsonb, timestamptz, text) is
'Settles attempts that did not succeed: [{id, read, outcome, code, error, after_s}]. retry comes
back after after_s or the backoff, snooze too but costs no attempt, dead goes to the dead letters.';
comment on function private.jobs_bury(text, bigint, timestamptz) is
'Moves a job from its queue to the dead letters and frees its unique key.';
comment on function private.jobs_extend(text, jsonb, interval, timestamptz) is
'Renews leases: [[id, read], …]. Returns those that are no longer held: [[queue, id, read], …].';
comment on function private.jobs_backoff(integer) is
'The wait after a failed attempt: 5 s, tripled each time, at most an hour, a quarter more or less.';

-- sql/70_jobs/62_tick.sql

create function private.jobs_tick(force boolean default false) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  ticked boolean;
begin
  if not jobs_tick.force and exists (
    select from private.job_clock where ticked_at > clock_timestamp() - interval '1 minute'
  ) then
    return null;
  end if;
  -- Whoever finds another runner at it goes on with its jobs instead of waiting.
  if not pg_try_advisory_xact_lock(hashtext('private.jobs_tick')) then
    return null;
  end if;
  insert into private.job_clock as clock (ticked_at) values (clock_timestamp())
  on conflict (only_row) do update set ticked_at = excluded.ticked_at
  where jobs_tick.force or clock.ticked_at <= excluded.ticked_at - interval '1 minute'
  returning true into ticked;
  if ticked is null then
    return null;
  end if;
  begin
    perform private.advance_contracts();
    perform private.sweep_uploads();
    perform private.enqueue_contract_reminders();
    return '{}';
  exception when others then
    -- A fault in one rule must not stop every job: the runner logs it, the next minute tries again.
    return jsonb_build_object('error', sqlerrm);
  end;
end
$$;

create function public.jobs_tick() returns jsonb
language sql
volatile
set search_path = ''
set statement_timeout = '30s'
return private.jobs_tick(force => true);

revoke execute on function private.jobs_tick(boolean) from public, anon, authenticated;
revoke execute on function public.jobs_tick() from public, anon, authenticated;
grant execute on function private.jobs_tick(boolean) to service_role;
grant execute on function public.jobs_tick() to service_role;

comment on function private.jobs_tick(boolean) is
'Does the work that is due by the clock, at most once a minute unless forced. Returns
null when it was not due or is being done, {} when it was done, {error} when a rule failed.';
comment on function public.jobs_tick() is
'Does the work that is due by the clock now, for the secret key only. Doing it twice is harmless.';

-- sql/70_jobs/70_step.sql

create function private.jobs_step(
  worker text,
  version integer,
  queues text[],
  qty integer,
  vt integer,
  done jsonb,
  fail jsonb,
  extend jsonb,
  wait_ms integer,
  poll_ms integer
) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  lease constant interval := make_interval(secs => jobs_step.vt);
  at timestamptz := clock_timestamp();
  deadline timestamptz := at + make_interval(secs => least(jobs_step.wait_ms, 5000) / 1000.0);
  pause double precision := jobs_step.poll_ms / 1000.0;
  lost jsonb := '[]';
  jobs jsonb := '[]';
  tick jsonb;
  queue text;
  items jsonb;
begin
  -- A crash of the server may bring a settled job back, which every handler must bear anyway.
  perform set_config('synchronous_commit', 'off', true);

  for queue, items in select key, value from jsonb_each(jobs_step.done) loop
    perform private.jobs_ack(queue, items);
  end loop;
  for queue, items in select key, value from jsonb_each(jobs_step.fail) loop
    perform private.jobs_fail(queue, items, at, jobs_step.worker);
  end loop;
  for queue, items in select key, value from jsonb_each(jobs_step.extend) loop
    lost := lost || private.jobs_extend(queue, items, lease, at);
  end loop;

  if jobs_step.version = private.schema_version() and jobs_step.qty > 0 then
    tick := private.jobs_tick();
    -- What was done so far counts, and its locks go, when this transaction ends: wait for new jobs
    -- only with empty hands.
    if tick is not null or jobs_step.done || jobs_step.fail || jobs_step.extend <> '{}' then
      deadline := at;
    end if;
    loop
      foreach queue in array jobs_step.queues loop
        jobs := jobs || private.jobs_claim(
          queue, least(jobs_step.qty, 500) - jsonb_array_length(jobs), lease, at, jobs_step.worker);
        exit when jsonb_array_length(jobs) >= jobs_step.qty;
      end loop;
      exit when jobs <> '[]' or clock_timestamp() >= deadline;
      perform pg_sleep(pause);
      pause := least(pause * 1.5, 0.05);
      at := clock_timestamp();
    end loop;
  end if;

  return jsonb_build_object(
    'schema', private.schema_version(), 'jobs', jobs, 'lost', lost, 'tick', tick);
end
$$;

create function public.jobs_step(
  worker text,
  version integer,
  queues text[] default '{jobs_high,jobs_default,jobs_low}',
  qty integer default 1,
  vt integer default 30,
  done jsonb default '{}',
  fail jsonb default '{}',
  extend jsonb default '{}',
  wait_ms integer default 0,
  poll_ms integer default 5
) returns jsonb
language sql
volatile
set search_path = ''
-- The wait inside, and the clock's work, may outlast the role's own limit.
set statement_timeout = '30s'
return private.jobs_step(worker, version, queues, qty, vt, done, fail, extend, wait_ms, poll_ms);

revoke execute on function private.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer
) from public, anon, authenticated;
revoke execute on function public.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer
) from public, anon, authenticated;
grant execute on function private.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer
) to service_role;
grant execute on function public.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer
) to service_role;

comment on function private.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer
) is
'One round trip of a runner: settles its last jobs, renews the leases of the running ones (vt, in
seconds), claims up to qty (at most 500) from the queues in their order and waits up to wait_ms (at
most 5000) for the first. done and extend: {queue: [[id, read], …]}; fail: {queue: [{id, read,
outcome, code, error, after_s}, …]}. A runner built for another schema version gets no jobs.';
comment on function public.jobs_step(
  text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer
) is
'One round trip of a runner, for the secret key only.';

-- sql/70_jobs/80_manage.sql

create function private.jobs_stats() returns table (
  priority text, kind text, ready bigint, running bigint, waiting bigint, dead bigint,
  oldest_ready_at timestamptz
)
language sql
stable
security definer
set search_path = ''
begin atomic
  select
    j.priority,
    j.kind,
    count(*) filter (where j.state = 'ready'),
    count(*) filter (where j.state = 'running'),
    count(*) filter (where j.state = 'waiting'),
    count(*) filter (where j.state = 'dead'),
    min(j.due_at) filter (where j.state = 'ready')
  from private.jobs as j
  group by j.priority, j.kind
  order by j.priority, j.kind;
end;

create function private.jobs_list(state text, kind text, max_rows integer) returns table (
  id text, kind text, state text, attempts integer, firm_id uuid,
  enqueued_at timestamptz, due_at timestamptz, error text
)
language sql
stable
security definer
set search_path = ''
begin atomic
  select
    j.id, j.kind, j.state, j.attempts, j.firm_id, j.enqueued_at, j.due_at,
    j.history -> -1 ->> 'error'
  from private.jobs as j
  where
    (jobs_list.state is null or j.state = jobs_list.state)
    and (jobs_list.kind is null or j.kind = jobs_list.kind)
  order by j.due_at desc
  limit jobs_list.max_rows;
end;

create function private.jobs_show(id text) returns jsonb
language sql
stable
security definer
set search_path = ''
begin atomic
  select to_jsonb(j) from private.jobs as j where j.id = jobs_show.id;
end;

create function private.jobs_retry(id text) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
  letter private.dead_jobs;
  new_id bigint;
begin
  delete from private.dead_jobs as d
  where 'jobs_' || jobs_retry.id = d.queue || ':' || d.msg_id
  returning * into letter;
  if not found then
    perform private.fail(code => 'job_not_dead',
      message => format('There is no dead job %s.', jobs_retry.id),
      hint => 'List them with: firmbase jobs list --state dead', status => 404);
  end if;
  new_id := private.enqueue(letter.kind, letter.payload, letter.firm_id, letter.unique_key,
    priority => substr(letter.queue, 6));
  if new_id is null then
    perform private.fail(code => 'job_queued_already',
      message => format('A job like %s is queued already.', jobs_retry.id),
      hint => 'Wait for it: it does the same work.', status => 409);
  end if;
  return substr(letter.queue, 6) || ':' || new_id;
end
$$;

create function public.jobs_stats() returns table (
  priority text, kind text, ready bigint, running bigint, waiting bigint, dead bigint,
  oldest_ready_at timestamptz
)
language sql
stable
set search_path = ''
begin atomic
  select s.priority, s.kind, s.ready, s.running, s.waiting, s.dead, s.oldest_ready_at
  from private.jobs_stats() as s;
end;

create function public.jobs_list(
  state text default null, kind text default null, max_rows integer default 50
) returns table (
  id text, kind text, state text, attempts integer, firm_id uuid,
  enqueued_at timestamptz, due_at timestamptz, error text
)
language sql
stable
set search_path = ''
begin atomic
  select l.id, l.kind, l.state, l.attempts, l.firm_id, l.enqueued_at, l.due_at, l.error
  from private.jobs_list(jobs_list.state, jobs_list.kind, jobs_list.max_rows) as l;
end;

create function public.jobs_show(id text) returns jsonb
language sql
stable
set search_path = ''
return private.jobs_show(id);

create function public.jobs_retry(id text) returns text
language sql
volatile
set search_path = ''
return private.jobs_retry(id);

revoke execute on function private.jobs_stats() from public, anon, authenticated;
revoke execute on function private.jobs_list(text, text, integer) from public, anon, authenticated;
revoke execute on function private.jobs_show(text) from public, anon, authenticated;
revoke execute on function private.jobs_retry(text) from public, anon, authenticated;
revoke execute on function public.jobs_stats() from public, anon, authenticated;
revoke execute on function public.jobs_list(text, text, integer) from public, anon, authenticated;
revoke execute on function public.jobs_show(text) from public, anon, authenticated;
revoke execute on function public.jobs_retry(text) from public, anon, authenticated;
grant execute on function private.jobs_stats() to service_role;
grant execute on function private.jobs_list(text, text, integer) to service_role;
grant execute on function private.jobs_show(text) to service_role;
grant execute on function private.jobs_retry(text) to service_role;
grant execute on function public.jobs_stats() to service_role;
grant execute on function public.jobs_list(text, text, integer) to service_role;
grant execute on function public.jobs_show(text) to service_role;
grant execute on function public.jobs_retry(text) to service_role;

comment on function private.jobs_stats() is 'How many jobs of each kind are in which state.';
comment on function private.jobs_list(text, text, integer) is
'Jobs that are queued, running or dead, the latest due first.';
comment on function private.jobs_show(text) is
'One job with its payload and history, null if there is none.';
comment on function private.jobs_retry(text) is
'Queues a dead job again, its attempts counted anew. Returns its new id.';
comment on function public.jobs_stats() is 'How many jobs of each kind are in which state.';
comment on function public.jobs_list(text, text, integer) is
'Jobs that are queued, running or dead (state: ready, running, waiting, dead).';
comment on function public.jobs_show(text) is
'One job with its payload and history, null if there is none.';
comment on function public.jobs_retry(text) is
'Queues a dead job again, its attempts counted anew. Returns its new id.';

-- sql/80_notifications/10_notifications.sql

create table public.notifications (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null,
  user_id uuid not null,
  dedupe_key text not null,
  kind text not null,
  title text not null,
  body text not null default '',
  link text not null,
  read_at timestamptz,
  created_at timestamptz not null default now(),
  constraint notifications_firm_id_id_key unique (firm_id, id),
  constraint notifications_user_id_dedupe_key_key unique (user_id, dedupe_key),
  constraint notifications_member_fkey foreign key (firm_id, user_id)
  references public.firm_members (firm_id, user_id) on delete cascade,
  constraint notifications_dedupe_key_length check (char_length(dedupe_key) between 1 and 300),
  constraint notifications_kind_form check (kind ~ '^[a-z][a-z_]{0,49}$'),
  constraint notifications_title_length check (char_length(title) between 1 and 300),
  constraint notifications_body_length check (char_length(body) <= 2000),
  constraint notifications_link_form check (link ~ '^/[^/\\]' and char_length(link) <= 500)
);

create index notifications_firm_id_user_id_idx on public.notifications (firm_id, user_id);
create index notifications_user_id_created_at_idx
on public.notifications (user_id, created_at desc, id);

alter table public.notifications enable row level security;

create policy notifications_select on public.notifications for select to authenticated
using (
  user_id = (select auth.uid())
  and firm_id = any (array(select private.firm_ids('viewer')))
);

create policy notifications_update on public.notifications for update to authenticated
using (
  user_id = (select auth.uid())
  and firm_id = any (array(select private.firm_ids('viewer')))
)
with check (
  user_id = (select auth.uid())
  and firm_id = any (array(select private.firm_ids('viewer')))
);

revoke all on public.notifications from public, anon, authenticated, service_role;
grant select on public.notifications to authenticated, service_role;
grant update (read_at) on public.notifications to authenticated;

alter publication supabase_realtime add table public.notifications;

comment on table public.notifications is
  'What one member of a firm was told in the app. Written by private.notify only; the member '
  'reads it and marks it read.';
comment on column public.notifications.dedupe_key is
  'The fact; each user hears of it once.';
comment on column public.notifications.link is
  'Path in the app, such as /contracts/….';

-- sql/80_notifications/20_emails.sql

create table public.emails (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  dedupe_key text not null unique,
  event text not null,
  to_address text not null,
  subject text not null,
  params jsonb not null default '{}',
  status text not null default 'queued',
  attempts integer not null default 0,
  message_id text unique,
  error text,
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  constraint emails_firm_id_id_key unique (firm_id, id),
  constraint emails_dedupe_key_length check (char_length(dedupe_key) between 1 and 400),
  constraint emails_event_form check (event ~ '^[a-z][a-z_]{0,49}$'),
  constraint emails_to_address_form check (private.is_email(to_address)),
  constraint emails_subject_form
  check (char_length(subject) between 1 and 300 and subject !~ '[[:cntrl:]]'),
  constraint emails_params_object check (jsonb_typeof(params) = 'object'),
  constraint emails_status_known check (status in ('queued', 'sending', 'sent', 'failed'))
);

create index emails_firm_id_created_at_idx on public.emails (firm_id, created_at desc, id);

alter table public.emails enable row level security;

create policy emails_nobody on public.emails
as restrictive for all to anon, authenticated
using (false);

revoke all on public.emails from public, anon, authenticated, service_role;
grant select on public.emails to service_role;

comment on table public.emails is
  'Every e-mail of a firm and what became of it. Clients never see it: it holds addresses and, '
  'until a message is sent, what its link is made of.';
comment on column public.emails.message_id is
  'Fixed before the first attempt, so that a repeat after a crash carries the same Message-ID.';
comment on column public.emails.params is
  'The facts of the message; emptied once it is sent.';
comment on column public.emails.status is
  'queued; sending: handed to the mail server, outcome unknown yet; sent; failed: no more '
  'attempts.';

-- sql/80_notifications/25_email_steps.sql

create function private.queue_email(
  p_firm_id uuid, p_dedupe_key text, p_event text, p_to text, p_subject text, p_params jsonb
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  insert into public.emails (firm_id, dedupe_key, event, to_address, subject, params)
  values (
    p_firm_id, p_dedupe_key, p_event, p_to,
    -- A name in the subject may hold what a header may not.
    left(regexp_replace(p_subject, '[[:cntrl:]\u2028\u2029]+', ' ', 'g'), 300), p_params
  )
  on conflict (dedupe_key) do nothing
  returning id into v_id;
  if v_id is not null then
    perform private.enqueue(
      'email.send', jsonb_build_object('email_id', v_id), p_firm_id,
      unique_key => 'email.send:' || v_id
    );
  end if;
  return v_id;
end
$$;

revoke execute on function private.queue_email(uuid, text, text, text, text, jsonb)
from public, anon, authenticated;

comment on function private.queue_email(uuid, text, text, text, text, jsonb) is
  'Stores one e-mail and queues its job in the same transaction; null if this fact was mailed '
  'before.';

create function private.begin_email(p_id uuid, p_message_domain text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_email public.emails;
begin
  update public.emails as e
  set
    status = 'sending',
    attempts = e.attempts + 1,
    message_id = coalesce(e.message_id, '<' || e.id || '@' || p_message_domain || '>')
  where e.id = p_id and e.status <> 'sent' and e.params <> '{}'
  returning * into v_email;
  if not found then
    return null;
  end if;
  return jsonb_build_object(
    'event', v_email.event,
    'to', v_email.to_address,
    'subject', v_email.subject,
    'params', v_email.params,
    'message_id', v_email.message_id
  );
end
$$;

create function public.begin_email(email_id uuid, message_domain text) returns jsonb
language sql security invoker set search_path = '' as $$
  select private.begin_email(email_id, message_domain)
$$;

revoke execute on function private.begin_email(uuid, text) from public, anon, authenticated;
revoke execute on function public.begin_email(uuid, text) from public, anon, authenticated;
grant execute on function private.begin_email(uuid, text) to service_role;
grant execute on function public.begin_email(uuid, text) to service_role;

comment on function private.begin_email(uuid, text) is
  'Definer of public.begin_email.';
comment on function public.begin_email(uuid, text) is
  'What to send, its Message-ID fixed from now on; null when it was sent already, does not exist '
  'or was an invitation that failed. For the secret key only.';

create function private.finish_email(p_id uuid) returns void
language sql security definer set search_path = '' as $$
  update public.emails
  set status = 'sent', sent_at = now(), error = null, params = '{}'
  where id = p_id and status = 'sending'
$$;

create function public.finish_email(email_id uuid) returns void
language sql security invoker set search_path = '' as $$
  select private.finish_email(email_id)
$$;

revoke execute on function private.finish_email(uuid) from public, anon, authenticated;
revoke execute on function public.finish_email(uuid) from public, anon, authenticated;
grant execute on function private.finish_email(uuid) to service_role;
grant execute on function public.finish_email(uuid) to service_role;

comment on function private.finish_email(uuid) is
  'Definer of public.finish_email.';
comment on function public.finish_email(uuid) is
  'The mail server took the message. Its facts are dropped, a token in its link with them. For '
  'the secret key only.';

create function private.fail_email() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.emails
  set
    status = 'failed',
    error = left(new.code || ': ' || new.error, 500),
    -- A token is not kept for a mail that may never go out: resend_invitation makes a new one.
    params = case event when 'invitation' then '{}' else params end
  where id = (new.payload ->> 'email_id')::uuid and status <> 'sent';
  return null;
end
$$;

revoke execute on function private.fail_email() from public, anon, authenticated;

comment on function private.fail_email() is
  'Trigger: an e-mail whose job is dead has failed, however the job died.';

create trigger dead_jobs_fail_email after insert on private.dead_jobs
for each row when (
  new.kind = 'email.send'
  -- A payload that was never valid must not stop the burial.
  and pg_input_is_valid(new.payload ->> 'email_id', 'uuid')
)
execute function private.fail_email();

-- sql/80_notifications/30_notify.sql

create function private.notify(
  p_firm_id uuid,
  p_kind text,
  p_dedupe_key text,
  p_title text,
  p_body text,
  p_link text,
  p_user_ids uuid[] default '{}',
  p_min_role text default null,
  p_email jsonb default null
) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_person record;
  v_count integer := 0;
begin
  for v_person in
    select m.user_id, p.email, f.name as firm
    from public.firm_members as m
    join public.firms as f on f.id = m.firm_id
    join public.profiles as p on p.id = m.user_id
    where m.firm_id = p_firm_id
      and m.status = 'active'
      and f.status = 'active'
      and f.archived_at is null
      and (
        m.user_id = any (p_user_ids)
        or private.role_rank(m.role) >= private.role_rank(p_min_role)
      )
  loop
    insert into public.notifications (firm_id, user_id, dedupe_key, kind, title, body, link)
    values (p_firm_id, v_person.user_id, p_dedupe_key, p_kind, p_title, p_body, p_link)
    on conflict (user_id, dedupe_key) do nothing;
    continue when not found;
    v_count := v_count + 1;
    -- An address that cannot be mailed must not keep the others from hearing.
    if p_email is not null and private.is_email(v_person.email) then
      perform private.queue_email(
        p_firm_id, p_dedupe_key || ':' || v_person.user_id, p_kind, v_person.email, p_title,
        p_email || jsonb_build_object('firm', v_person.firm, 'link', p_link)
      );
    end if;
  end loop;
  return v_count;
end
$$;

revoke execute on function
private.notify(uuid, text, text, text, text, text, uuid[], text, jsonb)
from public, anon, authenticated;

comment on function
private.notify(uuid, text, text, text, text, text, uuid[], text, jsonb) is
  'Decides who hears of a fact: those users and everyone with at least that role, as far as they '
  'are active in the firm. A row for each and, with p_email (its facts), one e-mail; never twice '
  'for the same key. Returns how many were told.';

create function private.notify_invitation(p_invitation_id uuid, p_token text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_invitation record;
begin
  select i.firm_id, i.email, i.role, i.expires_at, f.name as firm, f.timezone, f.seat_limit,
    coalesce(nullif(btrim(p.full_name), ''), p.email, f.name) as inviter
  into v_invitation
  from public.invitations as i
  join public.firms as f on f.id = i.firm_id
  left join public.profiles as p on p.id = auth.uid()
  where i.id = p_invitation_id;
  -- Anybody can make a firm, and no address asked for this mail: it must not become a flood.
  if (
    select
      count(*) >= greatest(100, 2 * v_invitation.seat_limit)
      or count(*) filter (where e.to_address = v_invitation.email) >= 5
    from public.emails as e
    where e.firm_id = v_invitation.firm_id
      and e.event = 'invitation'
      and e.created_at > now() - interval '1 day'
  ) then
    perform private.fail(
      'too_many_invitations', 'Too many invitations were mailed today.',
      hint => 'Try again tomorrow; the last one that was sent is valid.', status => 429
    );
  end if;
  perform private.queue_email(
    v_invitation.firm_id,
    'invitation:' || p_invitation_id || ':' || gen_random_uuid(),
    'invitation',
    v_invitation.email,
    v_invitation.inviter || ' invites you to ' || v_invitation.firm,
    jsonb_build_object(
      'firm', v_invitation.firm,
      'inviter', v_invitation.inviter,
      'role', v_invitation.role,
      'expires_on', (v_invitation.expires_at at time zone v_invitation.timezone)::date,
      -- Behind the #, so that no server writes the token into its log.
      'link', '/invitations/accept#token=' || p_token
    )
  );
end
$$;

revoke execute on function private.notify_invitation(uuid, text) from public, anon, authenticated;

comment on function private.notify_invitation(uuid, text) is
  'Mails an invitation to its address, at most five times a day. The token stays in the '
  'e-mail''s facts until it is sent or given up, no longer.';

-- sql/80_notifications/40_contract_reminders.sql

create table private.contract_reminders (
  contract_id uuid not null references public.contracts (id) on delete cascade,
  event text not null,
  target_date date not null,
  days integer not null,
  created_at timestamptz not null default now(),
  primary key (contract_id, event, target_date, days),
  constraint contract_reminders_event_known check (event in ('ends')),
  constraint contract_reminders_days_known check (days in (60, 30, 14, 7, 1))
);

alter table private.contract_reminders enable row level security;

create policy contract_reminders_nobody on private.contract_reminders
as restrictive for all to anon, authenticated
using (false);

revoke all on private.contract_reminders from public, anon, authenticated, service_role;

comment on table private.contract_reminders is
  'The rungs of the reminder ladder that were climbed, so that each is announced once.';
comment on column private.contract_reminders.days is
  'The rung: days before the date.';

create function private.enqueue_contract_reminders(p_now timestamptz default now())
returns integer
language sql security definer set search_path = '' as $$
  with due as (
    select c.firm_id, c.id as contract_id, c.ends_on, rung.days
    from public.contracts as c
    join public.firms as f on f.id = c.firm_id
    cross join lateral (select (p_now at time zone f.timezone)::date as today) as clock
    -- The nearest rung only: after an outage one reminder says what is true now, not five.
    cross join lateral (
      select min(ladder.days) as days
      from unnest(array[60, 30, 14, 7, 1]) as ladder (days)
      where ladder.days >= c.ends_on - clock.today
    ) as rung
    where c.status = 'active'
      -- The widest date on earth bounds the index scan; the firm's own day decides.
      and c.ends_on between (p_now at time zone 'UTC')::date - 1
        and (p_now at time zone 'UTC')::date + 61
      and c.ends_on between clock.today and clock.today + 60
      and c.archived_at is null
      and f.status = 'active'
      and f.archived_at is null
  ), climbed as (
    insert into private.contract_reminders (contract_id, event, target_date, days)
    select due.contract_id, 'ends', due.ends_on, due.days from due
    on conflict do nothing
    returning contract_id, event, target_date, days
  ), queued as (
    select private.enqueue(
      'contract.remind',
      jsonb_build_object(
        'contract_id', climbed.contract_id,
        'event', climbed.event,
        'target_date', climbed.target_date,
        'days', climbed.days
      ),
      due.firm_id
    ) as job
    from climbed
    join due using (contract_id)
  )
  select count(queued.job)::integer from queued
$$;

revoke execute on function private.enqueue_contract_reminders(timestamptz)
from public, anon, authenticated, service_role;

comment on function private.enqueue_contract_reminders(timestamptz) is
  'Queues the reminders that are due 60, 30, 14, 7 and 1 days before an active contract ends, by '
  'the firm''s own calendar. Each once, however often this runs; returns how many.';

create function private.remind_contract(
  p_contract_id uuid, p_event text, p_target_date date, p_days integer
) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_contract record;
  v_left integer;
  v_when text;
begin
  select c.firm_id, c.number, c.title, c.created_by, coalesce(co.name, cn.name) as party,
    c.ends_on, (now() at time zone f.timezone)::date as today
  into v_contract
  from public.contracts as c
  join public.firms as f on f.id = c.firm_id
  left join public.companies as co on co.id = c.company_id
  left join public.consultants as cn on cn.id = c.consultant_id
  where c.id = p_contract_id
    and c.status = 'active'
    and c.archived_at is null
    and p_event = 'ends'
    and c.ends_on = p_target_date;
  v_left := v_contract.ends_on - v_contract.today;
  -- The job may run long after it was queued: ended by now, or a nearer rung has been announced.
  -- A day more than the rung is a firm that moved to another time zone.
  if v_left is null or v_left not between 0 and p_days + 1 or exists (
    select from private.contract_reminders as r
    where r.contract_id = p_contract_id
      and r.event = p_event
      and r.target_date = p_target_date
      and r.days < p_days
  ) then
    return 0;
  end if;

  v_when := case v_left
    when 0 then 'today' when 1 then 'tomorrow' else 'in ' || v_left || ' days'
  end;
  return private.notify(
    v_contract.firm_id,
    'contract_ending',
    format('contract_ending:%s:%s:%s', p_contract_id, p_target_date, p_days),
    left(v_contract.title, 200) || ' ends ' || v_when,
    format(
      'Contract %s%s ends on %s.',
      v_contract.number, coalesce(' with ' || v_contract.party, ''),
      to_char(v_contract.ends_on, 'FMDD FMMonth YYYY')
    ),
    '/contracts/' || p_contract_id,
    p_user_ids => array[v_contract.created_by],
    p_min_role => 'manager',
    p_email => jsonb_build_object(
      'number', v_contract.number::text,
      'title', v_contract.title,
      'party', v_contract.party,
      'ends_on', v_contract.ends_on,
      'days', v_left
    )
  );
end
$$;

create function public.remind_contract(
  contract_id uuid, event text, target_date date, days integer
) returns integer
language sql security invoker set search_path = '' as $$
  select private.remind_contract(contract_id, event, target_date, days)
$$;

revoke execute on function private.remind_contract(uuid, text, date, integer)
from public, anon, authenticated;
revoke execute on function public.remind_contract(uuid, text, date, integer)
from public, anon, authenticated;
grant execute on function private.remind_contract(uuid, text, date, integer) to service_role;
grant execute on function public.remind_contract(uuid, text, date, integer) to service_role;

comment on function private.remind_contract(uuid, text, date, integer) is
  'Definer of public.remind_contract.';
comment on function public.remind_contract(uuid, text, date, integer) is
  'Tells the author of a contract, managers and above that it ends soon, if it still does. '
  'Returns how many were told. For the secret key only.';

-- sql/80_notifications/50_file_steps.sql

-- What the worker does to a file's row. Here, not beside the table: a refusal is news for its
-- owner, and a dead job is one too.

create function private.begin_file(p_id uuid) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files;
begin
  -- A failed file comes here when its dead job was sent back.
  update public.files as f
  set status = 'processing', reason = null, detail = null
  where f.id = p_id and f.status in ('processing', 'failed')
  returning * into v_file;
  if not found then
    return null;
  end if;
  return jsonb_build_object(
    'bucket', v_file.bucket,
    'path', v_file.path,
    'thumbnail_path', v_file.firm_id || '/' || v_file.id || '/.thumbnail.webp',
    'name', v_file.name,
    'mime', v_file.mime,
    'size_bytes', v_file.size_bytes
  );
end
$$;

create function public.begin_file(file_id uuid) returns jsonb
language sql security invoker set search_path = '' as $$
  select private.begin_file(file_id)
$$;

revoke execute on function private.begin_file(uuid) from public, anon, authenticated;
revoke execute on function public.begin_file(uuid) from public, anon, authenticated;
grant execute on function private.begin_file(uuid) to service_role;
grant execute on function public.begin_file(uuid) to service_role;

comment on function private.begin_file(uuid) is
  'Definer of public.begin_file.';
comment on function public.begin_file(uuid) is
  'The file to look into; null when that was done or it does not exist. For the secret key only.';

create function private.settle_file(
  p_id uuid, p_status text, p_reason text, p_detail text, p_result jsonb
) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_file public.files;
begin
  update public.files as f
  set
    status = p_status,
    reason = p_reason,
    detail = left(p_detail, 1000),
    mime = coalesce(p_result ->> 'mime', f.mime),
    sha256 = p_result ->> 'sha256',
    page_count = (p_result ->> 'page_count')::integer,
    word_count = (p_result ->> 'word_count')::integer,
    text = p_result ->> 'text',
    metadata = coalesce(p_result -> 'metadata', '{}'),
    thumbnail_path = p_result ->> 'thumbnail_path'
  where f.id = p_id and f.status = 'processing'
  returning * into v_file;
  if found and p_status <> 'ready' and v_file.created_by is not null then
    perform private.notify(
      v_file.firm_id,
      'file_rejected',
      format('file_rejected:%s:%s', p_id, p_reason),
      left('“' || v_file.name || '” cannot be used', 300),
      coalesce(left(p_detail, 1000), ''),
      '/files/' || p_id,
      p_user_ids => array[v_file.created_by]
    );
  end if;
end
$$;

revoke execute on function private.settle_file(uuid, text, text, text, jsonb)
from public, anon, authenticated;

comment on function private.settle_file(uuid, text, text, text, jsonb) is
  'The outcome of a file, written once; whoever uploaded it hears of a refusal.';

create function public.finish_file(
  file_id uuid,
  status text,
  reason text default null,
  detail text default null,
  result jsonb default '{}'
) returns void
language sql security invoker set search_path = '' as $$
  select private.settle_file(file_id, status, reason, detail, result)
$$;

revoke execute on function public.finish_file(uuid, text, text, text, jsonb)
from public, anon, authenticated;
grant execute on function private.settle_file(uuid, text, text, text, jsonb) to service_role;
grant execute on function public.finish_file(uuid, text, text, text, jsonb) to service_role;

comment on function public.finish_file(uuid, text, text, text, jsonb) is
  'What a file turned out to be: ready, with mime, sha256, page_count, word_count, text, metadata '
  'and thumbnail_path as far as it has them, or quarantined with a reason. For the secret key '
  'only.';

create function private.fail_file() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.settle_file(
    (new.payload ->> 'file_id')::uuid,
    'failed',
    left(new.code, 64),
    -- What an unexpected fault says is for the operator: paths, addresses, pieces of code.
    case new.code when 'exception' then 'Something went wrong on our side.' else new.error end,
    '{}'
  );
  return null;
end
$$;

revoke execute on function private.fail_file() from public, anon, authenticated;

comment on function private.fail_file() is
  'Trigger: a file whose job is dead has failed, however the job died.';

create trigger dead_jobs_fail_file after insert on private.dead_jobs
for each row when (
  new.kind = 'file.process'
  -- A payload that was never valid must not stop the burial.
  and pg_input_is_valid(new.payload ->> 'file_id', 'uuid')
)
execute function private.fail_file();

-- sql/85_reports/10_reports.sql

create table public.reports (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  kind text not null,
  format text not null,
  params jsonb not null default '{}',
  status text not null default 'queued',
  progress integer not null default 0,
  path text unique,
  size_bytes bigint,
  error text,
  detail text,
  requested_by uuid references public.profiles (id) on delete set null,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint reports_firm_id_id_key unique (firm_id, id),
  constraint reports_kind_known check (kind in ('contract_portfolio')),
  constraint reports_format_known check (format in ('csv', 'pdf')),
  constraint reports_params_object check (jsonb_typeof(params) = 'object'),
  constraint reports_status_known check (status in ('queued', 'rendering', 'ready', 'failed')),
  constraint reports_progress_range check (progress between 0 and 100),
  constraint reports_ready_has_path check (status <> 'ready' or path is not null)
);

create index reports_firm_id_created_at_idx on public.reports (firm_id, created_at desc, id);
create index reports_requested_by_idx on public.reports (requested_by);

alter table public.reports enable row level security;

create policy reports_select on public.reports for select to authenticated
using (
  firm_id = any (array(select private.firm_ids('manager')))
  or (
    requested_by = (select auth.uid())
    and firm_id = any (array(select private.firm_ids('member')))
  )
);

revoke all on public.reports from public, anon, authenticated, service_role;
grant select on public.reports to authenticated, service_role;

alter publication supabase_realtime add table public.reports;

comment on table public.reports is
  'Reports that were asked for through request_report. Managers see those of the firm, members '
  'their own.';
comment on column public.reports.progress is
  'Per cent, for people who wait.';
comment on column public.reports.path is
  'Where the document lies in the bucket reports, once ready.';
comment on column public.reports.error is
  'Why it failed, as a stable code; detail says it in a sentence.';

-- sql/85_reports/20_bucket.sql

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('reports', 'reports', false, 52428800, array['application/pdf', 'text/csv'])
on conflict (id) do update set
  public = excluded.public,
  file_size_limit = excluded.file_size_limit,
  allowed_mime_types = excluded.allowed_mime_types;

-- Whoever sees the row may read the document: the rule is written once, on the table.
create policy reports_objects_select on storage.objects for select to authenticated
using (
  bucket_id = 'reports'
  and exists (select from public.reports as r where r.path = objects.name)
);

-- sql/85_reports/30_request_report.sql

create function private.request_report(
  p_firm_id uuid, p_kind text, p_format text, p_params jsonb
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform private.lock_firm(p_firm_id, 'member');
  if p_kind is distinct from 'contract_portfolio' then
    perform private.fail(
      'unknown_report', format('There is no report "%s".', p_kind),
      hint => 'Use contract_portfolio.'
    );
  end if;
  if p_format is null or p_format not in ('csv', 'pdf') then
    perform private.fail(
      'unknown_format', format('There is no format "%s".', p_format), hint => 'Use csv or pdf.'
    );
  end if;
  if jsonb_typeof(p_params) is distinct from 'object' or p_params - 'company_id' <> '{}' then
    perform private.fail(
      'unknown_parameter', 'The report contract_portfolio takes one parameter only: company_id.',
      hint => 'Leave params out for the whole portfolio.'
    );
  end if;
  if p_params ? 'company_id' and not exists (
    select from public.companies as c
    where c.firm_id = p_firm_id and c.id::text = p_params ->> 'company_id'
  ) then
    perform private.fail('company_not_found', 'There is no such company.', status => 404);
  end if;
  if (
    select count(*) >= 50
    from public.reports as r
    where r.firm_id = p_firm_id and r.status in ('queued', 'rendering')
  ) then
    perform private.fail(
      'too_many_reports', 'The firm has 50 unfinished reports.',
      hint => 'Wait until they are ready.', status => 429
    );
  end if;

  insert into public.reports (firm_id, kind, format, params, requested_by)
  values (p_firm_id, p_kind, p_format, p_params, auth.uid())
  returning id into v_id;
  perform private.enqueue('report.render', jsonb_build_object('report_id', v_id), p_firm_id);
  return v_id;
end
$$;

create function public.request_report(
  firm_id uuid, kind text, format text, params jsonb default '{}'
) returns uuid
language sql security invoker set search_path = '' as $$
  select private.request_report(firm_id, kind, format, params)
$$;

revoke execute on function private.request_report(uuid, text, text, jsonb)
from public, anon, authenticated;
revoke execute on function public.request_report(uuid, text, text, jsonb)
from public, anon, authenticated;
grant execute on function private.request_report(uuid, text, text, jsonb) to authenticated;
grant execute on function public.request_report(uuid, text, text, jsonb) to authenticated;

comment on function private.request_report(uuid, text, text, jsonb) is
  'Definer of public.request_report.';
comment on function public.request_report(uuid, text, text, jsonb) is
  'Asks for contract_portfolio as csv or pdf, with {"company_id": …} for one client. Members and '
  'above, 50 unfinished ones in a firm; returns the id of the row in reports, which becomes ready '
  'with its path.';

-- sql/85_reports/40_report_steps.sql

create function private.begin_report(p_id uuid) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_report public.reports;
begin
  update public.reports as r
  set status = 'rendering', progress = 10, error = null, detail = null
  where r.id = p_id and r.status <> 'ready'
  returning * into v_report;
  if not found then
    return null;
  end if;
  return jsonb_build_object(
    'kind', v_report.kind,
    'format', v_report.format,
    'path', format('%s/%s.%s', v_report.firm_id, v_report.id, v_report.format)
  );
end
$$;

create function public.begin_report(report_id uuid) returns jsonb
language sql security invoker set search_path = '' as $$
  select private.begin_report(report_id)
$$;

revoke execute on function private.begin_report(uuid) from public, anon, authenticated;
revoke execute on function public.begin_report(uuid) from public, anon, authenticated;
grant execute on function private.begin_report(uuid) to service_role;
grant execute on function public.begin_report(uuid) to service_role;

comment on function private.begin_report(uuid) is
  'Definer of public.begin_report.';
comment on function public.begin_report(uuid) is
  'What to render and where to put it; null when it is ready already or does not exist. For the '
  'secret key only.';

create function private.finish_report(p_id uuid, p_size_bytes bigint) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_report public.reports;
begin
  update public.reports as r
  set
    status = 'ready',
    progress = 100,
    path = format('%s/%s.%s', r.firm_id, r.id, r.format),
    size_bytes = p_size_bytes,
    finished_at = now()
  where r.id = p_id and r.status = 'rendering'
  returning * into v_report;
  if found then
    perform private.notify(
      v_report.firm_id,
      'report_ready',
      'report_ready:' || p_id,
      'Your report is ready',
      'Contract portfolio as ' || upper(v_report.format) || '.',
      '/reports/' || p_id,
      p_user_ids => array[v_report.requested_by]
    );
  end if;
end
$$;

create function public.finish_report(report_id uuid, size_bytes bigint) returns void
language sql security invoker set search_path = '' as $$
  select private.finish_report(report_id, size_bytes)
$$;

revoke execute on function private.finish_report(uuid, bigint) from public, anon, authenticated;
revoke execute on function public.finish_report(uuid, bigint) from public, anon, authenticated;
grant execute on function private.finish_report(uuid, bigint) to service_role;
grant execute on function public.finish_report(uuid, bigint) to service_role;

comment on function private.finish_report(uuid, bigint) is
  'Definer of public.finish_report.';
comment on function public.finish_report(uuid, bigint) is
  'The document is stored: shows it and tells whoever asked for it, once. For the secret key '
  'only.';

create function private.fail_report() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.reports
  set
    status = 'failed',
    error = new.code,
    -- What an unexpected fault says is for the operator: paths, addresses, pieces of code.
    detail = case new.code
      when 'exception' then 'Something went wrong on our side.'
      else left(new.error, 500)
    end,
    finished_at = now()
  where id = (new.payload ->> 'report_id')::uuid and status <> 'ready';
  return null;
end
$$;

revoke execute on function private.fail_report() from public, anon, authenticated;

comment on function private.fail_report() is
  'Trigger: a report whose job is dead has failed, however the job died.';

create trigger dead_jobs_fail_report after insert on private.dead_jobs
for each row when (
  new.kind = 'report.render'
  -- A payload that was never valid must not stop the burial.
  and pg_input_is_valid(new.payload ->> 'report_id', 'uuid')
)
execute function private.fail_report();

-- sql/85_reports/50_contract_portfolio.sql

create function private.report_contract_portfolio(p_report_id uuid) returns jsonb
language sql stable security definer set search_path = '' as $$
  with report as (
    select r.*, f.name as firm_name, (now() at time zone f.timezone)::date as today
    from public.reports as r
    join public.firms as f on f.id = r.firm_id
    where r.id = p_report_id and r.kind = 'contract_portfolio'
  ), portfolio as (
    select
      c.*,
      co.name as company,
      cn.name as consultant,
      -- What is agreed as a sum. A rate without a cap has none: no guess is made of it.
      coalesce(c.value_cap, case when c.rate_unit = 'fixed' then c.rate end) as value
    from report
    join public.contracts as c on c.firm_id = report.firm_id and c.archived_at is null
    left join public.companies as co on co.firm_id = c.firm_id and co.id = c.company_id
    left join public.consultants as cn on cn.firm_id = c.firm_id and cn.id = c.consultant_id
    where report.params ->> 'company_id' is null
      or c.company_id = (report.params ->> 'company_id')::uuid
  )
  select jsonb_build_object(
    'firm', jsonb_build_object('name', report.firm_name),
    'title', 'Contract portfolio',
    'client', (
      select co.name from public.companies as co
      where co.firm_id = report.firm_id and co.id = (report.params ->> 'company_id')::uuid
    ),
    'as_of', report.today,
    'prepared_by', (
      select nullif(btrim(p.full_name), '') from public.profiles as p
      where p.id = report.requested_by
    ),
    'figures', (
      select jsonb_build_object(
        'contracts', count(*),
        'active', count(*) filter (where c.status = 'active'),
        'ending_soon', count(*) filter (
          where c.status = 'active' and c.ends_on between report.today and report.today + 90
        ),
        'clients', count(distinct c.company_id) filter (where c.status = 'active')
      )
      from portfolio as c
    ),
    'totals', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'currency', t.currency,
        'active', t.active::numeric(20, 2)::text,
        'preparing', t.preparing::numeric(20, 2)::text,
        'total', t.total::numeric(20, 2)::text
      ) order by t.currency), '[]')
      from (
        select
          c.currency,
          sum(c.value) as total,
          coalesce(sum(c.value) filter (where c.status = 'active'), 0) as active,
          coalesce(sum(c.value) filter (
            where c.status in ('draft', 'in_review', 'sent', 'signed')
          ), 0) as preparing
        from portfolio as c
        where c.value is not null
        group by c.currency
      ) as t
    ),
    'statuses', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'status', s.status, 'count', s.count, 'values', coalesce(s.amounts, '[]')
      ) order by s.position), '[]')
      from (
        select
          known.status,
          known.position,
          (select count(*) from portfolio as c where c.status = known.status) as count,
          (
            select jsonb_agg(jsonb_build_object(
              'currency', v.currency, 'amount', v.amount::numeric(20, 2)::text
            ) order by v.currency)
            from (
              select c.currency, sum(c.value) as amount
              from portfolio as c
              where c.status = known.status and c.value is not null
              group by c.currency
            ) as v
          ) as amounts
        from unnest(array[
          'active', 'signed', 'sent', 'in_review', 'draft', 'expired', 'terminated', 'cancelled'
        ]) with ordinality as known (status, position)
      ) as s
      where s.count > 0
    ),
    'months', (
      select jsonb_agg(jsonb_build_object(
        'month', to_char(m.starts, 'YYYY-MM'),
        'count', (
          select count(*) from portfolio as c
          where c.status = 'active'
            and c.ends_on >= greatest(m.starts::date, report.today)
            and c.ends_on < (m.starts + interval '1 month')::date
        )
      ) order by m.starts)
      from generate_series(
        date_trunc('month', report.today::timestamp),
        date_trunc('month', report.today::timestamp) + interval '11 months',
        interval '1 month'
      ) as m (starts)
    ),
    'contracts', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'number', c.number::text,
        'title', c.title,
        'kind', c.kind,
        'status', c.status,
        'company', c.company,
        'consultant', c.consultant,
        'starts_on', c.starts_on,
        'ends_on', c.ends_on,
        'currency', c.currency,
        'value', c.value::numeric(20, 2)::text,
        'rate', c.rate::text,
        'rate_unit', c.rate_unit
      ) order by c.status <> 'active', c.ends_on nulls last, c.number), '[]')
      from portfolio as c
    )
  )
  from report
$$;

create function public.report_contract_portfolio(report_id uuid) returns jsonb
language sql stable security invoker set search_path = '' set statement_timeout = '30s' as $$
  select private.report_contract_portfolio(report_id)
$$;

revoke execute on function private.report_contract_portfolio(uuid)
from public, anon, authenticated;
revoke execute on function public.report_contract_portfolio(uuid)
from public, anon, authenticated;
grant execute on function private.report_contract_portfolio(uuid) to service_role;
grant execute on function public.report_contract_portfolio(uuid) to service_role;

comment on function private.report_contract_portfolio(uuid) is
  'Definer of public.report_contract_portfolio.';
comment on function public.report_contract_portfolio(uuid) is
  'Everything the report shows, from the contracts of its own firm only. Money is text with two '
  'decimals, by currency, never added across currencies. For the secret key only.';
