create function private.accept_invitation(p_token text) returns public.firm_members
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
  v_firm public.firms;
  v_invitation public.invitations;
  v_member public.firm_members;
begin
  select t.invitation_id into v_id
  from private.invitation_tokens t
  where t.token_hash = sha256(convert_to(p_token, 'UTF8'));

  -- The firm first and then the invitation, as everywhere: one of two simultaneous requests wins.
  select f.* into v_firm
  from public.firms f
  join public.invitations i on i.firm_id = f.id
  where i.id = v_id
  for no key update of f;
  select * into v_invitation from public.invitations where id = v_id for update;
  -- A wrong person learns nothing about the invitation, not even that it exists.
  if not found or not exists (
    select from auth.users u
    where u.id = auth.uid()
      and lower(u.email) = v_invitation.email
      and u.email_confirmed_at is not null
  ) then
    perform private.fail(
      'invitation_not_found',
      'This invitation does not exist, or it was sent to another address.',
      hint => 'Sign in with the address that was invited, and confirm it.',
      status => 404
    );
  elsif v_invitation.accepted_at is not null then
    perform private.fail(
      'invitation_used', 'This invitation has been accepted already.', status => 409
    );
  elsif
    v_invitation.revoked_at is not null
    or v_invitation.expires_at <= now()
    or v_firm.status <> 'active'
    or v_firm.archived_at is not null
    or not exists (
      select from public.firm_members m
      where m.firm_id = v_firm.id
        and m.user_id = v_invitation.invited_by
        and m.status = 'active'
        and private.role_rank(m.role) >= private.role_rank('admin')
        and private.role_rank(m.role) >= private.role_rank(v_invitation.role)
    )
  then
    perform private.fail(
      'invitation_expired', 'This invitation is no longer valid.',
      hint => 'Ask the firm for a new one.', status => 410
    );
  end if;

  select * into v_member
  from public.firm_members
  where firm_id = v_firm.id and user_id = auth.uid();
  if found then
    perform private.fail(
      'already_member', 'You belong to this firm already.',
      hint => 'If you cannot see it, your membership is suspended: ask an owner or an admin.',
      status => 409
    );
  end if;
  perform private.require_seat(v_firm.id, p_with_invitations => false);

  insert into public.firm_members (firm_id, user_id, role)
  values (v_firm.id, auth.uid(), v_invitation.role)
  returning * into v_member;
  update public.invitations set accepted_at = now(), accepted_by = auth.uid() where id = v_id;
  return v_member;
end
$$;

create function public.accept_invitation(token text) returns public.firm_members
language sql security invoker set search_path = '' as $$
  select private.accept_invitation(token)
$$;

revoke execute on function private.accept_invitation(text) from public, anon, authenticated;
revoke execute on function public.accept_invitation(text) from public, anon, authenticated;
grant execute on function private.accept_invitation(text) to authenticated;
grant execute on function public.accept_invitation(text) to authenticated;

comment on function private.accept_invitation(text) is 'Definer of public.accept_invitation.';
comment on function public.accept_invitation(text) is
  'Joins the firm that invited the caller''s confirmed address. Errors: invitation_not_found, '
  'invitation_used, invitation_expired, already_member, seat_limit.';
