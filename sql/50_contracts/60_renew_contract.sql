create function private.copy_contract_parts(p_from uuid, p_to public.contracts) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_from public.contracts;
begin
  select * into strict v_from from public.contracts c where c.id = p_from;
  insert into public.contract_signers (firm_id, contract_id, name, email, role, sign_order)
  select s.firm_id, p_to.id, s.name, s.email, s.role, s.sign_order
  from public.contract_signers s
  where s.firm_id = v_from.firm_id
    and s.contract_id = p_from
    and s.archived_at is null
    -- Whoever was erased since does not sign again.
    and s.email not like '%@erased.invalid';
  -- Who is on it till the end goes on, once; where it has none, who is not off it yet.
  insert into public.contract_consultants (
    firm_id, contract_id, consultant_id, period, allocation_pct, bill_rate, bill_unit
  )
  select distinct on (c.consultant_id)
    c.firm_id, p_to.id, c.consultant_id, daterange(p_to.starts_on, p_to.ends_on, '[]'),
    c.allocation_pct, c.bill_rate, c.bill_unit
  from public.contract_consultants c
  join public.consultants who on who.firm_id = c.firm_id and who.id = c.consultant_id
  where c.firm_id = v_from.firm_id
    and c.contract_id = p_from
    and c.archived_at is null
    and who.archived_at is null
    and (upper_inf(c.period) or upper(c.period) > coalesce(v_from.ends_on, current_date))
  order by c.consultant_id, c.period desc;
end
$$;

revoke execute on function private.copy_contract_parts(uuid, public.contracts)
from public, anon, authenticated;

comment on function private.copy_contract_parts(uuid, public.contracts) is
  'Gives a new contract the signers of another, and the consultants who are on it till its end.';

create function private.renew_contract(p_id uuid) returns public.contracts
language plpgsql security definer set search_path = '' as $$
declare
  v_old public.contracts := private.lock_contract(p_id, 'manager');
  v_new public.contracts;
  -- By a notice it may end earlier than agreed, or at all.
  v_starts_on date := coalesce(v_old.terminates_on, v_old.ends_on) + 1;
begin
  select * into v_new
  from public.contracts c
  where c.firm_id = v_old.firm_id
    and c.renewed_from_id = p_id
    and c.status <> 'cancelled'
    and c.archived_at is null;
  if found then
    return v_new;
  elsif v_old.status not in ('signed', 'active', 'expired') then
    perform private.fail(
      'not_renewable', format('A contract that is %s cannot be renewed.', v_old.status),
      hint => 'Renew one that is signed, active or expired.', status => 409
    );
  elsif v_starts_on is null then
    perform private.fail(
      'no_end', 'A contract without a last day runs on and needs no renewal.', status => 409
    );
  end if;
  insert into public.contracts (
    firm_id, title, kind, company_id, consultant_id, starts_on, ends_on, rate, rate_unit, currency,
    value_cap, notice_days, auto_renew, renewal_months, parent_id, renewed_from_id
  )
  values (
    v_old.firm_id, v_old.title, v_old.kind, v_old.company_id, v_old.consultant_id, v_starts_on,
    case
      when v_old.renewal_months is not null
        then (v_starts_on + make_interval(months => v_old.renewal_months))::date - 1
      else v_starts_on + (v_old.ends_on - v_old.starts_on)
    end,
    v_old.rate, v_old.rate_unit, v_old.currency, v_old.value_cap, v_old.notice_days,
    v_old.auto_renew, v_old.renewal_months, v_old.parent_id, p_id
  )
  returning * into v_new;
  perform private.copy_contract_parts(p_id, v_new);
  return v_new;
end
$$;

create function public.renew_contract(id uuid) returns public.contracts
language sql security invoker set search_path = '' as $$
  select private.renew_contract(id)
$$;

revoke execute on function private.renew_contract(uuid) from public, anon, authenticated;
revoke execute on function public.renew_contract(uuid) from public, anon, authenticated;
grant execute on function private.renew_contract(uuid) to authenticated;
grant execute on function public.renew_contract(uuid) to authenticated;

comment on function private.renew_contract(uuid) is 'Definer of public.renew_contract.';
comment on function public.renew_contract(uuid) is
  'A draft that continues the contract: the same terms, signers and people, from the day after its '
  'last, for renewal_months or as long as before. Managers; a retry returns the same draft. '
  'Errors: contract_not_found, not_renewable, no_end, archived.';
