create function private.has_signed_renewal(p_contract public.contracts) returns boolean
language sql stable set search_path = '' as $$
  select exists (
    select from public.contracts n
    where n.firm_id = p_contract.firm_id
      and n.renewed_from_id = p_contract.id
      and n.signed_at is not null
      and n.status <> 'cancelled'
      and n.archived_at is null
  )
$$;

revoke execute on function private.has_signed_renewal(public.contracts)
from public, anon, authenticated;

comment on function private.has_signed_renewal(public.contracts) is
  'Whether it goes on in a contract of its own that was signed.';

create function private.advance_contracts(p_now timestamptz default now()) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  c_bite constant integer := 1000;
  v_ids uuid[];
  v_most integer := 0;
  v_count integer;
begin
  -- In each step the widest date on earth bounds the index scan; the firm's own day decides.
  with due as (
    select c.id
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    where c.status = 'signed'
      and c.starts_on <= (p_now at time zone 'UTC')::date + 1
      and c.starts_on <= (p_now at time zone f.timezone)::date
      -- With the version before, or not yet: whoever holds that one must not hold up all the others.
      and (
        c.amended_from_id is null
        or exists (
          select from public.contracts o
          where o.firm_id = c.firm_id and o.id = c.amended_from_id
          for update skip locked
        )
      )
    limit c_bite
    for update of c skip locked
  ), started as (
    update public.contracts c
    set status = 'active'
    -- All are found before the first is written: a version and the one before may come at once.
    where c.id = any (array(select due.id from due))
    returning c.firm_id, c.id
  ), logged as (
    insert into public.contract_events (firm_id, contract_id, from_status, to_status)
    select s.firm_id, s.id, 'signed', 'active'
    from started s
  )
  select coalesce(array_agg(s.id), '{}') into v_ids from started s;
  v_most := cardinality(v_ids);

  -- In the same transaction: nobody ever sees two versions in force.
  with old as (
    select o.id, o.firm_id, o.status, format('Replaced by version %s.', n.version) as reason
    from public.contracts n
    join public.contracts o on o.firm_id = n.firm_id and o.id = n.amended_from_id
    where n.id = any (v_ids) and o.status in ('signed', 'active')
    for update of o
  ), replaced as (
    update public.contracts c
    set status = 'terminated', terminated_at = now(), reason = old.reason
    from old
    where c.id = old.id
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, note)
  select old.firm_id, old.id, old.status, 'terminated', old.reason
  from old;

  with due as (
    select c.id
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    where c.status = 'active'
      and c.terminates_on < (p_now at time zone 'UTC')::date + 1
      and c.terminates_on < (p_now at time zone f.timezone)::date
    limit c_bite
    for update of c skip locked
  ), ended as (
    update public.contracts c
    set status = 'terminated', terminated_at = now()
    from due
    where c.id = due.id
    returning c.firm_id, c.id, c.reason
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, note)
  select e.firm_id, e.id, 'active', 'terminated', e.reason
  from ended e;
  get diagnostics v_count = row_count;
  v_most := greatest(v_most, v_count);

  perform set_config('firmbase.guards', 'off', true);
  with due as (
    select
      c.id,
      -- In whole months from the first day where that is how it ran, else from the day after the
      -- last: the end of a month stays the end of a month, and February cuts no later month short.
      case
        when c.starts_on + make_interval(months => m.run) = c.ends_on + 1
          then (c.starts_on + make_interval(months => m.run + c.renewal_months))::date - 1
        else (c.ends_on + 1 + make_interval(months => c.renewal_months))::date - 1
      end as ends_on
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    cross join lateral (
      select (
        (extract(year from c.ends_on + 1) - extract(year from c.starts_on)) * 12
        + extract(month from c.ends_on + 1) - extract(month from c.starts_on)
      )::integer
    ) m (run)
    where c.status = 'active'
      and c.auto_renew
      and c.terminates_on is null
      and c.ends_on < (p_now at time zone 'UTC')::date + 1
      and c.ends_on < (p_now at time zone f.timezone)::date
      -- What was agreed anew goes on in the new contract alone.
      and not private.has_signed_renewal(c)
    limit c_bite
    for update of c skip locked
  ), prolonged as (
    update public.contracts c
    set ends_on = due.ends_on
    from due
    where c.id = due.id
    returning c.firm_id, c.id, c.ends_on
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, note)
  select p.firm_id, p.id, 'active', 'active', format('Renewed until %s.', p.ends_on)
  from prolonged p;
  get diagnostics v_count = row_count;
  v_most := greatest(v_most, v_count);
  perform set_config('firmbase.guards', '', true);

  with due as (
    select c.id
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    where c.status = 'active'
      and c.ends_on < (p_now at time zone 'UTC')::date + 1
      and c.ends_on < (p_now at time zone f.timezone)::date
      and (not c.auto_renew or private.has_signed_renewal(c))
    limit c_bite
    for update of c skip locked
  ), ended as (
    update public.contracts c
    set status = 'expired'
    from due
    where c.id = due.id
    returning c.firm_id, c.id
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status)
  select e.firm_id, e.id, 'active', 'expired'
  from ended e;
  get diagnostics v_count = row_count;
  return greatest(v_most, v_count);
end
$$;

revoke execute on function private.advance_contracts(timestamptz) from public, anon, authenticated;

comment on function private.advance_contracts(timestamptz) is
  'Daily, by each firm''s own calendar: signed contracts whose first day has come become active, '
  'and the version before an amendment ends; active ones past their last day are terminated where '
  'notice was given, prolonged where they renew themselves and no renewal was signed, else '
  'expired. Any number of runs, however late, ends in the same state. Returns how many of the most '
  'frequent change, at most 1000.';
