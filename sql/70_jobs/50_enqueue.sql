-- What each call that queues a job goes through is in PL/pgSQL, which keeps its plans: a function
-- in SQL with a setting of its own is planned anew each time.
create function private.job_message(
  kind text, payload jsonb, firm_id uuid, unique_key text default null, parent text default null
) returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'kind', kind, 'firm_id', firm_id, 'lane', kind || ':' || coalesce(firm_id::text, ''),
    'key', unique_key, 'parent', parent
  )) || jsonb_build_object('payload', payload);
end
$$;

create function private.check_job(kind text, payloads jsonb[], priority text) returns void
language plpgsql
set search_path = ''
as $$
declare
  objects boolean;
  largest integer;
begin
  if check_job.kind is null or check_job.kind !~ '^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$' then
    perform private.fail(code => 'invalid_kind',
      message => format('"%s" is not a kind of job.', check_job.kind),
      hint => 'A kind is two lower-case words and a dot: file.process.', status => 400);
  end if;
  if check_job.priority is null or check_job.priority not in ('high', 'default', 'low') then
    perform private.fail(code => 'invalid_priority',
      message => format('"%s" is not a priority.', check_job.priority),
      hint => 'Use high, default or low.', status => 400);
  end if;
  select bool_and(jsonb_typeof(p.payload) is not distinct from 'object'),
    max(octet_length(p.payload::text))
  into objects, largest
  from unnest(check_job.payloads) as p (payload);
  if not objects then
    perform private.fail(code => 'invalid_payload',
      message => 'The payload of a job is a JSON object.',
      hint => 'Name each value: {"file_id": "…"}.', status => 400);
  end if;
  if largest > 262144 then
    perform private.fail(code => 'payload_too_large',
      message => 'The payload of a job is at most 256 kB.',
      hint => 'Store the data and put its id into the payload.', status => 413);
  end if;
end
$$;

create function private.enqueue(
  kind text,
  payload jsonb default '{}',
  firm_id uuid default null,
  unique_key text default null,
  delay interval default '0',
  priority text default 'default',
  unique_for interval default null,
  if_queued text default 'ignore'
) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  queue constant text := 'jobs_' || enqueue.priority;
  message jsonb;
  earlier bigint;
  id bigint;
begin
  perform private.check_job(enqueue.kind, array[enqueue.payload], enqueue.priority);
  message := private.job_message(
    enqueue.kind, enqueue.payload, enqueue.firm_id, enqueue.unique_key);
  if enqueue.unique_key is not null then
    earlier := private.take_job_key(enqueue.kind, enqueue.unique_key, queue,
      now() + enqueue.delay, now() + enqueue.unique_for, enqueue.if_queued);
    if earlier is not null then
      return nullif(earlier, 0);
    end if;
  end if;
  id := pgmq.send(queue, message, greatest(0, ceil(extract(epoch from enqueue.delay)))::integer);
  if enqueue.unique_key is not null then
    update private.job_keys as k set msg_id = id
    where k.kind = enqueue.kind and k.key = enqueue.unique_key;
  end if;
  return id;
end
$$;

create function private.take_job_key(
  kind text, key text, queue text, due_at timestamptz, expires_at timestamptz, if_queued text
) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  holder private.job_keys;
begin
  if take_job_key.if_queued is null
    or take_job_key.if_queued not in ('ignore', 'replace', 'extend') then
    perform private.fail(code => 'invalid_unique_policy',
      message => format('"%s" is not what may become of a job with a key that is taken.',
        take_job_key.if_queued),
      hint => 'Use ignore, replace or extend.', status => 400);
  end if;
  if char_length(take_job_key.key) not between 1 and 200 then
    perform private.fail(code => 'invalid_unique_key',
      message => 'A unique key has 1 to 200 characters.',
      hint => 'Use the ids of what the job is about.', status => 400);
  end if;
  loop
    insert into private.job_keys (kind, key, queue, expires_at)
    values (take_job_key.kind, take_job_key.key, take_job_key.queue, take_job_key.expires_at)
    on conflict do nothing;
    if found then
      return null;
    end if;
    select k.* into holder from private.job_keys as k
    where k.kind = take_job_key.kind and k.key = take_job_key.key
    for update;
    continue when not found;
    if take_job_key.if_queued = 'ignore' then
      if private.job_is_queued(holder.queue, holder.msg_id)
        or coalesce(holder.expires_at > now(), false) then
        return 0;
      end if;
    elsif take_job_key.if_queued = 'extend' then
      if private.postpone_waiting_job(holder.queue, holder.msg_id, take_job_key.due_at) then
        return holder.msg_id;
      end if;
    else
      perform private.withdraw_waiting_job(holder.queue, holder.msg_id);
    end if;
    delete from private.job_keys as k
    where k.kind = take_job_key.kind and k.key = take_job_key.key;
  end loop;
