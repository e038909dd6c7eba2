create function private.release_account() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_email text := lower(old.email);
  v_firms text;
begin
  -- All firms at once and in one order: two owners who go at the same moment queue here.
  perform from public.firms f
  where f.id in (
    select m.firm_id from public.firm_members m where m.user_id = old.id and m.role = 'owner'
    union
    select i.firm_id from public.invitations i where i.email = v_email
  )
  order by f.id
  for no key update;

  select string_agg(f.name, ', ' order by f.name) into v_firms
  from public.firm_members m
  join public.firms f on f.id = m.firm_id
  where m.user_id = old.id
    and m.role = 'owner'
    and m.status = 'active'
    and f.archived_at is null
    and not exists (
      select from public.firm_members o
      where o.firm_id = m.firm_id
        and o.user_id <> old.id
        and o.role = 'owner'
        and o.status = 'active'
    );
  if v_firms is not null then
    perform private.fail(
      'owns_firms',
      'This account is the last owner of a firm.',
      hint => 'First call transfer_ownership or archive_firm for: ' || v_firms || '.',
      status => 409
    );
  end if;

  -- An address nobody has confirmed may be that of somebody else.
  if old.email_confirmed_at is not null then
    delete from public.invitations where email = v_email;
    -- Somebody waits for a signature, from whoever reads this address: its link still goes out.
    delete from public.emails
    where to_address = v_email
      and not (event = 'signing_request' and status in ('queued', 'sending'));
  end if;
  return old;
end
$$;

revoke execute on function private.release_account() from public, anon, authenticated;

comment on function private.release_account() is
  'Trigger: lets an account go unless it is the last owner of a firm, and deletes the invitations '
  'and e-mails to it. The rest goes by foreign keys.';

create trigger firmbase_account_deleted before delete on auth.users
for each row execute function private.release_account();

create function private.delete_account() returns void
language plpgsql security definer set search_path = '' as $$
begin
  if exists (
    select from auth.mfa_factors where user_id = auth.uid() and status = 'verified'
  ) and not private.has_second_factor() then
    perform private.fail(
      'mfa_required', 'Your account has a second factor.',
      hint => 'Verify it, then refresh the session.', status => 403
    );
  elsif jsonb_path_exists(
    auth.jwt(),
    '$.amr[*].timestamp ? (@ > $earliest)',
    jsonb_build_object('earliest', extract(epoch from now() - interval '10 minutes'))
  ) is not true then
    perform private.fail(
      'reauthentication_needed', 'Your last sign-in is too long ago for this.',
      hint => 'Sign in again and repeat it within ten minutes.', status => 401
    );
  end if;
  delete from auth.users where id = auth.uid();
  if not found then
    perform private.fail(
      'not_signed_in', 'There is no such account any more.', status => 401
    );
  end if;
end
$$;

create function public.delete_account() returns void
language sql security invoker set search_path = '' as $$
  select private.delete_account()
$$;

revoke execute on function private.delete_account() from public, anon, authenticated;
revoke execute on function public.delete_account() from public, anon, authenticated;
grant execute on function private.delete_account() to authenticated;
grant execute on function public.delete_account() to authenticated;

comment on function private.delete_account() is 'Definer of public.delete_account.';
comment on function public.delete_account() is
  'Deletes the caller''s account for good, with the memberships, the profile and what was told to '
  'them; what they made for a firm stays. Only within ten minutes of signing in. Errors: '
  'owns_firms (the hint names the firms), reauthentication_needed, mfa_required, not_signed_in.';
