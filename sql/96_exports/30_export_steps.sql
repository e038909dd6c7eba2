create function private.begin_export(p_id uuid) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_export public.firm_exports;
begin
  update public.firm_exports e
  set status = 'working', progress = 0, error = null, detail = null, finished_at = null
  where e.id = p_id
    and e.status <> 'ready'
    -- One that failed may come back only if no other was begun meanwhile.
    and not exists (
      select from public.firm_exports o
      where o.firm_id = e.firm_id and o.id <> e.id and o.status in ('queued', 'working')
    )
  returning * into v_export;
  if not found then
    return null;
  end if;
  return jsonb_build_object(
    'firm_id', v_export.firm_id,
    'firm', (select f.name from public.firms f where f.id = v_export.firm_id),
    'folder', format('%s/%s', v_export.firm_id, v_export.id)
  );
end
$$;

create function public.begin_export(export_id uuid) returns jsonb
language sql security invoker set search_path = '' as $$
  select private.begin_export(export_id)
$$;

create function private.progress_export(p_id uuid, p_progress integer, p_part_count integer)
returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  update public.firm_exports
  set
    progress = least(greatest(p_progress, 0), 99),
    part_count = greatest(part_count, p_part_count)
  where id = p_id and status = 'working';
  return found;
end
$$;

create function public.progress_export(export_id uuid, progress integer, part_count integer)
returns boolean
language sql security invoker set search_path = '' as $$
  select private.progress_export(export_id, progress, part_count)
$$;

create function private.finish_export(p_id uuid, p_parts jsonb) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_export public.firm_exports;
begin
  update public.firm_exports e
  set
    status = 'ready',
    progress = 100,
    parts = p_parts,
    finished_at = now(),
    expires_at = now() + interval '7 days'
  where e.id = p_id
    and e.status = 'working'
    -- Only what lies in its own folder.
    and not exists (
      select from jsonb_array_elements(p_parts) p
      where not starts_with(p.value ->> 'path', e.firm_id || '/' || e.id || '/')
    )
  returning * into v_export;
  if found then
    perform private.notify(
      v_export.firm_id,
      'export_ready',
      'export_ready:' || p_id,
      'The export of your firm is ready',
      format('It can be downloaded until %s.', v_export.expires_at::date),
      '/settings/exports/' || p_id,
      p_user_ids => array[v_export.requested_by],
      p_email => jsonb_build_object('kept_until', v_export.expires_at::date)
    );
  end if;
end
$$;

create function public.finish_export(export_id uuid, parts jsonb) returns void
language sql security invoker set search_path = '' as $$
  select private.finish_export(export_id, parts)
$$;

revoke execute on function
private.begin_export(uuid), public.begin_export(uuid),
private.progress_export(uuid, integer, integer), public.progress_export(uuid, integer, integer),
private.finish_export(uuid, jsonb), public.finish_export(uuid, jsonb)
from public, anon, authenticated;
grant execute on function
private.begin_export(uuid), public.begin_export(uuid),
private.progress_export(uuid, integer, integer), public.progress_export(uuid, integer, integer),
private.finish_export(uuid, jsonb), public.finish_export(uuid, jsonb)
to service_role;

comment on function private.begin_export(uuid) is 'Definer of public.begin_export.';
comment on function public.begin_export(uuid) is
  'Which firm to export and where to put it; null when that was done or it does not exist. For the '
  'secret key only.';
comment on function private.progress_export(uuid, integer, integer) is
  'Definer of public.progress_export.';
comment on function public.progress_export(uuid, integer, integer) is
  'How far the export has come, in per cent, and how many parts it is about to have; false when '
  'nobody wants it any more. For the secret key only.';
comment on function private.finish_export(uuid, jsonb) is 'Definer of public.finish_export.';
comment on function public.finish_export(uuid, jsonb) is
  'The parts are stored: shows them and tells whoever asked for it, once. For the secret key only.';

create function private.fail_export() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.firm_exports
  set
    status = 'failed',
    error = new.code,
    -- What an unexpected fault says is for the operator: paths, addresses, pieces of code.
    detail = case new.code
      when 'exception' then 'Something went wrong on our side.'
      else left(new.error, 500)
    end,
    finished_at = now()
  where id = (new.payload ->> 'export_id')::uuid and status <> 'ready';
  return null;
end
$$;

revoke execute on function private.fail_export() from public, anon, authenticated;

comment on function private.fail_export() is
  'Trigger: an export whose job is dead has failed, however the job died.';

create trigger dead_jobs_fail_export after insert on private.dead_jobs
for each row when (
  new.kind = 'firm.export'
  -- A payload that was never valid must not stop the burial.
  and pg_input_is_valid(new.payload ->> 'export_id', 'uuid')
)
execute function private.fail_export();
