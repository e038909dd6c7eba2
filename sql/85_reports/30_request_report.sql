create function private.request_report(
  p_firm_id uuid, p_kind text, p_format text, p_params jsonb
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform private.lock_firm(p_firm_id, 'member');
  if p_kind is distinct from 'contract_portfolio' then
    perform private.fail(
      'unknown_report', format('There is no report "%s".', p_kind),
      hint => 'Use contract_portfolio.'
    );
  end if;
  if p_format is null or p_format not in ('csv', 'pdf') then
    perform private.fail(
      'unknown_format', format('There is no format "%s".', p_format), hint => 'Use csv or pdf.'
    );
  end if;
  if jsonb_typeof(p_params) is distinct from 'object' or p_params - 'company_id' <> '{}' then
    perform private.fail(
      'unknown_parameter', 'The report contract_portfolio takes one parameter only: company_id.',
      hint => 'Leave params out for the whole portfolio.'
    );
  end if;
  if p_params ? 'company_id' and not exists (
    select from public.companies as c
    where c.firm_id = p_firm_id and c.id::text = p_params ->> 'company_id'
  ) then
    perform private.fail('company_not_found', 'There is no such company.', status => 404);
  end if;
  if (
    select count(*) >= 50
    from public.reports as r
    where r.firm_id = p_firm_id and r.status in ('queued', 'rendering')
  ) then
    perform private.fail(
      'too_many_reports', 'The firm has 50 unfinished reports.',
      hint => 'Wait until they are ready.', status => 429
    );
  end if;

  insert into public.reports (firm_id, kind, format, params, requested_by)
  values (p_firm_id, p_kind, p_format, p_params, auth.uid())
  returning id into v_id;
  perform private.enqueue('report.render', jsonb_build_object('report_id', v_id), p_firm_id);
  return v_id;
end
$$;

create function public.request_report(
  firm_id uuid, kind text, format text, params jsonb default '{}'
) returns uuid
language sql security invoker set search_path = '' as $$
  select private.request_report(firm_id, kind, format, params)
$$;

revoke execute on function private.request_report(uuid, text, text, jsonb)
from public, anon, authenticated;
revoke execute on function public.request_report(uuid, text, text, jsonb)
from public, anon, authenticated;
grant execute on function private.request_report(uuid, text, text, jsonb) to authenticated;
grant execute on function public.request_report(uuid, text, text, jsonb) to authenticated;

comment on function private.request_report(uuid, text, text, jsonb) is
  'Definer of public.request_report.';
comment on function public.request_report(uuid, text, text, jsonb) is
  'Asks for contract_portfolio as csv or pdf, with {"company_id": …} for one client. Members and '
  'above, 50 unfinished ones in a firm; returns the id of the row in reports, which becomes ready '
  'with its path.';
