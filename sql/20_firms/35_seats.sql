create function private.require_seat(p_firm_id uuid, p_with_invitations boolean) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_taken bigint;
begin
  select count(*) into v_taken from public.firm_members where firm_id = p_firm_id;
  if p_with_invitations then
    v_taken := v_taken + (
      select count(*)
      from public.invitations
      where firm_id = p_firm_id
        and accepted_at is null
        and revoked_at is null
        and expires_at > now()
    );
  end if;
  if v_taken >= (select seat_limit from public.firms where id = p_firm_id) then
    perform private.fail(
      'seat_limit', 'Every seat of the firm is taken.',
      hint => 'Remove a member, revoke an invitation, or ask for more seats.', status => 409
    );
  end if;
end
$$;

revoke execute on function private.require_seat(uuid, boolean) from public, anon, authenticated;

comment on function private.require_seat(uuid, boolean) is
  'Fails with seat_limit when the firm is full; the caller holds the firm''s lock. Suspended '
  'members keep their seat.';
