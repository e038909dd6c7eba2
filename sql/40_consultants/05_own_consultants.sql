create function private.own_consultant_ids() returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user constant uuid := auth.uid();
begin
  return query
  select c.id
  from public.consultants c
  join public.firms f on f.id = c.firm_id
  where c.user_id = v_user
    and c.status <> 'inactive'
    and c.archived_at is null
    and f.status = 'active'
    and f.archived_at is null
    and (not f.require_mfa or (select private.has_second_factor()))
    -- A member who is suspended has no way around it through the portal.
    and not exists (
      select from public.firm_members m
      where m.firm_id = c.firm_id and m.user_id = c.user_id and m.status <> 'active'
    );
end
$$;

revoke execute on function private.own_consultant_ids() from public, anon, authenticated;
grant execute on function private.own_consultant_ids() to authenticated;

comment on function private.own_consultant_ids() is
  'The consultants the caller is, one for each active firm that linked the account: what the '
  'portal rests on. None in a firm that requires a second factor for a session without one.';
