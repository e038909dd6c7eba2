SET local check_function_bodies = off;

CREATE OR REPLACE FUNCTION private.advance_contracts (
  p_now timestamp with time zone DEFAULT now()
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.has_signed_renewal (
  p_contract public.contracts
)
  RETURNS boolean
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  select exists (
    select from public.contracts n
    where n.firm_id = p_contract.firm_id
      and n.renewed_from_id = p_contract.id
      and n.signed_at is not null
      and n.status <> 'cancelled'
      and n.archived_at is null
  )
$function$;

COMMENT ON FUNCTION "private"."has_signed_renewal"(public.contracts) IS 'Whether it goes on in a contract of its own that was signed.';

REVOKE ALL ON FUNCTION "private"."has_signed_renewal"(public.contracts) FROM PUBLIC;

CREATE OR REPLACE FUNCTION private.contract_kept_until (
  p_contract public.contracts
)
  RETURNS date
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  select case
    when p_contract.signed_at is null then null
    when p_contract.status in ('signed', 'active') then 'infinity'
    -- § 147 AO and § 257 HGB count ten years from the end of the year.
    else make_date(
      extract(
        year from coalesce(
          (p_contract.terminated_at at time zone f.timezone)::date,
          p_contract.ends_on,
          (p_contract.updated_at at time zone f.timezone)::date
        )
      )::integer + 10, 12, 31
    )
  end
  from public.firms f
  where f.id = p_contract.firm_id
$function$;

CREATE OR REPLACE FUNCTION private.copy_contract_parts (
  p_from uuid,
  p_to   public.contracts
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_from public.contracts;
begin
  select * into strict v_from from public.contracts c where c.id = p_from;
  insert into public.contract_signers (firm_id, contract_id, name, email, role, sign_order)
  select s.firm_id, p_to.id, s.name, s.email, s.role, s.sign_order
  from public.contract_signers s
  where s.firm_id = v_from.firm_id
    and s.contract_id = p_from
    and s.archived_at is null
    -- Whoever was erased since does not sign again.
    and s.email not like '%@erased.invalid';
  -- Who is on it till the end goes on, once; where it has none, who is not off it yet.
  insert into public.contract_consultants (
    firm_id, contract_id, consultant_id, period, allocation_pct, bill_rate, bill_unit
  )
  select distinct on (c.consultant_id)
    c.firm_id, p_to.id, c.consultant_id, daterange(p_to.starts_on, p_to.ends_on, '[]'),
    c.allocation_pct, c.bill_rate, c.bill_unit
  from public.contract_consultants c
  join public.consultants who on who.firm_id = c.firm_id and who.id = c.consultant_id
  where c.firm_id = v_from.firm_id
    and c.contract_id = p_from
    and c.archived_at is null
    and who.archived_at is null
    and (upper_inf(c.period) or upper(c.period) > coalesce(v_from.ends_on, current_date))
  order by c.consultant_id, c.period desc;
end
$function$;

CREATE OR REPLACE FUNCTION private.count_mentions (
  p_firm_id uuid,
  p_terms   text[]
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_naming text := private.naming(p_terms);
  v_words text := (
    select string_agg(phraseto_tsquery('simple', private.plain(t))::text, ' | ')
    from unnest(p_terms) t
    where numnode(phraseto_tsquery('simple', private.plain(t))) > 0
  );
begin
  return (
    select coalesce(jsonb_object_agg(m.what, m.count), '{}')
    from (
      select 'notes.body' as what, count(*) as count
      from public.notes n
      where n.firm_id = p_firm_id and n.body ~* v_naming
      union all
      -- The same person entered once more, or somebody of the same name.
      select 'contacts', count(*)
      from public.contacts c
      where c.firm_id = p_firm_id
        and c.erased_at is null
        and concat_ws(' ', c.name, c.email, c.phone) ~* v_naming
      union all
      select 'consultants', count(*)
      from public.consultants c
      where c.firm_id = p_firm_id
        and c.erased_at is null
        and concat_ws(' ', c.name, c.email, c.phone) ~* v_naming
      union all
      select 'contract_signers', count(*)
      from public.contract_signers s
      where s.firm_id = p_firm_id
        and s.email not like '%@erased.invalid'
        and concat_ws(' ', s.name, s.email, s.signed_name) ~* v_naming
      union all
      select 'companies', count(*)
      from public.companies o
      where o.firm_id = p_firm_id
        and concat_ws(' ', o.name, o.legal_name, o.address) ~* v_naming
      union all
      select 'contracts.title', count(*)
      from public.contracts c
      where c.firm_id = p_firm_id and c.title ~* v_naming
      union all
      select 'contracts.reason', count(*)
      from public.contracts c
      where c.firm_id = p_firm_id and c.reason ~* v_naming
      union all
      select 'files', count(*)
      from public.files f
      where f.firm_id = p_firm_id
        and (
          f.name ~* v_naming
          -- By the index of the search: whole documents are too long to be read here.
          or f.id in (
            select e.id
            from private.search_entries e
            where e.firm_id = p_firm_id and e.kind = 'file' and e.words @@ v_words::tsquery
          )
        )
      union all
      select 'saved_views', count(*)
      from public.saved_views v
      where v.firm_id = p_firm_id
        and (
          v.name ~* v_naming
          or exists (
            select from jsonb_path_query(v.definition, 'strict $.**') d (value)
            where d.value #>> '{}' ~* v_naming
          )
        )
    ) m
    where m.count > 0
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.erase_traces (
  p_firm_id        uuid,
  p_naming         text,
  p_emails         text[],
  p_consultant_ids uuid[],
  p_contact_ids    uuid[],
  p_contract_ids   uuid[],
  OUT              removed jsonb,
  OUT              signer_ids uuid[]
)
  RETURNS record
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_numbers text[];
  v_links text[];
  v_email_ids uuid[];
  v_file_ids uuid[];
  v_count integer;
begin
  removed := '{}';
  signer_ids := array(
    select s.id
    from public.contract_signers s
    join public.contracts c on c.firm_id = s.firm_id and c.id = s.contract_id
    where s.firm_id = p_firm_id
      and s.contract_id = any (p_contract_ids)
      and (
        s.email = any (p_emails)
        or (s.role = 'consultant' and c.consultant_id = any (p_consultant_ids))
      )
  );
  -- What they still had to sign goes back to whoever prepared it.
  with recalled as (
    update public.contracts c
    set status = 'draft'
    where c.id = any (p_contract_ids)
      and c.status = 'sent'
      and (
        c.consultant_id = any (p_consultant_ids)
        or exists (
          select from public.contract_signers s
          where s.contract_id = c.id and s.id = any (signer_ids)
        )
      )
    returning c.id
  )
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, actor, note)
  select p_firm_id, r.id, 'sent', 'draft', auth.uid(), 'Somebody who had to sign was erased.'
  from recalled r;
  -- And nobody counts on them any more.
  update public.contract_consultants p
  set archived_at = now()
  from public.contracts c
  where p.firm_id = p_firm_id
    and p.consultant_id = any (p_consultant_ids)
    and p.archived_at is null
    and c.id = p.contract_id
    and c.status in ('draft', 'in_review', 'sent');

  with gone as (
    delete from public.contract_signers s
    using public.contracts c
    where s.id = any (signer_ids)
      and c.firm_id = s.firm_id
      and c.id = s.contract_id
      and (c.signed_at is null or s.status <> 'signed')
    returning s.id
  ), masked as (
    -- Name and terms are the evidence; the address is not.
    update public.contract_signers s
    set email = s.id || '@erased.invalid', reason = null
    from public.contracts c
    where s.id = any (signer_ids)
      and c.firm_id = s.firm_id
      and c.id = s.contract_id
      and c.signed_at is not null
      and s.status = 'signed'
    returning s.id
  )
  select count(*) into v_count from (select id from gone union all select id from masked) s;
  removed := removed || jsonb_build_object('contract_signers', v_count);
  delete from private.signing_tokens where firm_id = p_firm_id and signer_id = any (signer_ids);

  update public.contract_events e
  -- A short name may stand there so often that what replaces it finds no room.
  set note = left(private.blot(e.note, p_naming), 2000)
  where e.firm_id = p_firm_id
    and e.contract_id = any (p_contract_ids)
    and e.note ~* p_naming;
  get diagnostics v_count = row_count;
  removed := removed || jsonb_build_object('contract_events', v_count);

  -- The current version before the others, as the worker and everybody else does.
  perform private.lock_series(p_firm_id, s.series_id)
  from (
    select distinct f.series_id
    from public.files f
    where f.firm_id = p_firm_id
      and (f.consultant_id = any (p_consultant_ids) or f.contact_id = any (p_contact_ids))
    order by f.series_id
  ) s;
  with gone as (
    delete from public.files
    where firm_id = p_firm_id
      and (consultant_id = any (p_consultant_ids) or contact_id = any (p_contact_ids))
    returning id
  )
  select array_agg(g.id) into v_file_ids from gone g;
  removed := removed || jsonb_build_object('files', coalesce(cardinality(v_file_ids), 0));

  delete from public.notes
  where firm_id = p_firm_id
    and (consultant_id = any (p_consultant_ids) or contact_id = any (p_contact_ids));
  get diagnostics v_count = row_count;
  removed := removed || jsonb_build_object('notes', v_count);

  delete from public.taggings
  where firm_id = p_firm_id
    and (consultant_id = any (p_consultant_ids) or contact_id = any (p_contact_ids));
  get diagnostics v_count = row_count;
  removed := removed || jsonb_build_object('taggings', v_count);

  -- News about the files that are gone, and what was said of the person in that about contracts.
  v_links := array(select '/files/' || f from unnest(v_file_ids) f);
  delete from public.notifications n
  where n.firm_id = p_firm_id
    and (
      n.link = any (v_links)
      or (
        n.title || ' ' || n.body ~* p_naming
        and n.link = any (array(select '/contracts/' || c from unnest(p_contract_ids) c))
      )
    );
  get diagnostics v_count = row_count;
  removed := removed || jsonb_build_object('notifications', v_count);

  v_numbers := array(
    select c.number::text
    from public.contracts c
    where c.firm_id = p_firm_id and c.id = any (p_contract_ids)
  );
  with gone as (
    delete from public.emails e
    where e.firm_id = p_firm_id
      and (
        lower(e.to_address) = any (p_emails)
        or (
          (e.params ->> 'number' = any (v_numbers) or e.event = 'digest')
          and exists (
            -- Each text as it was, not as JSON writes it: a name may hold quotes.
            select from jsonb_path_query(e.params, 'strict $.**') v (value)
            where v.value #>> '{}' ~* p_naming
          )
        )
        -- The name of a file stands in the subject.
        or (
          e.event in ('file_quarantined', 'file_rejected')
          and split_part(e.dedupe_key, ':', 2) = any (v_file_ids::text[])
        )
      )
    returning e.id
  )
  select array_agg(g.id) into v_email_ids from gone g;
  removed := removed || jsonb_build_object('emails', coalesce(cardinality(v_email_ids), 0));
  delete from private.dead_jobs d
  where d.firm_id = p_firm_id
    and d.kind = 'email.send'
    and d.payload ->> 'email_id' = any (v_email_ids::text[]);

  delete from public.invitations where firm_id = p_firm_id and email = any (p_emails);
  get diagnostics v_count = row_count;
  removed := removed || jsonb_build_object('invitations', v_count);
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_cancel (
  id text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  queue constant text := 'jobs_' || split_part(jobs_cancel.id, ':', 1);
  number constant text := split_part(jobs_cancel.id, ':', 2);
  at constant timestamptz := clock_timestamp();
  cancelled bigint;
  parent text;
  fault text;
begin
  if queue in ('jobs_high', 'jobs_default', 'jobs_low') and number ~ '^[0-9]{1,18}$' then
    -- In the order of a child that ends and wakes it.
    perform from private.job_parents as p
    where p.queue = 'jobs_' || split_part(jobs_cancel.id, ':', 1) and p.msg_id = number::bigint
    for update;
    execute format($cancel$
      update pgmq.%I as q set message = q.message || jsonb_build_object(
        'failures', q.read_ct - coalesce((q.message ->> 'settled')::integer, 0)
          + coalesce((q.message ->> 'failures')::integer, 0),
        'history', coalesce(q.message -> 'history', '[]') || jsonb_build_object(
          'at', $2, 'attempt', 0, 'worker', null, 'code', 'cancelled',
          'error', 'It was cancelled.'))
      where q.msg_id = $1
      returning q.msg_id
    $cancel$, 'q_' || queue) into cancelled using number::bigint, at;
  end if;
  if cancelled is null then
    perform private.fail(code => 'job_not_found',
      message => format('There is no job %s that has not ended.', jobs_cancel.id),
      hint => 'List them with: firmbase jobs list', status => 404);
  end if;
  parent := private.jobs_bury(queue, cancelled, at);
  execute format($fault$
    select q.message -> 'history' -> -1 ->> 'error' from pgmq.%I as q where q.msg_id = $1
  $fault$, 'q_' || queue) into fault using cancelled;
  if fault is not null then
    perform private.fail(code => 'job_not_cancelled',
      message => format('Job %s could not be cancelled: %s.', jobs_cancel.id, rtrim(fault, '.')),
      hint => 'Try again.', status => 409);
  end if;
  if parent is not null then
    perform private.children_ended('{}', array[parent], at);
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_default_take (
  lanes      text[],
  qty        integer,
  most_bytes integer,
  lease      interval,
  at         timestamp with time zone,
  worker     text,
  held       boolean,
  OUT        claims json,
  OUT        taken integer,
  OUT        bytes integer,
  OUT        died integer,
  OUT        dead_parents text[]
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
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
      select q.msg_id, q.vt, pg_column_size(q.message) as bytes from pgmq.q_jobs_default as q
      where (coalesce(q.message ->> 'lane', ':') collate "C") >= l.lane
        and ((coalesce(q.message ->> 'lane', ':') collate "C"), q.vt) <= (l.lane, jobs_default_take.at)
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
    update pgmq.q_jobs_default as q set
      vt = jobs_default_take.at + lease,
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
      format('%s runners in a row were lost while they ran this job.', c.unsettled - 1)
    )) filter (where c.unsettled > lost_limit),
    (select coalesce(sum(d.bytes), 0) from due as d)
  into claims, taken, crashing, bytes
  from claimed as c;

  died := coalesce(jsonb_array_length(crashing), 0);
  dead_parents := '{}';
  if crashing is not null then
    buried := private.jobs_fail('jobs_default', crashing, at, worker);
    dead_parents := buried.parents;
    perform private.count_jobs(buried.counts, worker, at);
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_high_take (
  lanes      text[],
  qty        integer,
  most_bytes integer,
  lease      interval,
  at         timestamp with time zone,
  worker     text,
  held       boolean,
  OUT        claims json,
  OUT        taken integer,
  OUT        bytes integer,
  OUT        died integer,
  OUT        dead_parents text[]
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
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
      select q.msg_id, q.vt, pg_column_size(q.message) as bytes from pgmq.q_jobs_high as q
      where (coalesce(q.message ->> 'lane', ':') collate "C") >= l.lane
        and ((coalesce(q.message ->> 'lane', ':') collate "C"), q.vt) <= (l.lane, jobs_high_take.at)
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
    update pgmq.q_jobs_high as q set
      vt = jobs_high_take.at + lease,
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
      format('%s runners in a row were lost while they ran this job.', c.unsettled - 1)
    )) filter (where c.unsettled > lost_limit),
    (select coalesce(sum(d.bytes), 0) from due as d)
  into claims, taken, crashing, bytes
  from claimed as c;

  died := coalesce(jsonb_array_length(crashing), 0);
  dead_parents := '{}';
  if crashing is not null then
    buried := private.jobs_fail('jobs_high', crashing, at, worker);
    dead_parents := buried.parents;
    perform private.count_jobs(buried.counts, worker, at);
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.jobs_low_take (
  lanes      text[],
  qty        integer,
  most_bytes integer,
  lease      interval,
  at         timestamp with time zone,
  worker     text,
  held       boolean,
  OUT        claims json,
  OUT        taken integer,
  OUT        bytes integer,
  OUT        died integer,
  OUT        dead_parents text[]
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  SET enable_seqscan TO 'off'
  AS $function$
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
      select q.msg_id, q.vt, pg_column_size(q.message) as bytes from pgmq.q_jobs_low as q
      where (coalesce(q.message ->> 'lane', ':') collate "C") >= l.lane
        and ((coalesce(q.message ->> 'lane', ':') collate "C"), q.vt) <= (l.lane, jobs_low_take.at)
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
    update pgmq.q_jobs_low as q set
      vt = jobs_low_take.at + lease,
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
      format('%s runners in a row were lost while they ran this job.', c.unsettled - 1)
    )) filter (where c.unsettled > lost_limit),
    (select coalesce(sum(d.bytes), 0) from due as d)
  into claims, taken, crashing, bytes
  from claimed as c;

  died := coalesce(jsonb_array_length(crashing), 0);
  dead_parents := '{}';
  if crashing is not null then
    buried := private.jobs_fail('jobs_low', crashing, at, worker);
    dead_parents := buried.parents;
    perform private.count_jobs(buried.counts, worker, at);
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.postpone_waiting_job (
  queue  text,
  id     bigint,
  due_at timestamp with time zone
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  postponed bigint;
begin
  execute format($postpone$
    -- Where its runner was lost, that is the last that is heard of it: nobody holds it any more.
    update pgmq.%I as q set
      vt = $2,
      message = q.message || jsonb_build_object(
        'lane', ltrim(q.message ->> 'lane', '!'), 'settled', q.read_ct,
        'failures', q.read_ct - coalesce((q.message ->> 'settled')::integer, 0)
          + coalesce((q.message ->> 'failures')::integer, 0))
    where q.msg_id = $1 and q.vt < 'infinity'
      and (q.vt <= now() or q.read_ct = coalesce((q.message ->> 'settled')::integer, 0))
    returning q.msg_id
  $postpone$, 'q_' || queue) into postponed using id, due_at;
  return postponed is not null;
end
$function$;

CREATE OR REPLACE FUNCTION private.renew_contract (
  p_id uuid
)
  RETURNS public.contracts
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_old public.contracts := private.lock_contract(p_id, 'manager');
  v_new public.contracts;
  -- By a notice it may end earlier than agreed, or at all.
  v_starts_on date := coalesce(v_old.terminates_on, v_old.ends_on) + 1;
begin
  select * into v_new
  from public.contracts c
  where c.firm_id = v_old.firm_id
    and c.renewed_from_id = p_id
    and c.status <> 'cancelled'
    and c.archived_at is null;
  if found then
    return v_new;
  elsif v_old.status not in ('signed', 'active', 'expired') then
    perform private.fail(
      'not_renewable', format('A contract that is %s cannot be renewed.', v_old.status),
      hint => 'Renew one that is signed, active or expired.', status => 409
    );
  elsif v_starts_on is null then
    perform private.fail(
      'no_end', 'A contract without a last day runs on and needs no renewal.', status => 409
    );
  end if;
  insert into public.contracts (
    firm_id, title, kind, company_id, consultant_id, starts_on, ends_on, rate, rate_unit, currency,
    value_cap, notice_days, auto_renew, renewal_months, parent_id, renewed_from_id
  )
  values (
    v_old.firm_id, v_old.title, v_old.kind, v_old.company_id, v_old.consultant_id, v_starts_on,
    case
      when v_old.renewal_months is not null
        then (v_starts_on + make_interval(months => v_old.renewal_months))::date - 1
      else v_starts_on + (v_old.ends_on - v_old.starts_on)
    end,
    v_old.rate, v_old.rate_unit, v_old.currency, v_old.value_cap, v_old.notice_days,
    v_old.auto_renew, v_old.renewal_months, v_old.parent_id, p_id
  )
  returning * into v_new;
  perform private.copy_contract_parts(p_id, v_new);
  return v_new;
end
$function$;

CREATE OR REPLACE FUNCTION private.report_contract_portfolio (
  p_report_id uuid
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
  with report as (
    select r.*, f.name as firm_name, (now() at time zone f.timezone)::date as today
    from public.reports as r
    join public.firms as f on f.id = r.firm_id
    where r.id = p_report_id and r.kind = 'contract_portfolio'
  ), portfolio as (
    select
      c.*,
      co.name as company,
      cn.name as consultant,
      -- The last day, by a notice where one was given.
      least(c.ends_on, c.terminates_on) as last_day,
      -- What is agreed as a sum. A rate without a cap has none: no guess is made of it.
      coalesce(c.value_cap, case when c.rate_unit = 'fixed' then c.rate end) as value
    from report
    join public.contracts as c on c.firm_id = report.firm_id and c.archived_at is null
    left join public.companies as co on co.firm_id = c.firm_id and co.id = c.company_id
    left join public.consultants as cn on cn.firm_id = c.firm_id and cn.id = c.consultant_id
    where report.params ->> 'company_id' is null
      or c.company_id = (report.params ->> 'company_id')::uuid
  )
  select jsonb_build_object(
    'firm', jsonb_build_object('name', report.firm_name),
    'title', 'Contract portfolio',
    'client', (
      select co.name from public.companies as co
      where co.firm_id = report.firm_id and co.id = (report.params ->> 'company_id')::uuid
    ),
    'as_of', report.today,
    'prepared_by', (
      select nullif(btrim(p.full_name), '') from public.profiles as p
      where p.id = report.requested_by
    ),
    'figures', (
      select jsonb_build_object(
        'contracts', count(*),
        'active', count(*) filter (where c.status = 'active'),
        'ending_soon', count(*) filter (
          where c.status = 'active' and c.last_day between report.today and report.today + 90
        ),
        'clients', count(distinct c.company_id) filter (where c.status = 'active')
      )
      from portfolio as c
    ),
    'totals', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'currency', t.currency,
        'active', t.active::numeric(20, 2)::text,
        'preparing', t.preparing::numeric(20, 2)::text,
        'total', t.total::numeric(20, 2)::text
      ) order by t.currency), '[]')
      from (
        select
          c.currency,
          sum(c.value) as total,
          coalesce(sum(c.value) filter (where c.status = 'active'), 0) as active,
          coalesce(sum(c.value) filter (
            where c.status in ('draft', 'in_review', 'sent', 'signed')
          ), 0) as preparing
        from portfolio as c
        where c.value is not null
        group by c.currency
      ) as t
    ),
    'statuses', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'status', s.status, 'count', s.count, 'values', coalesce(s.amounts, '[]')
      ) order by s.position), '[]')
      from (
        select
          known.status,
          known.position,
          (select count(*) from portfolio as c where c.status = known.status) as count,
          (
            select jsonb_agg(jsonb_build_object(
              'currency', v.currency, 'amount', v.amount::numeric(20, 2)::text
            ) order by v.currency)
            from (
              select c.currency, sum(c.value) as amount
              from portfolio as c
              where c.status = known.status and c.value is not null
              group by c.currency
            ) as v
          ) as amounts
        from unnest(array[
          'active', 'signed', 'sent', 'in_review', 'draft', 'expired', 'terminated', 'cancelled'
        ]) with ordinality as known (status, position)
      ) as s
      where s.count > 0
    ),
    'months', (
      select jsonb_agg(jsonb_build_object(
        'month', to_char(m.starts, 'YYYY-MM'),
        'count', (
          select count(*) from portfolio as c
          where c.status = 'active'
            and c.last_day >= greatest(m.starts::date, report.today)
            and c.last_day < (m.starts + interval '1 month')::date
        )
      ) order by m.starts)
      from generate_series(
        date_trunc('month', report.today::timestamp),
        date_trunc('month', report.today::timestamp) + interval '11 months',
        interval '1 month'
      ) as m (starts)
    ),
    'contracts', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'number', c.number::text,
        'title', c.title,
        'kind', c.kind,
        'status', c.status,
        'company', c.company,
        'consultant', c.consultant,
        'starts_on', c.starts_on,
        'ends_on', c.last_day,
        'currency', c.currency,
        'value', c.value::numeric(20, 2)::text,
        'rate', c.rate::text,
        'rate_unit', c.rate_unit
      ) order by c.status <> 'active', c.last_day nulls last, c.number), '[]')
      from portfolio as c
    )
  )
  from report