end
$$;

create function private.job_is_queued(queue text, id bigint) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  queued boolean;
begin
  execute format('select exists (select from pgmq.%I as q where q.msg_id = $1)', 'q_' || queue)
  into queued using id;
  return queued;
end
$$;

-- Held by a runner: read since its last outcome, and the lease has not run out. A job that waits
-- for its children has started, too: it is left to them.
create function private.postpone_waiting_job(
  queue text, id bigint, due_at timestamptz
) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  postponed bigint;
begin
  execute format($postpone$
    -- Where its runner was lost, that is the last that is heard of it: nobody holds it any more.
    update pgmq.%I as q set
      vt = $2,
      message = q.message || jsonb_build_object(
        'lane', ltrim(q.message ->> 'lane', '!'), 'settled', q.read_ct,
        'failures', q.read_ct - coalesce((q.message ->> 'settled')::integer, 0)
          + coalesce((q.message ->> 'failures')::integer, 0))
    where q.msg_id = $1 and q.vt < 'infinity'
      and (q.vt <= now() or q.read_ct = coalesce((q.message ->> 'settled')::integer, 0))
    returning q.msg_id
  $postpone$, 'q_' || queue) into postponed using id, due_at;
  return postponed is not null;
end
$$;

create function private.withdraw_waiting_job(queue text, id bigint) returns void
language plpgsql
set search_path = ''
as $$
begin
  execute format($withdraw$
    delete from pgmq.%I as q
    where q.msg_id = $1 and q.vt < 'infinity'
      and (q.vt <= now() or q.read_ct = coalesce((q.message ->> 'settled')::integer, 0))
  $withdraw$, 'q_' || queue) using id;
end
$$;

create function private.enqueue_many(
  kind text,
  payloads jsonb[],
  firm_id uuid default null,
  delay interval default '0',
  priority text default 'default',
  parent text default null,
  firm_ids uuid[] default null
) returns bigint[]
language plpgsql
set search_path = ''
as $$
declare
  firms constant uuid[] := coalesce(
    enqueue_many.firm_ids,
    array_fill(enqueue_many.firm_id, array[cardinality(enqueue_many.payloads)])
  );
  -- One message for each firm; the others are copies of it.
  messages constant jsonb := (
    select jsonb_object_agg(coalesce(f.id::text, ''), private.job_message(
      enqueue_many.kind, '{}', f.id, parent => enqueue_many.parent))
    from (select distinct unnest(firms)) as f (id)
  );
begin
  perform private.check_job(enqueue_many.kind, enqueue_many.payloads, enqueue_many.priority);
  if cardinality(firms) <> cardinality(enqueue_many.payloads) then
    perform private.fail(code => 'firm_for_each_job',
      message => format('There are %s jobs and %s firms.',
        cardinality(enqueue_many.payloads), cardinality(firms)),
      hint => 'firm_ids has the firm of each job, in the order of the payloads.', status => 400);
  end if;
  return array(select pgmq.send_batch(
    'jobs_' || enqueue_many.priority,
    array(
      select jsonb_set(messages -> coalesce(p.firm_id::text, ''), '{payload}', p.payload)
      from unnest(enqueue_many.payloads, firms) with ordinality as p (payload, firm_id, n)
      order by p.n
    ),
    greatest(0, ceil(extract(epoch from enqueue_many.delay)))::integer));
end
$$;

create function private.jobs_enqueue(
  kind text,
  payloads jsonb,
  firm_id uuid,
  unique_key text,
  delay_s double precision,
  priority text,
  unique_for_s double precision,
  if_queued text,
  firm_ids uuid[]
) returns bigint[]
language plpgsql
security definer
set search_path = ''
as $$
declare
  many constant jsonb[] := array(
    select p.value from jsonb_array_elements(case jsonb_typeof(jobs_enqueue.payloads)
      when 'array' then jobs_enqueue.payloads
      else jsonb_build_array(jobs_enqueue.payloads)
    end) as p
  );
