-- Three physical queues instead of a priority column: a claim stays one walk along (vt).
create extension if not exists pgmq;

select pgmq.create('jobs_high');
select pgmq.create('jobs_default');
select pgmq.create('jobs_low');

-- Clients reach jobs only through the functions that check their rights, and so does the secret
-- key: nobody but the owner of those functions touches the tables.
alter table pgmq.q_jobs_high enable row level security;
alter table pgmq.a_jobs_high enable row level security;
alter table pgmq.q_jobs_default enable row level security;
alter table pgmq.a_jobs_default enable row level security;
alter table pgmq.q_jobs_low enable row level security;
alter table pgmq.a_jobs_low enable row level security;

revoke all on pgmq.q_jobs_high, pgmq.q_jobs_default, pgmq.q_jobs_low
from public, anon, authenticated, service_role;
revoke all on pgmq.a_jobs_high, pgmq.a_jobs_default, pgmq.a_jobs_low
from public, anon, authenticated, service_role;

-- A claim counts the bytes it hands out, which a compressed message would not tell.
alter table pgmq.q_jobs_high alter column message set storage external;
alter table pgmq.q_jobs_default alter column message set storage external;
alter table pgmq.q_jobs_low alter column message set storage external;

-- A lane is what takes turns with others: the jobs of one kind and one firm. The claim walks from
-- lane to lane along this index, so that it meets each lane's longest due job first. What came into
-- the queue by other means than private.enqueue has a lane, too.
create index q_jobs_high_lane_idx on pgmq.q_jobs_high (
  (coalesce(message ->> 'lane', ':') collate "C"), vt
);
create index q_jobs_default_lane_idx on pgmq.q_jobs_default (
  (coalesce(message ->> 'lane', ':') collate "C"), vt
);
create index q_jobs_low_lane_idx on pgmq.q_jobs_low (
  (coalesce(message ->> 'lane', ':') collate "C"), vt
);
