create function private.send_digests(at timestamptz default now()) returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
  due record;
  items jsonb;
  waiting integer;
  done integer := 0;
begin
  for due in
    select n.firm_id, n.user_id, clock.eight, o.email, f.name as firm,
      format('digest:%s:%s:%s', n.firm_id, n.user_id, clock.eight::date) as dedupe_key
    from (
      select distinct w.firm_id, w.user_id
      from public.notifications as w
      where w.delivery = 'digest' and w.digested_at is null
    ) as n
    join public.firms as f on f.id = n.firm_id and f.status = 'active' and f.archived_at is null
    join public.firm_members as m
      on m.firm_id = n.firm_id and m.user_id = n.user_id and m.status = 'active'
    join public.profiles as o on o.id = n.user_id
    -- Eight in the morning by the firm's clock, the last time it was.
    cross join lateral (
      select date_trunc('day', local.now - interval '8 hours') + interval '8 hours' as eight
      from (select send_digests.at at time zone f.timezone as now) as local
    ) as clock
    where exists (
      select from public.notifications as w
      where w.firm_id = n.firm_id
        and w.user_id = n.user_id
        and w.delivery = 'digest'
        and w.digested_at is null
        and w.created_at <= clock.eight at time zone f.timezone
    )
    -- One a day: what was told before eight but came to light afterwards waits for the next.
    and not exists (
      select from public.emails as e
      where e.dedupe_key
        = format('digest:%s:%s:%s', n.firm_id, n.user_id, clock.eight::date)
    )
    limit 1000
  loop
    with taken as (
      update public.notifications as n
      set digested_at = send_digests.at
      from public.firms as f
      where n.firm_id = due.firm_id
        and n.user_id = due.user_id
        and n.delivery = 'digest'
        and n.digested_at is null
        and f.id = n.firm_id
        and n.created_at <= due.eight at time zone f.timezone
      returning n.kind, n.title, n.body, n.link, n.created_at, n.read_at, f.timezone
    ), news as (
      -- Read in the app, or no longer wanted: it is no news.
      select t.*, row_number() over (order by t.created_at, t.link) as place
      from taken as t
      where t.read_at is null and not exists (
        select from public.notification_preferences as p
        where p.firm_id = due.firm_id
          and p.user_id = due.user_id
          and p.kind in (t.kind, 'digest')
          and p.delivery = 'off'
      )
    )
    select
      count(*),
      jsonb_agg(
        jsonb_build_object(
          'title', n.title,
          'body', n.body,
          'link', n.link,
          'day', (n.created_at at time zone n.timezone)::date
        )
        order by n.place
      ) filter (where n.place <= 50)
    into waiting, items
    from news as n;
    done := done + 1;
    if waiting > 0 and private.is_email(due.email) then
      perform private.queue_email(
        due.firm_id,
        due.dedupe_key,
        'digest',
        due.email,
        format(
          '%s: %s', due.firm, case waiting when 1 then '1 thing' else waiting || ' things' end
        ) || ' since yesterday',
        jsonb_build_object(
          'link', '/notifications', 'day', due.eight::date, 'items', items,
          'more', greatest(waiting - 50, 0)
        )
      );
    end if;
  end loop;
  return done;
end
$$;

revoke execute on function private.send_digests(timestamptz)
from public, anon, authenticated, service_role;

comment on function private.send_digests(timestamptz) is
'Makes the daily mails that are due: at eight in the morning by the clock of the firm, one for each
member and firm with what was gathered and not read since, fifty things at most and how many more; none
where there is nothing. Once a day, however often this runs. Returns how many members were seen to, at
most 1000.';
