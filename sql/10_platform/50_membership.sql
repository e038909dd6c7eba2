-- Who the caller is in which firm. Everything rests on auth.uid() and on the tables, so that a
-- removal takes effect with the next request. Of the other claims of the token only the level of
-- the session counts, and only to refuse. In plpgsql because the tables come later: policies need
-- these functions first.

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

create function private.has_second_factor() returns boolean
language plpgsql stable set search_path = '' as $$
begin
  -- Auth alone writes this claim; metadata of the same name stands deeper in the token.
  return coalesce(auth.jwt() ->> 'aal' = 'aal2', false);
end
$$;

revoke execute on function private.has_second_factor() from public, anon, authenticated;
grant execute on function private.has_second_factor() to authenticated, service_role;

comment on function private.has_second_factor() is
  'Whether the caller''s session was verified with a second factor (aal2).';

create function private.firm_ids(min_role text default 'viewer') returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  -- The order of private.role_rank, whose calls would double the cost of what every policy asks.
  c_roles constant text[] := array['viewer', 'member', 'manager', 'admin', 'owner'];
  v_user constant uuid := auth.uid();
begin
  -- Not a join, which costs half as much again: most people belong to one firm or two.
  return query
  select m.firm_id
  from public.firm_members m
  where m.user_id = v_user
    and m.status = 'active'
    and array_position(c_roles, m.role) >= array_position(c_roles, min_role)
    and (
      select
        f.status = 'active'
        and f.archived_at is null
        and (not f.require_mfa or (select private.has_second_factor()))
      from public.firms f
      where f.id = m.firm_id
    );
end
$$;

revoke execute on function private.firm_ids(text) from public, anon, authenticated;
grant execute on function private.firm_ids(text) to authenticated;

comment on function private.firm_ids(text) is
  'Active firms in which the caller is an active member with at least this role. A firm that '
  'requires a second factor is none of them for a session without one.';

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
  if v_role is null and exists (
    select from public.firm_members m
    join public.firms f on f.id = m.firm_id
    where m.firm_id = p_firm_id
      and m.user_id = (select auth.uid())
      and m.status = 'active'
      and f.status = 'active'
      and f.archived_at is null
      and f.require_mfa
  ) then
    perform private.fail(
      'mfa_required',
      'This firm requires a second factor.',
      hint => 'Verify a second factor, then refresh the session.',
      status => 403
    );
  elsif v_role is null then
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
  'The caller''s role if it is at least this one, else firm_not_found (404), mfa_required or '
  'not_allowed (403).';

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
