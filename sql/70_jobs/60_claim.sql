-- Not pgmq.read: that orders by msg_id and compares vt with a volatile clock, so it walks past
-- every delayed job. Here the time is a parameter, and the walk goes from lane to lane: each that
-- has something due gives its share, so that a firm with one job does not wait behind another's
-- flood. A lane costs one look at its index, however much waits in it. The settings keep the plan
-- at depth, where the planner would turn to a hash join and a full scan.
create function private.jobs_claim(
  queue text,
  qty integer,
  lease interval,
  at timestamptz,
  worker text,
  barred text[],
  inout place text,
  out claims json[],
  out taken integer,
  out busy boolean,
  out dead_parents text[]
)
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  -- How many lanes are looked at, and served, in one go.
  most_looks constant integer := 256;
  most_served constant integer := 50;
  -- Whether this round began at the first lane, and how many jobs left their lanes in it.
  whole boolean := jobs_claim.place = '';
  gained integer := 0;
  last text;
  due text[];
  limited text[];
  part record;
begin
  claims := '{}';
  taken := 0;
  busy := false;
  dead_parents := '{}';
  loop
    select w.due, w.last into due, last
    from private.jobs_walk(jobs_claim.queue, jobs_claim.place, jobs_claim.at, jobs_claim.barred,
      most_looks, least(jobs_claim.qty - taken, most_served)) as w;
    limited := array(
      select d.lane from unnest(due) as d (lane)
      inner join private.job_limits as l on l.kind = private.lane_kind(d.lane)
    );
    due := array(select unnest(due) except all select unnest(limited));
    if due <> '{}' then
      part := private.jobs_take(jobs_claim.queue, due, jobs_claim.qty - taken,
        jobs_claim.lease, jobs_claim.at, jobs_claim.worker, held => false);
      claims := array_append(claims, part.claims);
      taken := taken + part.taken;
      gained := gained + part.taken + part.died;
      dead_parents := dead_parents || part.dead_parents;
    end if;
    for n in 1 .. cardinality(limited) loop
      exit when taken >= jobs_claim.qty;
      continue when private.lane_kind(limited[n]) = any (barred);
      part := private.jobs_take_limited(jobs_claim.queue, limited[n], limited[n:],
        jobs_claim.qty - taken, jobs_claim.lease, jobs_claim.at, jobs_claim.worker);
      claims := array_append(claims, part.claims);
      taken := taken + part.taken;
      gained := gained + part.taken + part.died;
      busy := busy or part.busy;
      if part."full" then
        -- Its other lanes need not be looked at.
        barred := barred || private.lane_kind(limited[n]);
      end if;
      dead_parents := dead_parents || part.dead_parents;
    end loop;
    place := coalesce(last, '');
    exit when taken >= jobs_claim.qty;
    if last is null then
      exit when whole and gained = 0;
      whole := true;
      gained := 0;
    end if;
  end loop;
end
$$;

