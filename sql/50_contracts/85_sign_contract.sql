create function private.open_signing(p_token text, p_contract_id uuid)
returns public.contract_signers
language plpgsql security definer set search_path = '' as $$
declare
  v_signer public.contract_signers;
  v_contract_id uuid := p_contract_id;
begin
  if p_token is not null then
    select s.* into v_signer
    from private.signing_tokens t
    join public.contract_signers s on s.firm_id = t.firm_id and s.id = t.signer_id
    where t.token_hash = sha256(convert_to(p_token, 'UTF8')) and t.expires_at > now();
  else
    -- Somebody signed in: a consultant in the portal, or a member, with the address that was asked.
    select s.* into v_signer
    from public.contract_signers s
    join private.signing_tokens t on t.firm_id = s.firm_id and t.signer_id = s.id
    join auth.users u on u.id = auth.uid() and u.email_confirmed_at is not null
    where s.contract_id = p_contract_id
      and s.email = lower(u.email)
      and (
        s.firm_id = any (array(select private.firm_ids()))
        or s.contract_id = any (array(select private.portal_contract_ids()))
      );
  end if;
  if v_signer.id is not null then
    perform from public.contracts c where c.id = v_signer.contract_id for update;
    -- Now that nobody else changes it. A repeated request still finds what it signed.
    select s.* into v_signer
    from public.contract_signers s
    join private.signing_tokens t on t.firm_id = s.firm_id and t.signer_id = s.id
    join public.contracts c on c.firm_id = s.firm_id and c.id = s.contract_id
    join public.firms f on f.id = s.firm_id
    where s.id = v_signer.id
      and s.archived_at is null
      and (p_token is null or t.token_hash = sha256(convert_to(p_token, 'UTF8')))
      and (c.status = 'sent' or (c.status = 'signed' and s.status = 'signed'))
      and c.archived_at is null
      and f.status = 'active'
      and f.archived_at is null;
  end if;
  if v_signer.id is null then
    perform private.fail(
      'link_invalid', 'This contract is not waiting for your signature.',
      hint => 'The link may be old: ask whoever sent it for a new one.', status => 404
    );
  end if;
  return v_signer;
end
$$;

revoke execute on function private.open_signing(text, uuid) from public, anon, authenticated;

comment on function private.open_signing(text, uuid) is
  'The signer behind a token, or whom the caller is on a contract, with the contract locked; '
  'link_invalid for whatever does not open it.';

create function private.view_signing(p_token text, p_contract_id uuid) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_signer public.contract_signers := private.open_signing(p_token, p_contract_id);
  v_terms jsonb := (
    select private.signing_terms(c) from public.contracts c where c.id = v_signer.contract_id
  );
begin
  update public.contract_signers
  set status = 'viewed', viewed_at = now()
  where id = v_signer.id and status = 'pending';
  update private.signing_tokens
  set seen_hash = sha256(convert_to(v_terms::text, 'UTF8'))
  where signer_id = v_signer.id;
  return (
    select jsonb_build_object(
      'terms', v_terms,
      'name', s.name,
      'role', s.role,
      'status', s.status,
      'decided_at', s.decided_at,
      'contract_status', c.status
    )
    from public.contract_signers s
    join public.contracts c on c.firm_id = s.firm_id and c.id = s.contract_id
    where s.id = v_signer.id
  );
end
$$;

create function public.view_signing(token text default null, contract_id uuid default null)
returns jsonb
language sql security invoker set search_path = '' as $$
  select private.view_signing(token, contract_id)
$$;

create function private.sign_contract(p_name text, p_token text, p_contract_id uuid) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_signer public.contract_signers := private.open_signing(p_token, p_contract_id);
  v_contract public.contracts;
  v_terms jsonb;
begin
  select * into strict v_contract from public.contracts c where c.id = v_signer.contract_id;
  v_terms := private.signing_terms(v_contract);
  if v_signer.status = 'signed' then
    return v_contract.status;
  elsif coalesce(btrim(p_name), '') = '' or char_length(p_name) > 200 or p_name ~ '[[:cntrl:]]' then
    perform private.fail(
      'name_required', 'Type your name to sign.', hint => 'One line, at most 200 characters.',
      status => 422
    );
  elsif exists (
    -- The contract itself stands still; the names of its parties are kept elsewhere. A link is of
    -- one sending; who is signed in may have looked before the contract was taken back.
    select from private.signing_tokens t
    where t.signer_id = v_signer.id
      and t.seen_hash is distinct from sha256(convert_to(v_terms::text, 'UTF8'))
      and (t.seen_hash is not null or p_token is null)
  ) then
    perform private.fail(
      'terms_changed', 'The contract is not as you saw it last.',
      hint => 'Look at it again before you sign.', status => 409
    );
  end if;
  update public.contract_signers
  set
    status = 'signed',
    viewed_at = coalesce(viewed_at, now()),
    decided_at = now(),
    signed_name = btrim(p_name),
    signed_terms = v_terms
  where id = v_signer.id;
  if private.ask_signers(v_contract.id) > 0 then
    return 'sent';
  end if;
  update public.contracts
  set status = 'signed', signed_at = now()
  where id = v_contract.id;
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, actor, note)
  values (
    v_contract.firm_id, v_contract.id, 'sent', 'signed', auth.uid(), 'Everybody has signed.'
  );
  perform private.tell_of_signing(v_contract, 'contract_signed', null, null);
  return 'signed';
