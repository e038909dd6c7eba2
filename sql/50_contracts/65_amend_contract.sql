create function private.amend_contract(p_id uuid) returns public.contracts
language plpgsql security definer set search_path = '' as $$
declare
  v_old public.contracts := private.lock_contract(p_id, 'manager');
  v_new public.contracts;
begin
  select * into v_new
  from public.contracts c
  where c.firm_id = v_old.firm_id
    and c.amended_from_id = p_id
    and c.status <> 'cancelled'
    and c.archived_at is null;
  if found then
    return v_new;
  elsif v_old.status not in ('signed', 'active') then
    perform private.fail(
      'not_amendable', format('A contract that is %s cannot be amended.', v_old.status),
      hint => 'Amend one that is signed or active; a draft is simply changed.', status => 409
    );
  end if;
  insert into public.contracts (
    firm_id, title, kind, company_id, consultant_id, starts_on, ends_on, rate, rate_unit, currency,
    value_cap, notice_days, auto_renew, renewal_months, parent_id, amended_from_id, version
  )
  values (
    v_old.firm_id, v_old.title, v_old.kind, v_old.company_id, v_old.consultant_id,
    v_old.starts_on, v_old.ends_on, v_old.rate, v_old.rate_unit, v_old.currency, v_old.value_cap,
    v_old.notice_days, v_old.auto_renew, v_old.renewal_months, v_old.parent_id, p_id,
    v_old.version + 1
  )
  returning * into v_new;
  perform private.copy_contract_parts(p_id, v_new);
  return v_new;
end
$$;

create function public.amend_contract(id uuid) returns public.contracts
language sql security invoker set search_path = '' as $$
  select private.amend_contract(id)
$$;

revoke execute on function private.amend_contract(uuid) from public, anon, authenticated;
revoke execute on function public.amend_contract(uuid) from public, anon, authenticated;
grant execute on function private.amend_contract(uuid) to authenticated;
grant execute on function public.amend_contract(uuid) to authenticated;

comment on function private.amend_contract(uuid) is 'Definer of public.amend_contract.';
comment on function public.amend_contract(uuid) is
  'The next version of a contract as a draft with the same terms. When it comes into force, on its '
  'first day once it is signed, the version before is terminated in the same moment. Managers; a '
  'retry returns the same draft. Errors: contract_not_found, not_amendable, archived.';