create function private.jobs_walk(
  queue text,
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
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
begin
  execute format($walk$
    with recursive walk as (
      select $1 collate "C" as lane, false as due, 0 as looks, 0 as found
      union all
      select next.lane, next.due, walk.looks + 1, walk.found + next.due::integer
      from walk cross join lateral (
        select
          coalesce(q.message ->> 'lane', ':') collate "C" as lane,
          q.vt <= $2 and private.lane_kind(coalesce(q.message ->> 'lane', ':')) <> all ($3) as due
        from pgmq.%I as q
        where (coalesce(q.message ->> 'lane', ':') collate "C") > walk.lane
        order by (coalesce(q.message ->> 'lane', ':') collate "C"), q.vt
        limit 1
      ) as next
      where walk.looks < $4 and walk.found < $5
    )
    select
      coalesce(array_agg(lane) filter (where due), '{}'),
      max(lane) filter (where looks = $4 or found = $5)
    from walk
  $walk$, 'q_' || queue)
  into due, last using place, at, barred, most_looks, most_due;
end
$$;

create function private.jobs_take(
  queue text,
  lanes text[],
  qty integer,
  lease interval,
  at timestamptz,
  worker text,
  held boolean,
  out claims json,
  out taken integer,
  out died integer,
  out dead_parents text[]
)
language plpgsql
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  -- Runners lost in a row without a word. After the first the job runs in a process of its own, so
  -- most are lost for other reasons; so many, and it is the job that takes the machines down.
  lost_limit constant integer := 20;
  crashing jsonb;
begin
  execute format($take$
    with due as materialized (
      select picked.msg_id
      from unnest($1) as l (lane) cross join lateral (
        select q.msg_id, q.vt from pgmq.%1$I as q
        where (coalesce(q.message ->> 'lane', ':') collate "C") = l.lane and q.vt <= $2
        order by q.vt
        limit $3
        for update skip locked
      ) as picked
      order by row_number() over (partition by l.lane order by picked.vt)
      limit $4
    ), claimed as (
      update pgmq.%1$I as q set
        vt = $2 + $5,
        read_ct = q.read_ct + 1,
        message = case
          -- Sent by hand: a runner finds no kind in it, and it dies.
          when jsonb_typeof(q.message) is distinct from 'object'
            then jsonb_build_object('payload', q.message)
          when $6
          then q.message || jsonb_build_object('lane', '!' || ltrim(q.message ->> 'lane', '!'))
          else q.message
        end
      where q.msg_id = any (array(select due.msg_id from due))
      returning q.msg_id, q.read_ct, q.message,
        q.read_ct - coalesce((q.message ->> 'settled')::integer, 0) as unsettled
    )
    select
      json_agg(json_build_array(msg_id, read_ct, message) order by msg_id)
        filter (where unsettled <= $7),
      count(*) filter (where unsettled <= $7),
      jsonb_agg(jsonb_build_object(
        'id', msg_id, 'read', read_ct, 'outcome', 'dead', 'code', 'crash_loop',
        'error', format('%%s runners in a row were lost while they ran this job.', unsettled - 1)
      )) filter (where unsettled > $7)
    from claimed
  $take$, 'q_' || queue)
  into claims, taken, crashing
  using lanes, at, ceil(qty::numeric / cardinality(lanes)), qty, lease, held, lost_limit;

  died := coalesce(jsonb_array_length(crashing), 0);
  dead_parents := '{}';
  if crashing is not null then
    dead_parents := (private.jobs_fail(queue, crashing, at, worker)).parents;
  end if;
end
$$;

-- Others may be claiming from the same kind: whoever has the row of its limits counts and takes,
-- and nobody waits for it.
create function private.jobs_take_limited(
  queue text,
  lane text,
  among text[],
  qty integer,
  lease interval,
  at timestamptz,
  worker text,
  out claims json,
  out taken integer,
  out died integer,
  out dead_parents text[],
  out busy boolean,
  out "full" boolean
)
language plpgsql
set search_path = ''
as $$
declare
  lane_kind constant text := private.lane_kind(jobs_take_limited.lane);
  firm constant text := split_part(jobs_take_limited.lane, ':', 2);
  mates constant numeric := (
    select count(*) from unnest(among) as m (lane) where private.lane_kind(m.lane) = lane_kind
  );
  part record;
begin
  taken := 0;
  died := 0;
  dead_parents := '{}';
  busy := false;
  "full" := coalesce(private.job_room(lane_kind, null, at) <= 0, false);
  if "full" or private.job_room(lane_kind, firm, at) <= 0 then
    return;
  end if;
  perform from private.job_limits as l where l.kind = lane_kind
  for update skip locked;
  if not found then
    busy := true;
    return;
  end if;
  qty := least(
    ceil(qty / cardinality(among)::numeric),
    ceil(private.job_room(lane_kind, null, at) / mates),
    private.job_room(lane_kind, firm, at)
  );
  if qty > 0 then
    part := private.jobs_take(queue, array[lane], qty, lease, at, worker, held => true);
    claims := part.claims;
    taken := part.taken;
    died := part.died;
    dead_parents := part.dead_parents;
    perform private.take_tokens(lane_kind, firm, taken, at);
  end if;
end
$$;

revoke execute on function private.jobs_claim(
  text, integer, interval, timestamptz, text, text[], text
) from public, anon, authenticated, service_role;
revoke execute on function private.jobs_walk(
  text, text, timestamptz, text[], integer, integer
) from public, anon, authenticated, service_role;
revoke execute on function private.jobs_take(
  text, text[], integer, interval, timestamptz, text, boolean
) from public, anon, authenticated, service_role;
revoke execute on function private.jobs_take_limited(
  text, text, text[], integer, interval, timestamptz, text
) from public, anon, authenticated, service_role;

comment on function private.jobs_claim(
  text, integer, interval, timestamptz, text, text[], text
) is
'Leases up to qty due jobs of one queue; the lanes take turns, beginning after place, and of each
the longest due come first. Kinds that are barred are left alone. claims: one
[[id, read, message], …] or more;
place: the lane to go on after; busy: whether another runner kept this one from a lane.';
comment on function private.jobs_walk(
  text, text, timestamptz, text[], integer, integer
) is
'The lanes after place that have something due; last is the one to go on from, null at the end.';
comment on function private.jobs_take(
  text, text[], integer, interval, timestamptz, text, boolean
) is
'Leases up to qty due jobs of these lanes, the same number of each. held: mark them as running, for
the count of their kind. Jobs in a crash loop die.';
comment on function private.jobs_take_limited(
  text, text, text[], integer, interval, timestamptz, text
) is
'Leases due jobs of one lane: its share of qty, and of what private.job_limits admits, with those
among which it takes its turn. full: its kind has no room for any firm.';
