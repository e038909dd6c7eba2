create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  email text,
  full_name text not null default '',
  locale text not null default 'en',
  timezone text not null default 'UTC',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  avatar_path text,
  constraint profiles_full_name_length check (char_length(full_name) <= 200),
  constraint profiles_full_name_line check (full_name !~ '[[:cntrl:]]'),
  constraint profiles_locale_form check (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
  constraint profiles_timezone_known check (private.is_timezone(timezone)),
  constraint profiles_avatar_path_form
  check (avatar_path ~ ('^' || id || '/avatar\.(jpg|png|webp)$'))
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
grant update (full_name, locale, timezone, avatar_path) on public.profiles to authenticated;

comment on table public.profiles is
  'One per user, created with the account. Colleagues see each other; everyone edits their own.';
comment on column public.profiles.id is 'The user''s id in Auth.';
comment on column public.profiles.email is
  'The confirmed address of the account, kept in step with Auth.';
comment on column public.profiles.avatar_path is
  'The person''s picture in the bucket avatars: their id, then /avatar.jpg, .png or .webp.';
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
