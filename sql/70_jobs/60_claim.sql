-- Each lane that has something due gives its share, so that a firm with one job does not wait
-- behind another's flood.
create function private.jobs_claim(
  queue text,
  qty integer,
  lease interval,
  at timestamptz,
  worker text,
  barred text[],
  inout place text,
  inout room_bytes integer,
  out claims json[],
  out taken integer,
  out busy boolean,
  out dead_parents text[]
)
language plpgsql
set search_path = ''
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
    execute format('select due, last from private.%I($1, $2, $3, $4, $5)', queue || '_walk')
    into due, last
    using place, at, barred, most_looks, least(qty - taken, most_served);
    limited := array(
      select d.lane from unnest(due) as d (lane)
      inner join private.job_limits as l on l.kind = private.lane_kind(d.lane)
    );
    due := array(select unnest(due) except all select unnest(limited));
    if due <> '{}' then
      execute format('select * from private.%I($1, $2, $3, $4, $5, $6, held => false)',
        queue || '_take')
      into part using due, qty - taken, room_bytes, lease, at, worker;
      claims := array_append(claims, part.claims);
      taken := taken + part.taken;
      room_bytes := room_bytes - part.bytes;
      gained := gained + part.taken + part.died;
      dead_parents := dead_parents || part.dead_parents;
    end if;
    for n in 1 .. cardinality(limited) loop
      exit when taken >= jobs_claim.qty or room_bytes <= 0;
      continue when private.lane_kind(limited[n]) = any (barred);
      part := private.jobs_take_limited(jobs_claim.queue, limited[n], limited[n:],
        jobs_claim.qty - taken, room_bytes, jobs_claim.lease, jobs_claim.at, jobs_claim.worker);
      claims := array_append(claims, part.claims);
      taken := taken + part.taken;
      room_bytes := room_bytes - part.bytes;
      gained := gained + part.taken + part.died;
      busy := busy or part.busy;
      if part."full" then
        -- Its other lanes need not be looked at.
        barred := barred || private.lane_kind(limited[n]);
      end if;
      dead_parents := dead_parents || part.dead_parents;
    end loop;
    place := coalesce(last, '');
    exit when taken >= jobs_claim.qty or room_bytes <= 0;
    if last is null then
      exit when whole and gained = 0;
      whole := true;
      gained := 0;
    end if;
  end loop;
end
$$;

-- Others may be claiming from the same kind: whoever has the row of its limits counts and takes,
-- and nobody waits for it.
create function private.jobs_take_limited(
  queue text,
  lane text,
  among text[],
  qty integer,
  most_bytes integer,
  lease interval,
  at timestamptz,
  worker text,
  out claims json,
  out taken integer,
  out bytes integer,
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
  bytes := 0;
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
    execute format('select * from private.%I($1, $2, $3, $4, $5, $6, held => true)', queue || '_take')
    into part using array[lane], qty, most_bytes, lease, at, worker;
    claims := part.claims;
    taken := part.taken;
    bytes := part.bytes;
    died := part.died;
    dead_parents := part.dead_parents;
    perform private.take_tokens(lane_kind, firm, taken, at);
  end if;
end
$$;

revoke execute on function private.jobs_claim(
  text, integer, interval, timestamptz, text, text[], text, integer
) from public, anon, authenticated, service_role;
revoke execute on function private.jobs_take_limited(
  text, text, text[], integer, integer, interval, timestamptz, text
) from public, anon, authenticated, service_role;

comment on function private.jobs_claim(
  text, integer, interval, timestamptz, text, text[], text, integer
) is
'Leases up to qty due jobs of one queue; the lanes take turns, beginning after place, and of each
the longest due come first. Kinds that are barred are left alone. claims: one
[[id, read, message], …] or more;
place: the lane to go on after; room_bytes: what may still be claimed, and is left then; busy: whether another runner kept this one from a lane.';
comment on function private.jobs_take_limited(
  text, text, text[], integer, integer, interval, timestamptz, text
) is
'Leases due jobs of one lane: its share of qty, and of what private.job_limits admits, with those
among which it takes its turn. full: its kind has no room for any firm.';
