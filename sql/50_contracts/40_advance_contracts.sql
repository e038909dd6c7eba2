create function private.advance_contracts(p_now timestamptz default now()) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_started integer;
  v_ended integer;
begin
  -- The widest date on earth bounds the index scan; the firm's own day decides.
  with due as (
    select c.id
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    where c.status = 'signed'
      and c.starts_on <= (p_now at time zone 'UTC')::date + 1
      and c.starts_on <= (p_now at time zone f.timezone)::date
    limit 1000
    for update of c skip locked
  ), started as (
    update public.contracts c
    set status = 'active'
    from due
    where c.id = due.id
    returning c.firm_id, c.id
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status)
  select s.firm_id, s.id, 'signed', 'active'
  from started s;
  get diagnostics v_started = row_count;

  with due as (
    select c.id
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    where c.status = 'active'
      and c.ends_on < (p_now at time zone 'UTC')::date + 1
      and c.ends_on < (p_now at time zone f.timezone)::date
    limit 1000
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
  get diagnostics v_ended = row_count;
  return v_started + v_ended;
end
$$;

revoke execute on function private.advance_contracts(timestamptz) from public, anon, authenticated;

comment on function private.advance_contracts(timestamptz) is
  'Daily: signed contracts whose first day has come become active, active ones past their last '
  'day expired, by the firm''s own calendar. Any number of runs, however late, ends in the same '
  'state. Returns the changes, at most 1000 of each.';
