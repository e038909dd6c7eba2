create function private.contract_transitions(p_from text)
returns table (to_status text, min_role text)
language sql immutable set search_path = '' as $$
  select t.to_status, t.min_role
  from (
    values
    ('draft', 'in_review', 'manager'),
    ('in_review', 'sent', 'manager'),
    ('sent', 'signed', 'manager'),
    ('in_review', 'draft', 'manager'),
    ('sent', 'draft', 'manager'),
    ('draft', 'cancelled', 'manager'),
    ('in_review', 'cancelled', 'manager'),
    ('sent', 'cancelled', 'manager'),
    ('signed', 'cancelled', 'admin'),
    ('active', 'terminated', 'manager')
  ) as t (from_status, to_status, min_role)
  where t.from_status = p_from
$$;

revoke execute on function private.contract_transitions(text) from public, anon, authenticated;

comment on function private.contract_transitions(text) is
  'What people may turn a contract into, and the least role for it. signed to active to expired '
  'is the daily job''s.';

create function private.transition_contract(p_id uuid, p_to text, p_note text)
returns public.contracts
language plpgsql security definer set search_path = '' as $$
declare
  v_contract public.contracts := private.lock_contract(p_id, 'manager');
  v_from text;
  v_min_role text;
begin
  v_from := v_contract.status;
  select t.min_role into v_min_role
  from private.contract_transitions(v_from) t
  where t.to_status = p_to;
  if not found then
    perform private.fail(
      'illegal_transition',
      format('A contract that is %s cannot become %s.', v_from, coalesce(p_to, 'nothing')),
      hint => coalesce(
        (
          select 'It can become: ' || string_agg(t.to_status, ', ') || '.'
          from private.contract_transitions(v_from) t
        ),
        'Nobody can change it any more.'
      ),
      status => 409
    );
  end if;
  perform private.require_role(v_contract.firm_id, v_min_role);
  if p_to = 'terminated' and coalesce(btrim(p_note), '') = '' then
    perform private.fail(
      'reason_required', 'Terminating a contract needs a reason.',
      hint => 'Say why in the note.', status => 422
    );
  elsif p_to = 'in_review' and v_contract.starts_on is null then
    perform private.fail(
      'start_required', 'A contract leaves draft only with a first day.',
      hint => 'Set starts_on.', status => 422
    );
  elsif p_to = 'signed' and coalesce(btrim(p_note), '') = '' and exists (
    select from public.contract_signers s
    where s.contract_id = p_id and s.archived_at is null and s.status <> 'signed'
  ) then
    perform private.fail(
      'signers_pending', 'Not everybody has signed yet.',
      hint => 'Wait for them, or say in the note how it was signed otherwise.', status => 409
    );
  end if;

  update public.contracts
  set
    status = p_to,
    signed_at = case when p_to = 'signed' then now() else signed_at end,
    terminated_at = case when p_to = 'terminated' then now() end,
    reason = case when p_to = 'terminated' then p_note end
  where id = p_id
  returning * into v_contract;
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, actor, note)
  values (v_contract.firm_id, p_id, v_from, p_to, auth.uid(), p_note);
  return v_contract;
end
$$;

create function public.transition_contract(id uuid, to_status text, note text default null)
returns public.contracts
language sql security invoker set search_path = '' as $$
  select private.transition_contract(id, to_status, note)
$$;

revoke execute on function private.transition_contract(uuid, text, text)
from public, anon, authenticated;
revoke execute on function public.transition_contract(uuid, text, text)
from public, anon, authenticated;
grant execute on function private.transition_contract(uuid, text, text) to authenticated;
grant execute on function public.transition_contract(uuid, text, text) to authenticated;

comment on function private.transition_contract(uuid, text, text) is
  'Definer of public.transition_contract.';
comment on function public.transition_contract(uuid, text, text) is
  'Moves a contract on and logs it. Managers; a signed one is cancelled by admins. Errors: '
  'illegal_transition, reason_required, start_required, signers_pending, too_many_signers, '
  'too_many_signing_requests, archived, erased.';