$function$;

CREATE OR REPLACE FUNCTION private.resend_invitation (
  p_id uuid,
  OUT  id uuid,
  OUT  token text,
  OUT  expires_at timestamp with time zone
)
  RETURNS record
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_invitation public.invitations := private.open_invitation(p_id);
begin
  -- One that has expired holds no seat any more: somebody else may have been invited into it.
  if v_invitation.expires_at <= now() then
    perform private.require_seat(v_invitation.firm_id, p_with_invitations => true);
  end if;
  update public.invitations as i
  set expires_at = now() + interval '7 days', invited_by = auth.uid()
  where i.id = p_id
  returning i.id, i.expires_at into resend_invitation.id, resend_invitation.expires_at;
  token := private.renew_invitation_token(p_id);
end
$function$;

CREATE OR REPLACE FUNCTION private.sign_contract (
  p_name        text,
  p_token       text,
  p_contract_id uuid
)
  RETURNS text
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_signer public.contract_signers := private.open_signing(p_token, p_contract_id);
  v_contract public.contracts;
  v_terms jsonb;
begin
  select * into strict v_contract from public.contracts c where c.id = v_signer.contract_id;
  v_terms := private.signing_terms(v_contract);
  if v_signer.status = 'signed' then
    return v_contract.status;
  elsif coalesce(btrim(p_name), '') = '' or char_length(p_name) > 200 or p_name ~ '[[:cntrl:]]' then
    perform private.fail(
      'name_required', 'Type your name to sign.', hint => 'One line, at most 200 characters.',
      status => 422
    );
  elsif exists (
    -- The contract itself stands still; the names of its parties are kept elsewhere. A link is of
    -- one sending; who is signed in may have looked before the contract was taken back.
    select from private.signing_tokens t
    where t.signer_id = v_signer.id
      and t.seen_hash is distinct from sha256(convert_to(v_terms::text, 'UTF8'))
      and (t.seen_hash is not null or p_token is null)
  ) then
    perform private.fail(
      'terms_changed', 'The contract is not as you saw it last.',
      hint => 'Look at it again before you sign.', status => 409
    );
  end if;
  update public.contract_signers
  set
    status = 'signed',
    viewed_at = coalesce(viewed_at, now()),
    decided_at = now(),
    signed_name = btrim(p_name),
    signed_terms = v_terms
  where id = v_signer.id;
  if private.ask_signers(v_contract.id) > 0 then
    return 'sent';
  end if;
  update public.contracts
  set status = 'signed', signed_at = now()
  where id = v_contract.id;
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, actor, note)
  values (
    v_contract.firm_id, v_contract.id, 'sent', 'signed', auth.uid(), 'Everybody has signed.'
  );
  perform private.tell_of_signing(v_contract, 'contract_signed', null, null);
  return 'signed';
