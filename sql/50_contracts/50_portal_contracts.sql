create function private.portal_contract_ids() returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select k.id
  from public.consultants c
  join public.contracts k on k.firm_id = c.firm_id and k.consultant_id = c.id
  where c.id in (select private.own_consultant_ids())
    -- What a client pays the firm for somebody is not theirs to read.
    and k.kind in ('consultant', 'nda')
    and k.status in ('sent', 'signed', 'active', 'expired', 'terminated')
    and k.archived_at is null;
end
$$;

revoke execute on function private.portal_contract_ids() from public, anon, authenticated;

comment on function private.portal_contract_ids() is
  'The contracts between the caller, as a consultant, and a firm, once they were sent.';

create function private.portal_contracts()
returns table (
  id uuid, firm_id uuid, firm_name text, consultant_id uuid, number integer, title text,
  kind text, status text, company_name text, starts_on date, ends_on date, notice_days integer,
  rate numeric, rate_unit text, currency text, signed_at timestamptz, terminated_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  select
    k.id, k.firm_id, f.name, k.consultant_id, k.number, k.title,
    k.kind, k.status, o.name, k.starts_on, k.ends_on, k.notice_days,
    k.rate, k.rate_unit, k.currency, k.signed_at, k.terminated_at
  from public.contracts k
  join public.firms f on f.id = k.firm_id
  left join public.companies o on o.firm_id = k.firm_id and o.id = k.company_id
  where k.id = any (array(select private.portal_contract_ids()));
end
$$;

create function public.portal_contracts()
returns table (
  id uuid, firm_id uuid, firm_name text, consultant_id uuid, number integer, title text,
  kind text, status text, company_name text, starts_on date, ends_on date, notice_days integer,
  rate numeric, rate_unit text, currency text, signed_at timestamptz, terminated_at timestamptz
)
language sql stable security invoker set search_path = '' as $$
  select * from private.portal_contracts()
$$;

revoke execute on function private.portal_contracts() from public, anon, authenticated;
revoke execute on function public.portal_contracts() from public, anon, authenticated;
grant execute on function private.portal_contracts() to authenticated;
grant execute on function public.portal_contracts() to authenticated;

comment on function private.portal_contracts() is
  'Definer of public.portal_contracts: row security cannot hide columns.';
comment on function public.portal_contracts() is
  'The caller''s own contracts as a consultant, from sent on, with the names of the firm and of '
  'the company and nothing else about them. Filter and order it like a table.';
