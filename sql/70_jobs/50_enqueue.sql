create function private.enqueue(
  kind text,
  payload jsonb default '{}',
  firm_id uuid default null,
  unique_key text default null,
  delay interval default '0',
  priority text default 'default'
) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  queue constant text := 'jobs_' || enqueue.priority;
  message jsonb;
  holder private.job_keys;
  id bigint;
begin
  if enqueue.kind is null or enqueue.kind !~ '^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$' then
    perform private.fail(code => 'invalid_kind',
      message => format('"%s" is not a kind of job.', enqueue.kind),
      hint => 'A kind is two lower-case words and a dot: file.process.', status => 400);
  end if;
  if enqueue.priority is null or enqueue.priority not in ('high', 'default', 'low') then
    perform private.fail(code => 'invalid_priority',
      message => format('"%s" is not a priority.', enqueue.priority),
      hint => 'Use high, default or low.', status => 400);
  end if;
  if jsonb_typeof(enqueue.payload) is distinct from 'object' then
    perform private.fail(code => 'invalid_payload',
      message => 'The payload of a job is a JSON object.',
      hint => 'Name each value: {"file_id": "…"}.', status => 400);
  end if;
  if octet_length(enqueue.payload::text) > 262144 then
    perform private.fail(code => 'payload_too_large',
      message => 'The payload of a job is at most 256 kB.',
      hint => 'Store the data and put its id into the payload.', status => 413);
  end if;

  message := jsonb_build_object('kind', enqueue.kind, 'payload', enqueue.payload);
  if enqueue.firm_id is not null then
    message := message || jsonb_build_object('firm_id', enqueue.firm_id);
  end if;
  if enqueue.unique_key is not null then
    message := message || jsonb_build_object('key', enqueue.unique_key);
    loop
      insert into private.job_keys (kind, key, queue)
      values (enqueue.kind, enqueue.unique_key, queue)
      on conflict do nothing;
      exit when found;
      select k.* into holder from private.job_keys as k
      where k.kind = enqueue.kind and k.key = enqueue.unique_key
      for update;
      continue when not found;
      if private.job_is_queued(holder.queue, holder.msg_id) then
        return null;
      end if;
      delete from private.job_keys as k
      where k.kind = enqueue.kind and k.key = enqueue.unique_key;
    end loop;
  end if;

  id := pgmq.send(queue, message, greatest(0, ceil(extract(epoch from enqueue.delay)))::integer);
  if enqueue.unique_key is not null then
    update private.job_keys as k set msg_id = id
    where k.kind = enqueue.kind and k.key = enqueue.unique_key;
  end if;
  return id;
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

revoke execute on function private.enqueue(text, jsonb, uuid, text, interval, text)
from public, anon, authenticated, service_role;
revoke execute on function private.job_is_queued(text, bigint)
from public, anon, authenticated, service_role;

comment on function private.enqueue(text, jsonb, uuid, text, interval, text) is
'Queues a job in the caller''s transaction. Returns its message id, or null when a job of this kind
with this unique key is queued or running already.';
comment on function private.job_is_queued(text, bigint) is
'Whether the message is still in its queue.';