end
$function$;

CREATE OR REPLACE FUNCTION private.undo_merge (
  p_id uuid
)
  RETURNS public.merge_log
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_merge public.merge_log;
  v_merged_company public.companies;
  v_merged public.consultants;
  v_private public.consultant_private;
  v_sent uuid[];
begin
  select * into v_merge
  from public.merge_log m
  where m.id = p_id and m.firm_id = any (array(select private.firm_ids('manager')));
  if not found then
    perform private.fail('merge_not_found', 'There is no such merge.', status => 404);
  end if;
  perform private.lock_firm(v_merge.firm_id, 'manager');
  select * into strict v_merge from public.merge_log m where m.id = p_id for update;
  if v_merge.undone_at is not null then
    return v_merge;
  elsif v_merge.merged_at < now() - interval '30 days' then
    perform private.fail(
      'too_late', 'A merge can be undone for 30 days.',
      hint => 'Restore the merged entry and move what belongs to it.', status => 409
    );
  elsif exists (
    select from public.consultants c
    where c.id in (v_merge.kept_consultant_id, v_merge.merged_consultant_id)
      and c.erased_at is not null
  ) then
    perform private.fail('erased', 'This person was erased.', status => 409);
  elsif exists (
    select from public.merge_log m
    where m.firm_id = v_merge.firm_id
      and m.undone_at is null
      and (m.merged_company_id = v_merge.kept_company_id
        or m.merged_consultant_id = v_merge.kept_consultant_id
        or (
          -- Restored by hand in between.
          m.merged_at > v_merge.merged_at
          and (m.merged_company_id = v_merge.merged_company_id
            or m.merged_consultant_id = v_merge.merged_consultant_id)
        ))
  ) then
    perform private.fail(
      'merged_again', 'One of the two entries was merged into another one since.',
      hint => 'Undo that merge first.', status => 409
    );
  end if;

  -- Contracts first, as in a merge: whoever signs one just now is waited for.
  perform from public.contracts c
  where c.firm_id = v_merge.firm_id
    and (c.company_id = v_merge.kept_company_id or c.consultant_id = v_merge.kept_consultant_id)
  order by c.id
  for no key update;
  -- Who signed one of these since, or was asked to, was shown the kept entry: it stays there.
  v_sent := array(
    select e.contract_id
    from public.contract_events e
    where e.firm_id = v_merge.firm_id
      and e.to_status = 'sent'
      and e.at > v_merge.merged_at
      and v_merge.moved -> 'contracts' ? e.contract_id::text
    union
    select s.contract_id
    from public.contract_signers s
    where s.firm_id = v_merge.firm_id
      and s.status = 'signed'
      and s.decided_at > v_merge.merged_at
      and v_merge.moved -> 'contracts' ? s.contract_id::text
  );

  perform set_config('firmbase.guards', 'off', true);
  -- What somebody changed since stays as it is: only what still says the same goes back.
  if v_merge.kept_company_id is not null then
    select * into strict v_merged_company
    from public.companies where id = v_merge.merged_company_id for update;
    update public.companies k
    set
      legal_name = case when 'legal_name' = any (v_merge.filled)
        then nullif(k.legal_name, v_merged_company.legal_name) else k.legal_name end,
      registration_no = case when 'registration_no' = any (v_merge.filled)
        then nullif(k.registration_no, v_merged_company.registration_no)
        else k.registration_no end,
      tax_id = case when 'tax_id' = any (v_merge.filled)
        then nullif(k.tax_id, v_merged_company.tax_id) else k.tax_id end,
      website = case when 'website' = any (v_merge.filled)
        then nullif(k.website, v_merged_company.website) else k.website end,
      industry = case when 'industry' = any (v_merge.filled)
        then nullif(k.industry, v_merged_company.industry) else k.industry end,
      country = case when 'country' = any (v_merge.filled)
        then nullif(k.country, v_merged_company.country) else k.country end,
      address = case when 'address' = any (v_merge.filled)
        then nullif(k.address, v_merged_company.address) else k.address end,
      owner_id = case when 'owner_id' = any (v_merge.filled)
        then nullif(k.owner_id, v_merged_company.owner_id) else k.owner_id end,
      external_ref = case when 'external_ref' = any (v_merge.filled)
        then nullif(k.external_ref, v_merged_company.external_ref) else k.external_ref end
    where k.id = v_merge.kept_company_id;
    update public.companies set archived_at = null where id = v_merge.merged_company_id;
    update public.contacts
    set
      company_id = v_merge.merged_company_id,
      is_primary = is_primary or v_merge.moved -> 'primary_contacts' ? id::text
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and v_merge.moved -> 'contacts' ? id::text;
    update public.contracts set company_id = v_merge.merged_company_id
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and v_merge.moved -> 'contracts' ? id::text
      and id <> all (v_sent);
    update public.files set company_id = v_merge.merged_company_id
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and is_current
      and v_merge.moved -> 'files' ? series_id::text;
    update public.notes set company_id = v_merge.merged_company_id
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and v_merge.moved -> 'notes' ? id::text;
    update public.taggings set company_id = v_merge.merged_company_id
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and v_merge.moved -> 'taggings' ? id::text;
  else
    select * into strict v_merged
    from public.consultants where id = v_merge.merged_consultant_id for update;
    select * into strict v_private
    from public.consultant_private where consultant_id = v_merge.merged_consultant_id;
    update public.consultants k
    set
      user_id = case when 'user_id' = any (v_merge.filled)
        then nullif(k.user_id, v_merged.user_id) else k.user_id end,
      email = case when 'email' = any (v_merge.filled)
        then nullif(k.email, v_merged.email) else k.email end,
      phone = case when 'phone' = any (v_merge.filled)
        then nullif(k.phone, v_merged.phone) else k.phone end,
      headline = case when 'headline' = any (v_merge.filled)
        then nullif(k.headline, v_merged.headline) else k.headline end,
      seniority = case when 'seniority' = any (v_merge.filled)
        then nullif(k.seniority, v_merged.seniority) else k.seniority end,
      skills = case when 'skills' = any (v_merge.filled) and k.skills = v_merged.skills
        then '{}' else k.skills end,
      available_from = case when 'available_from' = any (v_merge.filled)
        then nullif(k.available_from, v_merged.available_from) else k.available_from end,
      external_ref = case when 'external_ref' = any (v_merge.filled)
        then nullif(k.external_ref, v_merged.external_ref) else k.external_ref end
    where k.id = v_merge.kept_consultant_id;
    update public.consultants set archived_at = null where id = v_merge.merged_consultant_id;
    update public.consultant_private k
    set
      cost_rate = null,
      cost_unit = null,
      currency = null
    where k.consultant_id = v_merge.kept_consultant_id
      and 'cost_rate' = any (v_merge.filled)
      and (k.cost_rate, k.cost_unit, k.currency)
      = (v_private.cost_rate, v_private.cost_unit, v_private.currency);
    update public.consultant_private k
    set
      tax_ref = case when 'tax_ref' = any (v_merge.filled)
        then nullif(k.tax_ref, v_private.tax_ref) else k.tax_ref end,
      bank_ref = case when 'bank_ref' = any (v_merge.filled)
        then nullif(k.bank_ref, v_private.bank_ref) else k.bank_ref end
    where k.consultant_id = v_merge.kept_consultant_id;
    update public.contracts set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'contracts' ? id::text
      and id <> all (v_sent);
    update public.contract_consultants set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'contract_consultants' ? id::text;
    update public.files set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and is_current
      and v_merge.moved -> 'files' ? series_id::text;
    update public.notes set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'notes' ? id::text;
    update public.taggings set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'taggings' ? id::text;
  end if;
  perform set_config('firmbase.guards', '', true);

  update public.merge_log
  set undone_at = now(), undone_by = auth.uid()
  where id = p_id
  returning * into v_merge;
  return v_merge;
