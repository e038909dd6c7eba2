create function private.jobs_tick(force boolean default false) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  ticked boolean;
begin
  if not jobs_tick.force and exists (
    select from private.job_clock where ticked_at > clock_timestamp() - interval '1 minute'
  ) then
    return null;
  end if;
  -- Whoever finds another runner at it goes on with its jobs instead of waiting.
  if not pg_try_advisory_xact_lock(hashtext('private.jobs_tick')) then
    return null;
  end if;
  insert into private.job_clock as clock (ticked_at) values (clock_timestamp())
  on conflict (only_row) do update set ticked_at = excluded.ticked_at
  where jobs_tick.force or clock.ticked_at <= excluded.ticked_at - interval '1 minute'
  returning true into ticked;
  if ticked is null then
    return null;
  end if;
  begin
    perform private.advance_contracts();
    perform private.sweep_uploads();
    perform private.enqueue_contract_reminders();
    return '{}';
  exception when others then
    -- A fault in one rule must not stop every job: the runner logs it, the next minute tries again.
    return jsonb_build_object('error', sqlerrm);
  end;
end
$$;

create function public.jobs_tick() returns jsonb
language sql
volatile
set search_path = ''
set statement_timeout = '30s'
return private.jobs_tick(force => true);

revoke execute on function private.jobs_tick(boolean) from public, anon, authenticated;
revoke execute on function public.jobs_tick() from public, anon, authenticated;
grant execute on function private.jobs_tick(boolean) to service_role;
grant execute on function public.jobs_tick() to service_role;

comment on function private.jobs_tick(boolean) is
'Does the work that is due by the clock, at most once a minute unless forced. Returns
null when it was not due or is being done, {} when it was done, {error} when a rule failed.';
comment on function public.jobs_tick() is
'Does the work that is due by the clock now, for the secret key only. Doing it twice is harmless.';
