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
  'Closes a firm for everybody in it; after thirty days it is deleted with all that is in it, and '
  'until then the operator can open it again. Owners only: export_firm first.';
