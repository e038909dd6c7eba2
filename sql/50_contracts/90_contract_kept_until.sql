create function private.contract_kept_until(p_contract public.contracts) returns date
language sql stable set search_path = '' as $$
  select case
    when p_contract.signed_at is null then null
    when p_contract.status in ('signed', 'active') then 'infinity'
    -- § 147 AO and § 257 HGB count ten years from the end of the year.
    else make_date(
      extract(
        year from coalesce(
          (p_contract.terminated_at at time zone f.timezone)::date,
          p_contract.ends_on,
          (p_contract.updated_at at time zone f.timezone)::date
        )
      )::integer + 10, 12, 31
    )
  end
  from public.firms f
  where f.id = p_contract.firm_id
$$;

revoke execute on function private.contract_kept_until(public.contracts)
from public, anon, authenticated;

comment on function private.contract_kept_until(public.contracts) is
  'The last day on which the law keeps a contract with what belongs to it: the end of the tenth '
  'year after it ended, infinity while it has not; null if nobody signed it.';
