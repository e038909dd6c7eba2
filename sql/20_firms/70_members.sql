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
