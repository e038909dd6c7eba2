create table private.mail_key (
  only_row boolean primary key default true,
  key bytea not null default extensions.gen_random_bytes(32),
  constraint mail_key_only_row check (only_row)
);

alter table private.mail_key enable row level security;

create policy mail_key_nobody on private.mail_key
as restrictive for all to anon, authenticated
using (false);

revoke all on private.mail_key from public, anon, authenticated, service_role;

comment on table private.mail_key is
  'What the tokens to unsubscribe are signed with, and addresses hashed. Made when first needed. '
  'Whoever knows it can stop mails, and guess whose address is suppressed; nothing else.';

create function private.mail_key() returns bytea
language plpgsql
set search_path = ''
as $$
declare
  found_key bytea;
begin
  select k.key into found_key from private.mail_key as k;
  if found_key is null then
    insert into private.mail_key (only_row) values (true) on conflict do nothing;
    select k.key into strict found_key from private.mail_key as k;
  end if;
  return found_key;
end
$$;

create function private.address_hash(address text) returns bytea
language sql
set search_path = ''
return extensions.hmac(convert_to(lower(address), 'UTF8'), private.mail_key(), 'sha256');

create table private.email_suppressions (
  id uuid primary key default gen_random_uuid(),
  address_hash bytea not null,
  firm_id uuid references public.firms (id) on delete cascade,
  event text,
  reason text not null,
  created_at timestamptz not null default now(),
  constraint email_suppressions_address_hash_firm_id_event_key
  unique nulls not distinct (address_hash, firm_id, event),
  constraint email_suppressions_reason_known
  check (reason in ('unsubscribed', 'bounced', 'complained')),
  constraint email_suppressions_scope
  check (
    case reason
      when 'unsubscribed' then firm_id is not null and event is not null
      else firm_id is null and event is null
    end
  )
);

create index email_suppressions_firm_id_idx on private.email_suppressions (firm_id)
where firm_id is not null;

alter table private.email_suppressions enable row level security;

create policy email_suppressions_nobody on private.email_suppressions
as restrictive for all to anon, authenticated
using (false);

revoke all on private.email_suppressions from public, anon, authenticated, service_role;

comment on table private.email_suppressions is
  'What is never mailed again: one event of one firm to somebody who is not a member and '
  'unsubscribed, or anything to an address that bounced or complained. Outlives accounts, so it '
  'keeps no address, only its hash.';

create function private.is_suppressed(address text, firm_id uuid, event text) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  hash bytea := private.address_hash(address);
begin
  return exists (
    select from private.email_suppressions as s
    where s.address_hash = hash
      and (
        s.firm_id is null
        or (s.firm_id = is_suppressed.firm_id and s.event = is_suppressed.event)
      )
  );
end
$$;

create function private.suppress_address(address text, reason text) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  if private.is_email(suppress_address.address) is not true then
    perform private.fail('bad_address', 'This is no e-mail address.', status => 400);
  elsif suppress_address.reason in ('bounced', 'complained') is not true then
    perform private.fail(
      'unknown_reason', 'An address is suppressed because it bounced or complained.',
      hint => 'Use bounced or complained.', status => 400
    );
  end if;
  insert into private.email_suppressions (address_hash, reason)
  values (private.address_hash(suppress_address.address), suppress_address.reason)
  on conflict do nothing;
end
$$;

create function private.allow_address(address text) returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
  hash bytea := private.address_hash(address);
  lifted integer;
begin
  delete from private.email_suppressions as s where s.address_hash = hash;
  get diagnostics lifted = row_count;
  return lifted;
end
$$;

create function public.suppress_address(address text, reason text) returns void
language sql
set search_path = ''
return private.suppress_address(address, reason);

create function public.allow_address(address text) returns integer
language sql
set search_path = ''
return private.allow_address(address);

revoke execute on function
private.mail_key(), private.address_hash(text), private.is_suppressed(text, uuid, text)
from public, anon, authenticated, service_role;
revoke execute on function
private.suppress_address(text, text), public.suppress_address(text, text),
private.allow_address(text), public.allow_address(text)
from public, anon, authenticated;
grant execute on function
private.suppress_address(text, text), public.suppress_address(text, text),
private.allow_address(text), public.allow_address(text)
to service_role;

comment on function private.mail_key() is
'The key of private.mail_key, made when it is first asked for.';
comment on function private.address_hash(text) is
'An address as private.email_suppressions and tokens know it; capital letters make no difference.';
comment on function private.is_suppressed(text, uuid, text) is
'Whether this event of this firm must not be mailed to the address.';
comment on function private.suppress_address(text, text) is
'Definer of public.suppress_address.';
comment on function private.allow_address(text) is
'Definer of public.allow_address.';
comment on function public.suppress_address(text, text) is
'Nothing is mailed to this address any more, by any firm, because it bounced or complained. For the
secret key only. Errors: bad_address, unknown_reason.';
comment on function public.allow_address(text) is
'Lifts whatever keeps mails from this address, what its owner unsubscribed from too; for when they
ask. Returns how many entries went. For the secret key only.';
