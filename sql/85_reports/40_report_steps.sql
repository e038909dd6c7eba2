create function private.begin_report(p_id uuid) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_report public.reports;
begin
  update public.reports as r
  set status = 'rendering', progress = 10, error = null, detail = null
  where r.id = p_id and r.status <> 'ready'
  returning * into v_report;
  if not found then
    return null;
  end if;
  return jsonb_build_object(
    'kind', v_report.kind,
    'format', v_report.format,
    'path', format('%s/%s.%s', v_report.firm_id, v_report.id, v_report.format)
  );
end
$$;

create function public.begin_report(report_id uuid) returns jsonb
language sql security invoker set search_path = '' as $$
  select private.begin_report(report_id)
$$;

revoke execute on function private.begin_report(uuid) from public, anon, authenticated;
revoke execute on function public.begin_report(uuid) from public, anon, authenticated;
grant execute on function private.begin_report(uuid) to service_role;
grant execute on function public.begin_report(uuid) to service_role;

comment on function private.begin_report(uuid) is
  'Definer of public.begin_report.';
comment on function public.begin_report(uuid) is
  'What to render and where to put it; null when it is ready already or does not exist. For the '
  'secret key only.';

create function private.finish_report(p_id uuid, p_size_bytes bigint) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_report public.reports;
begin
  update public.reports as r
  set
    status = 'ready',
    progress = 100,
    path = format('%s/%s.%s', r.firm_id, r.id, r.format),
    size_bytes = p_size_bytes,
    finished_at = now()
  where r.id = p_id and r.status = 'rendering'
  returning * into v_report;
  if found then
    perform private.notify(
      v_report.firm_id,
      'report_ready',
      'report_ready:' || p_id,
      'Your report is ready',
      'Contract portfolio as ' || upper(v_report.format) || '.',
      '/reports/' || p_id,
      p_user_ids => array[v_report.requested_by],
      p_email => jsonb_build_object(
        'report', 'Contract portfolio',
        'format', upper(v_report.format),
        'kept_until', (v_report.finished_at + interval '30 days')::date
      )
    );
  end if;
end
$$;

create function public.finish_report(report_id uuid, size_bytes bigint) returns void
language sql security invoker set search_path = '' as $$
  select private.finish_report(report_id, size_bytes)
$$;

revoke execute on function private.finish_report(uuid, bigint) from public, anon, authenticated;
revoke execute on function public.finish_report(uuid, bigint) from public, anon, authenticated;
grant execute on function private.finish_report(uuid, bigint) to service_role;
grant execute on function public.finish_report(uuid, bigint) to service_role;

comment on function private.finish_report(uuid, bigint) is
  'Definer of public.finish_report.';
comment on function public.finish_report(uuid, bigint) is
  'The document is stored: shows it and tells whoever asked for it, once. For the secret key '
  'only.';

create function private.fail_report() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.reports
  set
    status = 'failed',
    error = new.code,
    -- What an unexpected fault says is for the operator: paths, addresses, pieces of code.
    detail = case new.code
      when 'exception' then 'Something went wrong on our side.'
      else left(new.error, 500)
    end,
    finished_at = now()
  where id = (new.payload ->> 'report_id')::uuid and status <> 'ready';
  return null;
end
$$;

revoke execute on function private.fail_report() from public, anon, authenticated;

comment on function private.fail_report() is
  'Trigger: a report whose job is dead has failed, however the job died.';

create trigger dead_jobs_fail_report after insert on private.dead_jobs
for each row when (
  new.kind = 'report.render'
  -- A payload that was never valid must not stop the burial.
  and pg_input_is_valid(new.payload ->> 'report_id', 'uuid')
)
execute function private.fail_report();
