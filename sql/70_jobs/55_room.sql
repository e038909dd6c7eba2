create function private.lane_kind(lane text) returns text
language sql
immutable
set search_path = ''
return split_part(ltrim(lane, '!'), ':', 1);

-- A job of a kind with limits that is claimed changes to the lane of the same name with a ! before
-- it: what runs lies side by side, and what was lost with its runner shows by its time.
create function private.jobs_running(kind text, firm text, at timestamptz) returns integer
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
as $$
declare
  lanes_from constant text := '!' || jobs_running.kind || ':' || coalesce(jobs_running.firm, '');
  lanes_to constant text := '!' || jobs_running.kind || coalesce(':' || jobs_running.firm, ';');
begin
  return (
    select count(*) from (
      select coalesce(q.message ->> 'lane', ':') collate "C" as lane, q.vt
      from pgmq.q_jobs_high as q
      union all
      select coalesce(q.message ->> 'lane', ':') collate "C", q.vt from pgmq.q_jobs_default as q
      union all
      select coalesce(q.message ->> 'lane', ':') collate "C", q.vt from pgmq.q_jobs_low as q
    ) as q
    where q.lane between lanes_from and lanes_to and q.vt > jobs_running.at
  );
end
$$;

create function private.tokens_left(
  kind text, firm text, rate integer, period interval, at timestamptz
) returns double precision
language sql
stable
set search_path = ''
return (
  select
    coalesce(
      least(
        tokens_left.rate,
        b.tokens + tokens_left.rate * extract(epoch from tokens_left.at - b.filled_at)
        / extract(epoch from tokens_left.period)
      ),
      tokens_left.rate
    )
  from (values (tokens_left.kind, tokens_left.firm)) as wanted (kind, firm)
  left join private.job_buckets as b on b.kind = wanted.kind and b.firm = wanted.firm
);

create function private.job_room(kind text, firm text, at timestamptz) returns integer
language plpgsql
stable
set search_path = ''
as $$
declare
  l private.job_limits;
begin
  select * into l from private.job_limits as limits where limits.kind = job_room.kind;
  return floor(least(
    case when l.max_running > 0 then l.max_running - private.jobs_running(kind, null, at) end,
    private.tokens_left(kind, '', l.rate, l.rate_period, at),
    case when l.max_running_per_firm > 0 and firm is not null
      then l.max_running_per_firm - private.jobs_running(kind, firm, at) end,
    case when firm is not null
      then private.tokens_left(kind, '/' || firm, l.firm_rate, l.firm_rate_period, at) end));
end
$$;

create function private.take_tokens(kind text, firm text, n integer, at timestamptz) returns void
language sql
volatile
set search_path = ''
begin atomic
  insert into private.job_buckets as b (kind, firm, tokens, filled_at)
  select take_tokens.kind, bucket.firm, bucket.tokens - take_tokens.n, take_tokens.at
  from private.job_limits as l cross join
    lateral (
      values
      ('', private.tokens_left(take_tokens.kind, '', l.rate, l.rate_period, take_tokens.at)),
      (
        '/' || take_tokens.firm, private.tokens_left(
          take_tokens.kind, '/' || take_tokens.firm,
          l.firm_rate, l.firm_rate_period, take_tokens.at
        )
      )
    ) as bucket (firm, tokens)
  where l.kind = take_tokens.kind and bucket.tokens is not null
  on conflict (kind, firm) do update set
    tokens = excluded.tokens, filled_at = excluded.filled_at;
end;

revoke execute on function private.lane_kind(text)
from public, anon, authenticated, service_role;
revoke execute on function private.jobs_running(text, text, timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.tokens_left(text, text, integer, interval, timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.job_room(text, text, timestamptz)
from public, anon, authenticated, service_role;
revoke execute on function private.take_tokens(text, text, integer, timestamptz)
from public, anon, authenticated, service_role;

comment on function private.lane_kind(text) is 'The kind of the jobs of a lane.';
comment on function private.jobs_running(text, text, timestamptz) is
'How many jobs of a kind with limits run: of one firm, or of all where firm is null.';
comment on function private.tokens_left(text, text, integer, interval, timestamptz) is
'What is in a bucket at that time. Null where there is no rate.';
comment on function private.job_room(text, text, timestamptz) is
'How many jobs of the kind may start now for the firm, or for all together where firm is null. Null
where nothing limits them.';
comment on function private.take_tokens(text, text, integer, timestamptz) is
'Counts jobs that start against the rates of their kind.';
