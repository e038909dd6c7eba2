create function private.link_consultant(p_consultant_id uuid, p_user_id uuid)
returns public.consultants
language plpgsql security definer set search_path = '' as $$
declare
  v_consultant public.consultants;
  v_before uuid;
begin
  select * into v_consultant
  from public.consultants
  where id = p_consultant_id and firm_id = any (array(select private.firm_ids()))
  for update;
  if not found then
    perform private.fail('consultant_not_found', 'There is no such consultant.', status => 404);
  end if;
  perform private.require_role(v_consultant.firm_id, 'admin');
  if p_user_id is not null and not exists (
    select from auth.users u where u.id = p_user_id and u.email_confirmed_at is not null
  ) then
    perform private.fail(
      'user_not_found', 'There is no account with this id.',
      hint => 'People find their id in their profile.', status => 404
    );
  end if;
  v_before := v_consultant.user_id;
  update public.consultants
  set user_id = p_user_id
  where id = p_consultant_id
  returning * into v_consultant;
  -- A duplicate that was merged remembers the account: a manager who restores it, or undoes the
  -- merge, would open the portal again.
  perform set_config('firmbase.guards', 'off', true);
  update public.consultants c
  set user_id = null
  where c.firm_id = v_consultant.firm_id
    and c.user_id = v_before
    and c.id <> p_consultant_id
    and c.archived_at is not null;
  perform set_config('firmbase.guards', '', true);
  return v_consultant;
exception when unique_violation then
  perform private.fail(
    'user_linked', 'This account is another consultant of the firm already.',
    hint => 'Unlink the other one first.', status => 409
  );
end
$$;

create function public.link_consultant(consultant_id uuid, user_id uuid default null)
returns public.consultants
language sql security invoker set search_path = '' as $$
  select private.link_consultant(consultant_id, user_id)
$$;

revoke execute on function private.link_consultant(uuid, uuid) from public, anon, authenticated;
revoke execute on function public.link_consultant(uuid, uuid) from public, anon, authenticated;
grant execute on function private.link_consultant(uuid, uuid) to authenticated;
grant execute on function public.link_consultant(uuid, uuid) to authenticated;

comment on function private.link_consultant(uuid, uuid) is
  'Definer of public.link_consultant.';
comment on function public.link_consultant(uuid, uuid) is
  'Gives an account the portal of a consultant; without user_id takes it away. Admins. By the '
  'account''s id, not its address, so that nobody can ask which addresses have accounts. Errors: '
  'consultant_not_found, user_not_found, user_linked, archived.';
