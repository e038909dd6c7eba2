create function private.report_contract_portfolio(p_report_id uuid) returns jsonb
language sql stable security definer set search_path = '' as $$
  with report as (
    select r.*, f.name as firm_name, (now() at time zone f.timezone)::date as today
    from public.reports as r
    join public.firms as f on f.id = r.firm_id
    where r.id = p_report_id and r.kind = 'contract_portfolio'
  ), portfolio as (
    select
      c.*,
      co.name as company,
      cn.name as consultant,
      -- The last day, by a notice where one was given.
      least(c.ends_on, c.terminates_on) as last_day,
      -- What is agreed as a sum. A rate without a cap has none: no guess is made of it.
      coalesce(c.value_cap, case when c.rate_unit = 'fixed' then c.rate end) as value
    from report
    join public.contracts as c on c.firm_id = report.firm_id and c.archived_at is null
    left join public.companies as co on co.firm_id = c.firm_id and co.id = c.company_id
    left join public.consultants as cn on cn.firm_id = c.firm_id and cn.id = c.consultant_id
    where report.params ->> 'company_id' is null
      or c.company_id = (report.params ->> 'company_id')::uuid
  )
  select jsonb_build_object(
    'firm', jsonb_build_object('name', report.firm_name),
    'title', 'Contract portfolio',
    'client', (
      select co.name from public.companies as co
      where co.firm_id = report.firm_id and co.id = (report.params ->> 'company_id')::uuid
    ),
    'as_of', report.today,
    'prepared_by', (
      select nullif(btrim(p.full_name), '') from public.profiles as p
      where p.id = report.requested_by
    ),
    'figures', (
      select jsonb_build_object(
        'contracts', count(*),
        'active', count(*) filter (where c.status = 'active'),
        'ending_soon', count(*) filter (
          where c.status = 'active' and c.last_day between report.today and report.today + 90
        ),
        'clients', count(distinct c.company_id) filter (where c.status = 'active')
      )
      from portfolio as c
    ),
    'totals', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'currency', t.currency,
        'active', t.active::numeric(20, 2)::text,
        'preparing', t.preparing::numeric(20, 2)::text,
        'total', t.total::numeric(20, 2)::text
      ) order by t.currency), '[]')
      from (
        select
          c.currency,
          sum(c.value) as total,
          coalesce(sum(c.value) filter (where c.status = 'active'), 0) as active,
          coalesce(sum(c.value) filter (
            where c.status in ('draft', 'in_review', 'sent', 'signed')
          ), 0) as preparing
        from portfolio as c
        where c.value is not null
        group by c.currency
      ) as t
    ),
    'statuses', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'status', s.status, 'count', s.count, 'values', coalesce(s.amounts, '[]')
      ) order by s.position), '[]')
      from (
        select
          known.status,
          known.position,
          (select count(*) from portfolio as c where c.status = known.status) as count,
          (
            select jsonb_agg(jsonb_build_object(
              'currency', v.currency, 'amount', v.amount::numeric(20, 2)::text
            ) order by v.currency)
            from (
              select c.currency, sum(c.value) as amount
              from portfolio as c
              where c.status = known.status and c.value is not null
              group by c.currency
            ) as v
          ) as amounts
        from unnest(array[
          'active', 'signed', 'sent', 'in_review', 'draft', 'expired', 'terminated', 'cancelled'
        ]) with ordinality as known (status, position)
      ) as s
      where s.count > 0
    ),
    'months', (
      select jsonb_agg(jsonb_build_object(
        'month', to_char(m.starts, 'YYYY-MM'),
        'count', (
          select count(*) from portfolio as c
          where c.status = 'active'
            and c.last_day >= greatest(m.starts::date, report.today)
            and c.last_day < (m.starts + interval '1 month')::date
        )
      ) order by m.starts)
      from generate_series(
        date_trunc('month', report.today::timestamp),
        date_trunc('month', report.today::timestamp) + interval '11 months',
        interval '1 month'
      ) as m (starts)
    ),
    'contracts', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'number', c.number::text,
        'title', c.title,
        'kind', c.kind,
        'status', c.status,
        'company', c.company,
        'consultant', c.consultant,
        'starts_on', c.starts_on,
        'ends_on', c.last_day,
        'currency', c.currency,
        'value', c.value::numeric(20, 2)::text,
        'rate', c.rate::text,
        'rate_unit', c.rate_unit
      ) order by c.status <> 'active', c.last_day nulls last, c.number), '[]')
      from portfolio as c
    )
  )
  from report
$$;

create function public.report_contract_portfolio(report_id uuid) returns jsonb
language sql stable security invoker set search_path = '' set statement_timeout = '30s' as $$
  select private.report_contract_portfolio(report_id)
$$;

revoke execute on function private.report_contract_portfolio(uuid)
from public, anon, authenticated;
revoke execute on function public.report_contract_portfolio(uuid)
from public, anon, authenticated;
grant execute on function private.report_contract_portfolio(uuid) to service_role;
grant execute on function public.report_contract_portfolio(uuid) to service_role;

comment on function private.report_contract_portfolio(uuid) is
  'Definer of public.report_contract_portfolio.';
comment on function public.report_contract_portfolio(uuid) is
  'Everything the report shows, from the contracts of its own firm only. Money is text with two '
  'decimals, by currency, never added across currencies. For the secret key only.';
