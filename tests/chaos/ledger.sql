-- What was planned, what was claimed, what ran, what it did and how it ended, written down by the
-- database itself: the verdict is read from here.
create schema chaos;

create table chaos.plan (
  number integer primary key,
  batch integer not null,
  kind text not null,
  -- What the payload was made for: done, or dead with this code; 'poison' dies with any code.
  fate text not null,
  key text,
  job text unique,
  -- The job that had the unique key already.
  merged_into text,
  enqueued_at timestamptz not null default clock_timestamp(),
  check ((job is null) <> (merged_into is null))
);

-- In the transaction of the claim: what a crash of the server takes back is not here either.
create table chaos.claims (
  job text not null,
  read integer not null,
  attempt integer not null,
  worker text not null,
  -- Its lease began between these two.
  asked_at timestamptz not null,
  at timestamptz not null default clock_timestamp(),
  primary key (job, read)
);

-- Written by the handlers, in transactions of their own.
create table chaos.runs (
  id bigint generated always as identity primary key,
  number integer not null,
  job text not null,
  attempt integer not null,
  worker text not null,
  effect boolean not null,
  at timestamptz not null default clock_timestamp()
);
create index on chaos.runs (job, attempt);

create table chaos.effects (
  job text primary key,
  number integer not null
);

-- Each outcome that counted, with the claim it counted for, and the end of each job.
create table chaos.outcomes (
  job text not null,
  read integer not null,
  attempt integer not null,
  worker text,
  -- The last entry of its history, null where it has none or is done.
  code text,
  ended boolean not null,
  at timestamptz not null default clock_timestamp()
);
create index on chaos.outcomes (job);

create view chaos.queued as
select 'high:' || msg_id as job, read_ct, vt from pgmq.q_jobs_high
union all
select 'default:' || msg_id, read_ct, vt from pgmq.q_jobs_default
union all
select 'low:' || msg_id, read_ct, vt from pgmq.q_jobs_low;

-- All in one transaction, as a caller would who queues jobs with the rows they are about.
create function chaos.enqueue(batch integer, jobs jsonb) returns void
language plpgsql
as $$
declare
  j record;
  id bigint;
begin
  for j in
    select * from jsonb_to_recordset(jobs) as r (
      number integer, kind text, payload jsonb, fate text, firm_id uuid, key text, delay_s integer,
      priority text
    )
  loop
    id := private.enqueue(j.kind, j.payload, j.firm_id, j.key,
      make_interval(secs => j.delay_s), j.priority);
    insert into chaos.plan (number, batch, kind, fate, key, job, merged_into)
    values (
      j.number, enqueue.batch, j.kind, j.fate, j.key, j.priority || ':' || id,
      case when id is null then (
        select substr(k.queue, 6) || ':' || k.msg_id from private.job_keys as k
        where k.kind = j.kind and k.key = j.key
      ) end
    );
  end loop;
end
$$;

-- One run of a handler. The effect is keyed by the job: a second one is none.
create function public.chaos_run(
  number integer, job text, attempt integer, worker text, effect boolean
) returns void
language sql
security definer
set search_path = ''
begin atomic
  insert into chaos.runs (number, job, attempt, worker, effect)
  values (number, job, attempt, worker, effect);
  insert into chaos.effects (job, number)
  select chaos_run.job, chaos_run.number where chaos_run.effect
  on conflict do nothing;
end;
grant execute on function public.chaos_run(integer, text, integer, text, boolean) to service_role;

create function chaos.note_outcome() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  settled constant integer := coalesce((old.message ->> 'settled')::integer, 0);
  failures constant integer := coalesce((old.message ->> 'failures')::integer, 0);
  last jsonb;
begin
  -- A job that dies is settled first and then deleted.
  if tg_op = 'UPDATE' or settled = old.read_ct then
    last := coalesce(new.message, old.message) -> 'history' -> -1;
  end if;
  insert into chaos.outcomes (job, read, attempt, worker, code, ended) values (
    substr(tg_table_name, 8) || ':' || old.msg_id, old.read_ct, old.read_ct - settled + failures,
    current_setting('chaos.worker', true), last ->> 'code', tg_op = 'DELETE'
  );
  return null;
end
$$;

do $do$
declare
  queue text;
begin
  foreach queue in array array['jobs_high', 'jobs_default', 'jobs_low'] loop
    execute format(
      'create trigger note_end after delete on pgmq.%1$I'
      ' for each row execute function chaos.note_outcome();'
      'create trigger note_outcome after update on pgmq.%1$I for each row'
      ' when ((old.message -> ''settled'') is distinct from (new.message -> ''settled''))'
      ' execute function chaos.note_outcome()', 'q_' || queue);
  end loop;
end
$do$;

-- public.jobs_step as it is, with a wrapper around it that notes which worker is at work, for
-- note_outcome, and what it was given.
do $do$
declare
  step constant regprocedure := (
    select oid from pg_proc
    where pronamespace = 'public'::regnamespace and proname = 'jobs_step'
  );
  arguments constant text := pg_get_function_arguments(step);
  named constant text := (
    select string_agg(format('%1$I => jobs_step.%1$I', name), ', ')
    from pg_proc, unnest(proargnames) as name
    where pg_proc.oid = step
  );
begin
  execute format('alter function %s set schema chaos', step);
  execute format($wrapper$
    create function public.jobs_step(%s) returns json
    language plpgsql
    security definer
    set search_path = ''
    set statement_timeout = '30s'
    as $$
    declare
      asked_at constant timestamptz := clock_timestamp();
      answer jsonb;
    begin
      perform set_config('chaos.worker', jobs_step.worker, true);
      answer := chaos.jobs_step(%s);
      insert into chaos.claims (job, read, attempt, worker, asked_at)
      select
        substr(batch ->> 'queue', 6) || ':' || (claim ->> 0), (claim ->> 1)::integer,
        (claim ->> 1)::integer - coalesce((claim #>> '{2,settled}')::integer, 0)
          + coalesce((claim #>> '{2,failures}')::integer, 0),
        jobs_step.worker, asked_at
      from jsonb_array_elements(answer -> 'jobs') as batch,
        jsonb_array_elements(batch -> 'claims') as claim;
      return answer::json;
    end
    $$
  $wrapper$, arguments, named);
end
$do$;
revoke execute on function public.jobs_step from public, anon, authenticated;
grant execute on function public.jobs_step to service_role;
