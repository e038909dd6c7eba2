create function private.terminate_contract(p_id uuid, p_reason text, p_last_day date)
returns public.contracts
language plpgsql security definer set search_path = '' as $$
declare
  v_contract public.contracts := private.lock_contract(p_id, 'manager');
  v_today date := (
    select (now() at time zone f.timezone)::date
    from public.firms f
    where f.id = v_contract.firm_id
  );
begin
  if p_last_day is null then
    return private.transition_contract(p_id, 'terminated', p_reason);
  elsif v_contract.status <> 'active' then
    perform private.fail(
      'illegal_transition',
      format('A contract that is %s cannot be terminated.', v_contract.status),
      hint => 'Only an active one can.', status => 409
    );
  elsif coalesce(btrim(p_reason), '') = '' then
    perform private.fail('reason_required', 'Terminating a contract needs a reason.', status => 422);
  elsif p_last_day < v_today or p_last_day > v_contract.ends_on then
    perform private.fail(
      'bad_last_day', 'The last day lies between today and the end of the contract.',
      hint => 'Leave it out to terminate the contract at once.', status => 422
    );
  elsif (v_contract.terminates_on, v_contract.reason) = (p_last_day, p_reason) then
    return v_contract;
  end if;
  update public.contracts
  set terminates_on = p_last_day, reason = p_reason
  where id = p_id
  returning * into v_contract;
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, actor, note)
  values (
    v_contract.firm_id, p_id, 'active', 'active', auth.uid(),
    left(format('Ends on %s: %s', p_last_day, p_reason), 2000)
  );
  return v_contract;
end
$$;

create function public.terminate_contract(id uuid, reason text, last_day date default null)
returns public.contracts
language sql security invoker set search_path = '' as $$
  select private.terminate_contract(id, reason, last_day)
$$;

create function private.withdraw_termination(p_id uuid) returns public.contracts
language plpgsql security definer set search_path = '' as $$
declare
  v_contract public.contracts := private.lock_contract(p_id, 'manager');
begin
  if v_contract.status <> 'active' or v_contract.terminates_on is null then
    return v_contract;
  end if;
  update public.contracts
  set terminates_on = null, reason = null
  where id = p_id
  returning * into v_contract;
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, actor, note)
  values (v_contract.firm_id, p_id, 'active', 'active', auth.uid(), 'The notice was withdrawn.');
  return v_contract;
end
$$;

create function public.withdraw_termination(id uuid) returns public.contracts
language sql security invoker set search_path = '' as $$
  select private.withdraw_termination(id)
$$;

revoke execute on function private.terminate_contract(uuid, text, date)
from public, anon, authenticated;
revoke execute on function public.terminate_contract(uuid, text, date)
from public, anon, authenticated;
revoke execute on function private.withdraw_termination(uuid) from public, anon, authenticated;
revoke execute on function public.withdraw_termination(uuid) from public, anon, authenticated;
grant execute on function private.terminate_contract(uuid, text, date) to authenticated;
grant execute on function public.terminate_contract(uuid, text, date) to authenticated;
grant execute on function private.withdraw_termination(uuid) to authenticated;
grant execute on function public.withdraw_termination(uuid) to authenticated;

comment on function private.terminate_contract(uuid, text, date) is
  'Definer of public.terminate_contract.';
comment on function public.terminate_contract(uuid, text, date) is
  'Ends an active contract: at once, or after its last day, in the firm''s time zone, which the '
  'daily job sees to. Calling it again changes the notice. Managers. Errors: contract_not_found, '
  'illegal_transition, reason_required, bad_last_day, archived.';
comment on function private.withdraw_termination(uuid) is
  'Definer of public.withdraw_termination.';
comment on function public.withdraw_termination(uuid) is
  'Takes a notice back that has not taken effect yet; otherwise changes nothing. Managers. '
  'Errors: contract_not_found, archived.';
