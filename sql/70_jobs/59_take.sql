-- Not pgmq.read: that orders by msg_id and compares vt with a volatile clock, so it walks past
-- every delayed job. Here the time is a parameter, and the walk goes from lane to lane: a lane
-- costs one look at its index, however much waits in it.
--
-- Each queue has functions of its own: a plan is kept only where the text names the table, and
-- planning took longer than a small step's work. The settings keep the plan at depth, where the
-- planner would turn to a hash join and a full scan.
do $each$
declare
  queue text;
begin
  foreach queue in array '{jobs_high,jobs_default,jobs_low}'::text[] loop
    execute format($create$

create function private.%1$s_walk(
  place text,
  at timestamptz,
  barred text[],
  most_looks integer,
  most_due integer,
  out due text[],
  out last text
)
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
begin
  with recursive walk as (
    select %1$s_walk.place collate "C" as lane, false as due, 0 as looks, 0 as found
    union all
    select next.lane, next.due, walk.looks + 1, walk.found + next.due::integer
    from walk cross join lateral (
      select
        coalesce(q.message ->> 'lane', ':') collate "C" as lane,
        q.vt <= %1$s_walk.at
          and private.lane_kind(coalesce(q.message ->> 'lane', ':')) <> all (barred) as due
      from pgmq.q_%1$s as q
      where (coalesce(q.message ->> 'lane', ':') collate "C") > walk.lane
      order by (coalesce(q.message ->> 'lane', ':') collate "C"), q.vt
      limit 1
    ) as next
    where walk.looks < most_looks and walk.found < most_due
  )
  select
    coalesce(array_agg(w.lane) filter (where w.due), '{}'),
    max(w.lane) filter (where w.looks = most_looks or w.found = most_due)
  into due, last
  from walk as w;
end
$$;

create function private.%1$s_take(
  lanes text[],
  qty integer,
  most_bytes integer,
  lease interval,
  at timestamptz,
  worker text,
  held boolean,
  out claims json,
  out taken integer,
  out bytes integer,
  out died integer,
  out dead_parents text[]
)
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  -- Runners lost in a row without a word. After the first the job runs in a process of its own, so
  -- most are lost for other reasons; so many, and it is the job that takes the machines down.
  lost_limit constant integer := 20;
  share constant bigint := ceil(qty::numeric / cardinality(lanes));
  crashing jsonb;
  buried record;
begin
  with picked as (
    select picked.msg_id, picked.bytes,
      row_number() over (partition by l.lane order by picked.vt) as turn
    from unnest(lanes) as l (lane) cross join lateral (
      -- The lane's jobs that are due, said in the order of the lanes' index. With = for the lane
      -- the planner may take the index by vt, and read every other lane's jobs.
      select q.msg_id, q.vt, pg_column_size(q.message) as bytes from pgmq.q_%1$s as q
      where (coalesce(q.message ->> 'lane', ':') collate "C") >= l.lane
        and ((coalesce(q.message ->> 'lane', ':') collate "C"), q.vt) <= (l.lane, %1$s_take.at)
      order by (coalesce(q.message ->> 'lane', ':') collate "C"), q.vt
      limit share
      for update skip locked
    ) as picked
  ), due as materialized (
    select d.msg_id, d.bytes
    from (
      select p.msg_id, p.bytes, p.turn,
        sum(p.bytes) over (order by p.turn rows unbounded preceding) as so_far
      from picked as p
    ) as d
    -- The first goes in any case.
    where d.so_far - d.bytes < most_bytes
    order by d.turn
    limit qty
  ), claimed as (
    update pgmq.q_%1$s as q set
      vt = %1$s_take.at + lease,
      read_ct = q.read_ct + 1,
      message = case
        -- Sent by hand: a runner finds no kind in it, and it dies.
        when jsonb_typeof(q.message) is distinct from 'object'
          then jsonb_build_object('payload', q.message)
        when held
        then q.message || jsonb_build_object('lane', '!' || ltrim(q.message ->> 'lane', '!'))
        else q.message
      end
    where q.msg_id = any (array(select due.msg_id from due))
    returning q.msg_id, q.read_ct, q.message,
      q.read_ct - coalesce((q.message ->> 'settled')::integer, 0) as unsettled
  )
  select
    json_agg(json_build_array(c.msg_id, c.read_ct, c.message) order by c.msg_id)
      filter (where c.unsettled <= lost_limit),
    count(*) filter (where c.unsettled <= lost_limit),
    jsonb_agg(jsonb_build_object(
      'id', c.msg_id, 'read', c.read_ct, 'outcome', 'dead', 'code', 'crash_loop', 'error',
      format('%%s runners in a row were lost while they ran this job.', c.unsettled - 1)
    )) filter (where c.unsettled > lost_limit),
    (select coalesce(sum(d.bytes), 0) from due as d)
  into claims, taken, crashing, bytes
  from claimed as c;

  died := coalesce(jsonb_array_length(crashing), 0);
  dead_parents := '{}';
  if crashing is not null then
    buried := private.jobs_fail('%1$s', crashing, at, worker);
    dead_parents := buried.parents;
    perform private.count_jobs(buried.counts, worker, at);
  end if;
end
$$;

revoke execute on function private.%1$s_walk(text, timestamptz, text[], integer, integer)
from public, anon, authenticated, service_role;
revoke execute on function private.%1$s_take(
  text[], integer, integer, interval, timestamptz, text, boolean
) from public, anon, authenticated, service_role;

comment on function private.%1$s_walk(text, timestamptz, text[], integer, integer) is
'The lanes after place that have something due; last is the one to go on from, null at the end.';
comment on function private.%1$s_take(
  text[], integer, integer, interval, timestamptz, text, boolean
) is
'Leases up to qty due jobs of these lanes, the same number of each, and no more once they have
most_bytes. held: mark them as running, for the count of their kind. Jobs in a crash loop die.';

    $create$, queue);
  end loop;
end
$each$;
