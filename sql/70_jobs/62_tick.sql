create function private.run_rule(rule text) returns integer
language plpgsql
set search_path = ''
as $$
declare
  done integer;
begin
  execute format('select private.%I()', run_rule.rule) into done;
  return done;
end
$$;

revoke execute on function private.run_rule(text) from public, anon, authenticated, service_role;

comment on function private.run_rule(text) is
'Runs one rule of the clock, a function of the schema private; returns how many things it did.';

create function private.prune_jobs() returns integer
language plpgsql
set search_path = ''
as $$
declare
  left_over integer := 1000;
  pruned integer;
begin
  delete from private.job_stats as s where s.ctid = any (array(
    select o.ctid from private.job_stats as o
    where o.minute < now() - interval '7 days'
    limit left_over
    for update skip locked
  ));
  get diagnostics pruned = row_count;
  left_over := left_over - pruned;
  -- By then each is full, whatever its period.
  delete from private.job_buckets as b where b.ctid = any (array(
    select o.ctid from private.job_buckets as o
    where o.filled_at < now() - interval '1 day'
    limit left_over
    for update skip locked
  ));
  get diagnostics pruned = row_count;
  left_over := left_over - pruned;
  delete from private.job_keys as k where k.ctid = any (array(
    select o.ctid from private.job_keys as o
    where o.expires_at <= now() and not private.job_is_queued(o.queue, o.msg_id)
    limit left_over
    for update skip locked
  ));
  get diagnostics pruned = row_count;
  return 1000 - left_over + pruned;
end
$$;

revoke execute on function private.prune_jobs() from public, anon, authenticated, service_role;

comment on function private.prune_jobs() is
'Deletes what the engine needs no longer: old counts, full buckets, expired keys. Returns how
many.';

create function private.jobs_tick(force boolean default false) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  -- Functions of the schema private without arguments that do at most this many things at a time
  -- and return how many: what an outage piled up must not run into the statement's time limit
  -- again and again.
  bite constant integer := 1000;
  rules constant text[] := array[
    'advance_contracts', 'sweep_uploads', 'enqueue_contract_reminders', 'remind_signers',
    'send_digests', 'apply_retention', 'remove_objects', 'rescan_files', 'prune_jobs',
    'record_usage'
  ];
  ticked boolean;
  due text;
  done integer;
  more boolean := false;
  faults jsonb := '{}';
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
  foreach due in array rules loop
    -- A fault in one rule stops neither the others nor the jobs; the next minute tries again.
    begin
      done := private.run_rule(due);
      more := more or done >= bite;
      delete from private.clock_faults as f where f.rule = due;
    exception when query_canceled or others then
      faults := faults || jsonb_build_object(due, sqlerrm);
      insert into private.clock_faults as f (rule, error, failed_at)
      values (due, sqlerrm, clock_timestamp())
      on conflict (rule) do update set
        error = excluded.error, failed_at = excluded.failed_at;
    end;
  end loop;
  if more then
    update private.job_clock set ticked_at = '-infinity' where only_row;
  end if;
  return jsonb_strip_nulls(jsonb_build_object(
    'more', nullif(more, false), 'faults', nullif(faults, '{}')));
end
$$;

create function public.jobs_tick() returns jsonb
language sql
volatile
set search_path = ''
set statement_timeout = '30s'
return private.jobs_tick(force => true);

create function private.jobs_clock() returns table (
  ticked_at timestamptz, faults jsonb
)
language sql
stable
security definer
set search_path = ''
begin atomic
  select
    (select clock.ticked_at from private.job_clock as clock),
    (select coalesce(jsonb_object_agg(f.rule, f.error), '{}') from private.clock_faults as f);
end;

create function public.jobs_clock() returns table (
  ticked_at timestamptz, faults jsonb
)
language sql
stable
set search_path = ''
begin atomic
  select c.ticked_at, c.faults from private.jobs_clock() as c;
end;

revoke execute on function private.jobs_tick(boolean) from public, anon, authenticated;
revoke execute on function public.jobs_tick() from public, anon, authenticated;
revoke execute on function private.jobs_clock() from public, anon, authenticated;
revoke execute on function public.jobs_clock() from public, anon, authenticated;
grant execute on function private.jobs_tick(boolean) to service_role;
grant execute on function public.jobs_tick() to service_role;
grant execute on function private.jobs_clock() to service_role;
grant execute on function public.jobs_clock() to service_role;

comment on function private.jobs_tick(boolean) is
'Does the work that is due by the clock, at most once a minute unless forced or there is more of it
than one run may take. Returns null when it was not due or is being done, else an object: more is
true when it should run again at once, faults has the error of each rule that failed.';
comment on function public.jobs_tick() is
'Does the work that is due by the clock now, for the secret key only. Doing it twice is harmless.';
comment on function private.jobs_clock() is 'Definer of public.jobs_clock.';
comment on function public.jobs_clock() is
'When the clock last ticked, and the error of each rule that failed then. For the secret key only.';