begin
  if cardinality(many) = 1 and jobs_enqueue.firm_ids is null then
    return array[private.enqueue(
      jobs_enqueue.kind, many[1], jobs_enqueue.firm_id, jobs_enqueue.unique_key,
      make_interval(secs => jobs_enqueue.delay_s), jobs_enqueue.priority,
      make_interval(secs => jobs_enqueue.unique_for_s), jobs_enqueue.if_queued)];
  end if;
  if jobs_enqueue.unique_key is not null then
    perform private.fail(code => 'one_key_many_jobs',
      message => 'A unique key belongs to one job.',
      hint => 'Enqueue them one by one, each with its own key.', status => 400);
  end if;
  return private.enqueue_many(jobs_enqueue.kind, many, jobs_enqueue.firm_id,
    make_interval(secs => jobs_enqueue.delay_s), jobs_enqueue.priority,
    firm_ids => jobs_enqueue.firm_ids);
end
$$;

create function public.jobs_enqueue(
  kind text,
  payloads jsonb default '{}',
  firm_id uuid default null,
  unique_key text default null,
  delay_s double precision default 0,
  priority text default 'default',
  unique_for_s double precision default null,
  if_queued text default 'ignore',
  firm_ids uuid[] default null
) returns bigint[]
language plpgsql
set search_path = ''
as $$
begin
  return private.jobs_enqueue(
    kind, payloads, firm_id, unique_key, delay_s, priority, unique_for_s, if_queued, firm_ids
  );
end
$$;

revoke execute on function private.job_message(text, jsonb, uuid, text, text)
from public, anon, authenticated, service_role;
revoke execute on function private.check_job(text, jsonb[], text)
from public, anon, authenticated, service_role;
revoke execute on function private.enqueue(
  text, jsonb, uuid, text, interval, text, interval, text
) from public, anon, authenticated, service_role;
revoke execute on function private.take_job_key(
  text, text, text, timestamptz, timestamptz, text
) from public, anon, authenticated, service_role;
revoke execute on function private.job_is_queued(text, bigint)
from public, anon, authenticated, service_role;
revoke execute on function private.postpone_waiting_job(text, bigint, timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.withdraw_waiting_job(text, bigint)
from public, anon, authenticated, service_role;
revoke execute on function private.enqueue_many(text, jsonb[], uuid, interval, text, text, uuid[])
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_enqueue(
  text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]
) from public, anon, authenticated;
revoke execute on function public.jobs_enqueue(
  text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]
) from public, anon, authenticated;
grant execute on function private.jobs_enqueue(
  text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]
) to service_role;
grant execute on function public.jobs_enqueue(
  text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]
) to service_role;

comment on function private.job_message(text, jsonb, uuid, text, text) is
'A new job as it lies in its queue: see private.jobs.';
comment on function private.check_job(text, jsonb[], text) is
'Refuses what cannot be a job: its kind, its payloads, its priority.';
comment on function private.enqueue(
  text, jsonb, uuid, text, interval, text, interval, text
) is
'Queues a job in the caller''s transaction and returns its message id. A unique_key is taken until
the job ends, and for unique_for at least. If it is taken, if_queued says what happens: ignore
changes nothing and returns null; replace puts this job in the place of one that is not running
yet; extend lets such a one wait for delay from now, and returns its id. Where the earlier job is
running, replace and extend queue this one behind it.';
comment on function private.take_job_key(
  text, text, text, timestamptz, timestamptz, text
) is
'Takes the unique key for a job that is about to be queued: null. Else the id of the job that will
do instead, 0 if nothing is to be done.';
comment on function private.job_is_queued(text, bigint) is
'Whether the message is still in its queue.';
comment on function private.postpone_waiting_job(text, bigint, timestamptz) is
'Moves the time of a job that no runner holds. Returns whether there was one.';
comment on function private.withdraw_waiting_job(text, bigint) is
'Takes a job out of its queue unless a runner holds it.';
comment on function private.enqueue_many(text, jsonb[], uuid, interval, text, text, uuid[]) is
'Queues one job for each payload, with one statement: of one firm, or of the firms that firm_ids
names for them. Returns their message ids in that order.';
comment on function private.jobs_enqueue(
  text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]
) is
'Definer of public.jobs_enqueue.';
comment on function public.jobs_enqueue(
  text, jsonb, uuid, text, double precision, text, double precision, text, uuid[]
) is
'Queues a job, or one for each object in an array of payloads; returns their numbers. delay_s and
unique_for_s are seconds; if_queued (ignore, replace, extend) says what becomes of it while another
holds the unique_key. firm_ids, in the place of firm_id, has the firm of each payload. For the secret
key only.';
