create function private.add_export(p_firm_id uuid) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  insert into public.firm_exports (firm_id, requested_by)
  values (p_firm_id, auth.uid())
  returning id into v_id;
  perform private.enqueue(
    'firm.export', jsonb_build_object('export_id', v_id), p_firm_id, priority => 'low'
  );
  return v_id;
end
$$;

revoke execute on function private.add_export(uuid) from public, anon, authenticated;

comment on function private.add_export(uuid) is 'Adds an export and queues its job.';

create function private.export_firm(p_firm_id uuid) returns uuid
language plpgsql security definer set search_path = '' as $$
begin
  perform private.lock_firm(p_firm_id, 'owner');
  if exists (
    select from public.firm_exports e
    where e.firm_id = p_firm_id and e.status in ('queued', 'working')
  ) then
    perform private.fail(
      'export_running', 'An export of the firm is being made already.',
      hint => 'Wait until it is ready.', status => 409
    );
  elsif (
    select count(*) >= 5
    from public.firm_exports e
    where e.firm_id = p_firm_id
      and e.requested_by is not null
      and e.created_at > now() - interval '1 day'
  ) then
    perform private.fail(
      'too_many_exports', 'The firm was exported five times today.',
      hint => 'Take the last one, or try again tomorrow.', status => 429
    );
  end if;
  return private.add_export(p_firm_id);
end
$$;

create function public.export_firm(firm_id uuid) returns uuid
language sql security invoker set search_path = '' as $$
  select private.export_firm(firm_id)
$$;

create function private.export_firm_for_operator(p_firm_id uuid) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform from public.firms f where f.id = p_firm_id for no key update;
  if not found then
    perform private.fail('firm_not_found', 'There is no such firm.', status => 404);
  end if;
  select e.id into v_id
  from public.firm_exports e
  where e.firm_id = p_firm_id and e.status in ('queued', 'working');
  return coalesce(v_id, private.add_export(p_firm_id));
end
$$;

create function public.export_firm_for_operator(firm_id uuid) returns uuid
language sql security invoker set search_path = '' as $$
  select private.export_firm_for_operator(firm_id)
$$;

revoke execute on function
private.export_firm(uuid), public.export_firm(uuid),
private.export_firm_for_operator(uuid), public.export_firm_for_operator(uuid)
from public, anon, authenticated;
grant execute on function private.export_firm(uuid), public.export_firm(uuid) to authenticated;
grant execute on function
private.export_firm_for_operator(uuid), public.export_firm_for_operator(uuid) to service_role;

comment on function private.export_firm(uuid) is 'Definer of public.export_firm.';
comment on function public.export_firm(uuid) is
  'Asks for a copy of everything the firm has here, as ZIP files with tables and documents. '
  'Owners; returns the id of the row in firm_exports, which becomes ready with its parts and is '
  'kept for 7 days. Errors: export_running, too_many_exports.';
comment on function private.export_firm_for_operator(uuid) is
  'Definer of public.export_firm_for_operator.';
comment on function public.export_firm_for_operator(uuid) is
  'The same for the operator, also of a firm that is closed: the export being made, or a new one. '
  'For the secret key only. Error: firm_not_found.';
