create table private.contract_reminders (
  contract_id uuid not null references public.contracts (id) on delete cascade,
  event text not null,
  target_date date not null,
  days integer not null,
  created_at timestamptz not null default now(),
  primary key (contract_id, event, target_date, days),
  constraint contract_reminders_event_known check (event in ('ends', 'cancel_by')),
  constraint contract_reminders_days_known check (days in (60, 30, 14, 7, 1))
);

alter table private.contract_reminders enable row level security;

create policy contract_reminders_nobody on private.contract_reminders
as restrictive for all to anon, authenticated
using (false);

revoke all on private.contract_reminders from public, anon, authenticated, service_role;

comment on table private.contract_reminders is
  'The rungs of the reminder ladder that were climbed, so that each is announced once.';
comment on column private.contract_reminders.days is
  'The rung: days before the date.';

create function private.enqueue_contract_reminders(p_now timestamptz default now())
returns integer
language sql security definer set search_path = '' as $$
  -- In each the widest date on earth bounds the index scan; the firm's own day decides.
  with candidates as (
    select c.firm_id, c.id, 'ends' as event, c.ends_on as target_date
    from public.contracts as c
    where c.status = 'active'
      and not c.auto_renew
      and c.terminates_on is null
      and c.archived_at is null
      and c.ends_on between (p_now at time zone 'UTC')::date - 1
        and (p_now at time zone 'UTC')::date + 61
    union all
    select c.firm_id, c.id, 'cancel_by', c.cancel_by
    from public.contracts as c
    where c.status = 'active'
      and c.auto_renew
      and c.terminates_on is null
      and c.archived_at is null
      and c.cancel_by between (p_now at time zone 'UTC')::date - 1
        and (p_now at time zone 'UTC')::date + 61
  ), due as (
    select c.firm_id, c.id as contract_id, c.event, c.target_date, rung.days
    from candidates as c
    join public.firms as f on f.id = c.firm_id
    cross join lateral (select (p_now at time zone f.timezone)::date as today) as clock
    -- The nearest rung only: after an outage one reminder says what is true now, not five.
    cross join lateral (
      select min(ladder.days) as days
      from unnest(array[60, 30, 14, 7, 1]) as ladder (days)
      where ladder.days >= c.target_date - clock.today
    ) as rung
    where c.target_date between clock.today and clock.today + 60
      and f.status = 'active'
      and f.archived_at is null
      and not exists (
        select from private.contract_reminders as r
        where r.contract_id = c.id
          and r.event = c.event
          and r.target_date = c.target_date
          and r.days = rung.days
      )
    limit 1000
  ), climbed as (
    insert into private.contract_reminders (contract_id, event, target_date, days)
    select due.contract_id, due.event, due.target_date, due.days from due
    on conflict do nothing
    returning contract_id, event, target_date, days
  ), queued as (
    select private.enqueue(
      'contract.remind',
      jsonb_build_object(
        'contract_id', climbed.contract_id,
        'event', climbed.event,
        'target_date', climbed.target_date,
        'days', climbed.days
      ),
      due.firm_id
    ) as job
    from climbed
    join due using (contract_id, event)
  )
  select count(queued.job)::integer from queued
$$;

revoke execute on function private.enqueue_contract_reminders(timestamptz)
from public, anon, authenticated, service_role;

comment on function private.enqueue_contract_reminders(timestamptz) is
  'Queues the reminders that are due 60, 30, 14, 7 and 1 days before an active contract ends, or '
  'can last be cancelled before it renews itself, by the firm''s own calendar. Each once, '
  'however often this runs; returns how many, at most 1000.';

create function private.remind_contract(
  p_contract_id uuid, p_event text, p_target_date date, p_days integer
) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_contract record;
  v_left integer;
  v_when text;
  v_kind text := case p_event when 'ends' then 'contract_ending' else 'contract_renewing' end;
begin
  select c.firm_id, c.number, c.title, c.created_by, coalesce(co.name, cn.name) as party,
    c.ends_on, c.renewal_months, (now() at time zone f.timezone)::date as today
  into v_contract
  from public.contracts as c
  join public.firms as f on f.id = c.firm_id
  left join public.companies as co on co.id = c.company_id
  left join public.consultants as cn on cn.id = c.consultant_id
  where c.id = p_contract_id
    and c.status = 'active'
    and c.terminates_on is null
    and c.archived_at is null
    and case p_event
      when 'ends' then c.ends_on = p_target_date and not c.auto_renew
      when 'cancel_by' then c.cancel_by = p_target_date and c.auto_renew
    end;
  v_left := p_target_date - v_contract.today;
  -- The job may run long after it was queued: ended by now, or a nearer rung has been announced.
  -- A day more than the rung is a firm that moved to another time zone.
  if v_left is null or v_left not between 0 and p_days + 1 or exists (
    select from private.contract_reminders as r
    where r.contract_id = p_contract_id
      and r.event = p_event
      and r.target_date = p_target_date
      and r.days < p_days
  ) then
    return 0;
  end if;

  v_when := case v_left
    when 0 then 'today' when 1 then 'tomorrow' else 'in ' || v_left || ' days'
  end;
  return private.notify(
    v_contract.firm_id,
    v_kind,
    format('%s:%s:%s:%s', v_kind, p_contract_id, p_target_date, p_days),
    left(v_contract.title, 200) || case p_event
      when 'ends' then ' ends ' || v_when
      else ': last day to cancel ' || v_when
    end,
    format(
      'Contract %s%s %s %s.',
      v_contract.number,
      coalesce(' with ' || v_contract.party, ''),
      case p_event when 'ends' then 'ends on' else 'renews itself unless it is cancelled by' end,
      to_char(p_target_date, 'FMDD FMMonth YYYY')
    ),
    '/contracts/' || p_contract_id,
    p_user_ids => array[v_contract.created_by],
    p_min_role => 'manager',
    p_email => jsonb_build_object(
      'number', v_contract.number::text,
      'title', v_contract.title,
      'party', v_contract.party,
      'ends_on', v_contract.ends_on,
      'days', v_left
    ) || case p_event
      when 'ends' then '{}'
      else jsonb_build_object(
        'cancel_by', p_target_date, 'renewal_months', v_contract.renewal_months
      )
    end
  );
end
$$;

create function public.remind_contract(
  contract_id uuid, event text, target_date date, days integer
) returns integer
language sql security invoker set search_path = '' as $$
  select private.remind_contract(contract_id, event, target_date, days)
$$;

revoke execute on function private.remind_contract(uuid, text, date, integer)
from public, anon, authenticated;
revoke execute on function public.remind_contract(uuid, text, date, integer)
from public, anon, authenticated;
grant execute on function private.remind_contract(uuid, text, date, integer) to service_role;
grant execute on function public.remind_contract(uuid, text, date, integer) to service_role;

comment on function private.remind_contract(uuid, text, date, integer) is
  'Definer of public.remind_contract.';
comment on function public.remind_contract(uuid, text, date, integer) is
  'Tells the author of a contract, managers and above that it ends soon, or must be cancelled '
  'soon if it is not to renew itself; if that is still so. '
  'Returns how many were told. For the secret key only.';
