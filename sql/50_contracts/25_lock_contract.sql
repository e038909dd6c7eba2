create function private.lock_contract(p_id uuid, p_min_role text) returns public.contracts
language plpgsql security definer set search_path = '' as $$
declare
  v_contract public.contracts;
begin
  select * into v_contract
  from public.contracts
  where id = p_id and firm_id = any (array(select private.firm_ids()))
  for update;
  if not found then
    perform private.fail('contract_not_found', 'There is no such contract.', status => 404);
  end if;
  perform private.require_role(v_contract.firm_id, p_min_role);
  if v_contract.archived_at is not null then
    perform private.fail(
      'archived', 'This contract is archived.', hint => 'Restore it first.', status => 409
    );
  end if;
  return v_contract;
end
$$;

revoke execute on function private.lock_contract(uuid, text) from public, anon, authenticated;

comment on function private.lock_contract(uuid, text) is
  'A contract of the caller''s firms, locked, for at least this role; fails with '
  'contract_not_found, not_allowed or archived.';
