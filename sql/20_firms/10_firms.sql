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
  require_mfa boolean not null default false,
  brand_color text,
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
  constraint firms_storage_quota_range check (storage_quota_bytes >= 0),
  constraint firms_brand_color_form check (brand_color ~ '^#[0-9a-f]{6}$')
);

create function private.guard_require_mfa() returns trigger
language plpgsql set search_path = '' as $$
begin
  perform private.fail(
    'mfa_required',
    'Only who has verified a second factor can require one of everybody.',
    hint => 'Verify a second factor, then refresh the session.',
    status => 403
  );
  return null;
end
$$;

revoke execute on function private.guard_require_mfa() from public, anon, authenticated;

comment on function private.guard_require_mfa() is
  'Trigger: whoever turns the requirement on must not be locked out by it.';

create trigger firms_require_mfa before update on public.firms
for each row when (
  new.require_mfa and not old.require_mfa and auth.uid() is not null
  and not private.has_second_factor()
)
execute function private.guard_require_mfa();

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
grant update (name, slug, currency, timezone, locale, settings, require_mfa, brand_color)
on public.firms to authenticated;
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
comment on column public.firms.require_mfa is
  'Whether a session without a second factor has no right in the firm, for members and consultants '
  'alike. Only a session that has one turns it on.';
comment on column public.firms.brand_color is
  'The colour of the firm''s mails, such as #14233c; null: that of the house.';
comment on column public.firms.archived_at is
  'When an owner closed the firm; thirty days later it is deleted, unless the operator opens it.';