end
$$;

create function public.sign_contract(
  name text, token text default null, contract_id uuid default null
) returns text
language sql security invoker set search_path = '' as $$
  select private.sign_contract(name, token, contract_id)
$$;

create function private.decline_contract(p_reason text, p_token text, p_contract_id uuid)
returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_signer public.contract_signers := private.open_signing(p_token, p_contract_id);
  v_contract public.contracts;
begin
  if v_signer.status = 'signed' then
    perform private.fail(
      'signed_already', 'You have signed this contract already.',
      hint => 'Speak with whoever sent it.', status => 409
    );
  elsif coalesce(btrim(p_reason), '') = '' or char_length(p_reason) > 1000 then
    perform private.fail(
      'reason_required', 'Say why you decline.', hint => 'At most 1000 characters.', status => 422
    );
  end if;
  update public.contract_signers
  set status = 'declined', viewed_at = coalesce(viewed_at, now()), decided_at = now(),
    reason = btrim(p_reason)
  where id = v_signer.id;
  update public.contracts
  set status = 'draft'
  where id = v_signer.contract_id
  returning * into v_contract;
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, actor, note)
  values (
    v_contract.firm_id, v_contract.id, 'sent', 'draft', auth.uid(),
    format('%s declined: %s', v_signer.name, btrim(p_reason))
  );
  perform private.tell_of_signing(v_contract, 'contract_declined', v_signer.name, btrim(p_reason));
  return 'draft';
end
$$;

create function public.decline_contract(
  reason text, token text default null, contract_id uuid default null
) returns text
language sql security invoker set search_path = '' as $$
  select private.decline_contract(reason, token, contract_id)
$$;

create function private.resend_signing(p_signer_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_signer public.contract_signers;
begin
  select * into v_signer
  from public.contract_signers s
  where s.id = p_signer_id and s.firm_id = any (array(select private.firm_ids()));
  if not found then
    perform private.fail('signer_not_found', 'There is no such signer.', status => 404);
  end if;
  perform private.lock_contract(v_signer.contract_id, 'manager');
  if not exists (select from private.signing_tokens t where t.signer_id = p_signer_id)
    or (select s.status from public.contract_signers s where s.id = p_signer_id)
    not in ('pending', 'viewed')
  then
    perform private.fail(
      'not_their_turn', 'This person is not asked to sign at the moment.', status => 409
    );
  end if;
  perform private.require_mail_room(v_signer.firm_id, 'signing_request', v_signer.email);
  update public.contract_signers
  set unreachable_since = null
  where id = p_signer_id and unreachable_since is not null;
  perform private.ask_signer(p_signer_id);
end
$$;

create function public.resend_signing(signer_id uuid) returns void
language sql security invoker set search_path = '' as $$
  select private.resend_signing(signer_id)
$$;

revoke execute on function
private.view_signing(text, uuid), public.view_signing(text, uuid),
private.sign_contract(text, text, uuid), public.sign_contract(text, text, uuid),
private.decline_contract(text, text, uuid), public.decline_contract(text, text, uuid),
private.resend_signing(uuid), public.resend_signing(uuid)
from public, anon, authenticated;
-- Whoever signs for a client has no account: the token is what they have.
grant usage on schema private to anon;
grant execute on function
private.view_signing(text, uuid), public.view_signing(text, uuid),
private.sign_contract(text, text, uuid), public.sign_contract(text, text, uuid),
private.decline_contract(text, text, uuid), public.decline_contract(text, text, uuid)
to anon, authenticated;
grant execute on function private.resend_signing(uuid), public.resend_signing(uuid)
to authenticated;

comment on function private.view_signing(text, uuid) is 'Definer of public.view_signing.';
comment on function public.view_signing(text, uuid) is
  'What a person is asked to sign, by the token of their mail, or signed in by the contract. '
  'Notes that they have seen it. Errors: link_invalid.';
comment on function private.sign_contract(text, text, uuid) is 'Definer of public.sign_contract.';
comment on function public.sign_contract(text, text, uuid) is
  'Signs with the name as typed, by the token of the mail, or signed in by the contract once '
  'view_signing has shown it. Returns signed when everybody has, else sent; then the next ones are '
  'asked. A retry changes nothing. '
  'Errors: link_invalid, name_required, terms_changed.';
comment on function private.decline_contract(text, text, uuid) is
  'Definer of public.decline_contract.';
comment on function public.decline_contract(text, text, uuid) is
  'Declines to sign: the contract goes back to draft and its people hear why. Errors: '
  'link_invalid, reason_required, signed_already.';
comment on function private.resend_signing(uuid) is 'Definer of public.resend_signing.';
comment on function public.resend_signing(uuid) is
  'Mails a signer a new link; the one before works no more. Managers. Errors: signer_not_found, '
  'not_their_turn, too_many_requests, archived.';
