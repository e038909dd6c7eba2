create function private.renew_invitation_token(p_invitation_id uuid) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_token text := encode(extensions.gen_random_bytes(32), 'hex');
begin
  insert into private.invitation_tokens (invitation_id, token_hash)
  values (p_invitation_id, sha256(convert_to(v_token, 'UTF8')))
  on conflict (invitation_id) do update set token_hash = excluded.token_hash;
  perform private.notify_invitation(p_invitation_id, v_token);
  return v_token;
end
$$;

revoke execute on function private.renew_invitation_token(uuid) from public, anon, authenticated;

comment on function private.renew_invitation_token(uuid) is
  'Makes the only valid token of an invitation and mails it. Only its hash is kept.';

create function private.open_invitation(p_id uuid) returns public.invitations
language plpgsql security definer set search_path = '' as $$
declare
  v_invitation public.invitations;
  v_role text;
begin
  select * into v_invitation
  from public.invitations
  where id = p_id and firm_id = any (array(select private.firm_ids()));
  if not found then
    perform private.fail('invitation_not_found', 'There is no such invitation.', status => 404);
  end if;
  v_role := private.lock_firm(v_invitation.firm_id, 'admin');
  if private.role_rank(v_invitation.role) > private.role_rank(v_role) then
    perform private.fail('not_allowed', 'Only an owner invites owners.', status => 403);
  end if;

  select * into v_invitation from public.invitations where id = p_id for update;
  if v_invitation.accepted_at is not null then
    perform private.fail(
      'invitation_used', 'This invitation has been accepted already.', status => 409
    );
  elsif v_invitation.revoked_at is not null then
    perform private.fail(
      'invitation_revoked', 'This invitation was revoked.', hint => 'Invite the person again.',
      status => 409
    );
  end if;
  return v_invitation;
end
$$;

revoke execute on function private.open_invitation(uuid) from public, anon, authenticated;

comment on function private.open_invitation(uuid) is
  'An invitation that the caller may resend or revoke, locked together with its firm.';

create function private.invite_member(
  p_firm_id uuid, p_email text, p_role text, out id uuid, out token text, out expires_at timestamptz
)
language plpgsql security definer set search_path = '' as $$
declare
  v_email text := lower(btrim(p_email));
  v_role text := private.lock_firm(p_firm_id, 'admin');
begin
  if private.role_rank(p_role) > private.role_rank(v_role) then
    perform private.fail('not_allowed', 'Only an owner invites owners.', status => 403);
  end if;
  if exists (
    select from public.firm_members m
    join public.profiles p on p.id = m.user_id
    where m.firm_id = p_firm_id and lower(p.email) = v_email
  ) then
    perform private.fail(
      'already_member', 'This person is a member of the firm already.',
      hint => 'Use change_role or reinstate_member.', status => 409
    );
  end if;

  update public.invitations i
  set revoked_at = now()
  where i.firm_id = p_firm_id
    and i.email = v_email
    and i.accepted_at is null
    and i.revoked_at is null
    and i.expires_at <= now();
  if exists (
    select from public.invitations i
    where i.firm_id = p_firm_id
      and i.email = v_email
      and i.accepted_at is null
      and i.revoked_at is null
  ) then
    perform private.fail(
      'already_invited', 'This address has an open invitation.',
      hint => 'Use resend_invitation for a new token, or revoke_invitation.', status => 409
    );
  end if;
  perform private.require_seat(p_firm_id, p_with_invitations => true);

  insert into public.invitations as i (firm_id, email, role, invited_by, expires_at)
  values (p_firm_id, v_email, p_role, auth.uid(), now() + interval '7 days')
  returning i.id, i.expires_at into invite_member.id, invite_member.expires_at;
  token := private.renew_invitation_token(invite_member.id);
end
$$;

create function public.invite_member(
  firm_id uuid, email text, role text, out id uuid, out token text, out expires_at timestamptz
)
language sql security invoker set search_path = '' as $$
  select * from private.invite_member(firm_id, email, role)
$$;

revoke execute on function private.invite_member(uuid, text, text)
from public, anon, authenticated;
revoke execute on function public.invite_member(uuid, text, text)
from public, anon, authenticated;
grant execute on function private.invite_member(uuid, text, text) to authenticated;
grant execute on function public.invite_member(uuid, text, text) to authenticated;

comment on function private.invite_member(uuid, text, text) is 'Definer of public.invite_member.';
comment on function public.invite_member(uuid, text, text) is
  'Invites an address; the token is shown this once and lasts 7 days. Admins and owners, up to '
  'their own role. Errors: already_member, already_invited, seat_limit, too_many_invitations.';

create function private.resend_invitation(
  p_id uuid, out id uuid, out token text, out expires_at timestamptz
)
language plpgsql security definer set search_path = '' as $$
declare
  v_invitation public.invitations := private.open_invitation(p_id);
begin
  -- One that has expired holds no seat any more: somebody else may have been invited into it.
  if v_invitation.expires_at <= now() then
    perform private.require_seat(v_invitation.firm_id, p_with_invitations => true);
  end if;
  update public.invitations as i
  set expires_at = now() + interval '7 days', invited_by = auth.uid()
  where i.id = p_id
  returning i.id, i.expires_at into resend_invitation.id, resend_invitation.expires_at;
  token := private.renew_invitation_token(p_id);
end
$$;

create function public.resend_invitation(
  invitation_id uuid, out id uuid, out token text, out expires_at timestamptz
)
language sql security invoker set search_path = '' as $$
  select * from private.resend_invitation(invitation_id)
$$;

revoke execute on function private.resend_invitation(uuid) from public, anon, authenticated;
revoke execute on function public.resend_invitation(uuid) from public, anon, authenticated;
grant execute on function private.resend_invitation(uuid) to authenticated;
grant execute on function public.resend_invitation(uuid) to authenticated;

comment on function private.resend_invitation(uuid) is 'Definer of public.resend_invitation.';
comment on function public.resend_invitation(uuid) is
  'A new token and 7 more days for an open invitation; the old token is worthless from then on. '
  'Errors: seat_limit, too_many_invitations.';

create function private.revoke_invitation(p_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform private.open_invitation(p_id);
  update public.invitations set revoked_at = now() where id = p_id;
end
$$;

create function public.revoke_invitation(invitation_id uuid) returns void
language sql security invoker set search_path = '' as $$
  select private.revoke_invitation(invitation_id)
$$;

revoke execute on function private.revoke_invitation(uuid) from public, anon, authenticated;
revoke execute on function public.revoke_invitation(uuid) from public, anon, authenticated;
grant execute on function private.revoke_invitation(uuid) to authenticated;
grant execute on function public.revoke_invitation(uuid) to authenticated;

comment on function private.revoke_invitation(uuid) is 'Definer of public.revoke_invitation.';
comment on function public.revoke_invitation(uuid) is 'Withdraws an open invitation.';