exception when unique_violation or exclusion_violation then
  perform private.fail(
    'merge_conflict', 'Another entry has taken a value that must be unique since.',
    hint => 'Look for the tax id, the external reference, the account or the plans of the merged '
      'entry.',
    status => 409
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.withdraw_waiting_job (
  queue text,
  id    bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  execute format($withdraw$
    delete from pgmq.%I as q
    where q.msg_id = $1 and q.vt < 'infinity'
      and (q.vt <= now() or q.read_ct = coalesce((q.message ->> 'settled')::integer, 0))
  $withdraw$, 'q_' || queue) using id;
end
$function$;

ALTER TABLE "public"."contract_signers"
  ADD CONSTRAINT "contract_signers_name_line" CHECK ((name !~ '[[:cntrl:]]'::text));

CREATE TRIGGER contracts_erased_sent
  AFTER UPDATE OF status ON public.contracts
  FOR EACH ROW
  WHEN (((new.consultant_id IS NOT NULL) AND (new.status = 'sent'::text)))
  EXECUTE FUNCTION private.refuse_erased();

COMMENT ON FUNCTION "private"."advance_contracts"(timestamp with time zone) IS 'Daily, by each firm''s own calendar: signed contracts whose first day has come become active, and the version before an amendment ends; active ones past their last day are terminated where notice was given, prolonged where they renew themselves and no renewal was signed, else expired. Any number of runs, however late, ends in the same state. Returns how many of the most frequent change, at most 1000.';

COMMENT ON FUNCTION "public"."resend_invitation"(uuid) IS 'A new token and 7 more days for an open invitation; the old token is worthless from then on. Errors: seat_limit, too_many_invitations.';

COMMENT ON FUNCTION "public"."sign_contract"(text, text, uuid) IS 'Signs with the name as typed, by the token of the mail, or signed in by the contract once view_signing has shown it. Returns signed when everybody has, else sent; then the next ones are asked. A retry changes nothing. Errors: link_invalid, name_required, terms_changed.';

COMMENT ON FUNCTION "public"."transition_contract"(uuid, text, text) IS 'Moves a contract on and logs it. Managers; a signed one is cancelled by admins. Errors: illegal_transition, reason_required, start_required, signers_pending, too_many_signers, too_many_signing_requests, archived, erased.';

COMMENT ON FUNCTION "public"."undo_merge"(uuid) IS 'Makes two of one again, for 30 days after the merge: what moved goes back, what was filled is emptied, and what somebody changed since, or a contract sent or signed since, stays as it is. Managers; a retry returns the same. Errors: merge_not_found, too_late, erased, merged_again, merge_conflict.';
