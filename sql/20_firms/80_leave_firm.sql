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
