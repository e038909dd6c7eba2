create function private.guard_contract_part() returns trigger
language plpgsql set search_path = '' as $$
begin
  -- A row that is new waits for whoever moves the contract on, and holds the next one up. One that
  -- changes is locked itself: who sends the contract waits for it.
  if tg_op = 'INSERT' then
    perform from public.contracts k
    where k.firm_id = new.firm_id and k.id = new.contract_id
    for key share;
  end if;
  -- As the caller: of a contract somebody cannot see, they learn nothing here.
  if auth.uid() is not null and not private.guards_are_off() and exists (
    select from public.contracts k
    where k.firm_id = new.firm_id and k.id = new.contract_id and k.status <> all (tg_argv)
  ) then
    perform private.fail(
      'contract_closed', 'The contract has come too far for this change.',
      hint => 'This can be changed while it is: ' || array_to_string(tg_argv, ', ') || '.',
      status => 409
    );
  end if;
  return new;
end
$$;

revoke execute on function private.guard_contract_part() from public, anon, authenticated;

comment on function private.guard_contract_part() is
  'Trigger with the statuses of a contract in which people may change what belongs to it.';
