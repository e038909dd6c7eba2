SET local check_function_bodies = off;

DROP TRIGGER "contract_signers_open" ON "public"."contract_signers";

ALTER TABLE "private"."contract_reminders"
  DROP CONSTRAINT "contract_reminders_event_known";

ALTER TABLE "public"."contracts"
  DROP CONSTRAINT "contracts_reason_required";

CREATE TABLE "private"."signing_tokens" (
  "signer_id"  uuid                     NOT NULL,
  "firm_id"    uuid                     NOT NULL,
  "token_hash" bytea                    NOT NULL,
  "expires_at" timestamp with time zone NOT NULL,
  "asked_at"   timestamp with time zone NOT NULL DEFAULT now(),
  "asked"      integer                  NOT NULL DEFAULT 1,
  CONSTRAINT "signing_tokens_pkey" PRIMARY KEY (signer_id),
  CONSTRAINT "signing_tokens_token_hash_key" UNIQUE (token_hash)
);

ALTER TABLE "private"."signing_tokens"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "private"."signing_tokens" FROM PUBLIC, "anon", "authenticated", "service_role";

CREATE TABLE "public"."merge_log" (
  "id"                   uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"              uuid                     NOT NULL,
  "kept_company_id"      uuid,
  "merged_company_id"    uuid,
  "kept_consultant_id"   uuid,
  "merged_consultant_id" uuid,
  "filled"               text[]                   NOT NULL,
  "moved"                jsonb                    NOT NULL,
  "merged_at"            timestamp with time zone NOT NULL DEFAULT now(),
  "merged_by"            uuid,
  "undone_at"            timestamp with time zone,
  "undone_by"            uuid,
  CONSTRAINT "merge_log_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "merge_log_one_pair"
    CHECK
    ((((num_nonnulls(kept_company_id, merged_company_id) = 2) AND (num_nonnulls(kept_consultant_id, merged_consultant_id) = 0)) OR ((num_nonnulls(kept_company_id,
    merged_company_id) = 0) AND (num_nonnulls(kept_consultant_id, merged_consultant_id) = 2)))),
  CONSTRAINT "merge_log_pkey" PRIMARY KEY (id)
);

ALTER TABLE "public"."merge_log"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."merge_log" FROM "anon";

ALTER TABLE "public"."contract_signers"
  ADD COLUMN "signed_name" text;

ALTER TABLE "public"."contract_signers"
  ADD COLUMN "signed_terms" jsonb;

ALTER TABLE "public"."contracts"
  ADD COLUMN "terminates_on" date;

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
    limit c_bite
    for update of c skip locked
  ), started as (
    update public.contracts c
    set status = 'active'
    from due
    where c.id = due.id
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
    select c.id
    from public.contracts c
    join public.firms f on f.id = c.firm_id
    where c.status = 'active'
      and c.auto_renew
      and c.terminates_on is null
      and c.ends_on < (p_now at time zone 'UTC')::date + 1
      and c.ends_on < (p_now at time zone f.timezone)::date
    limit c_bite
    for update of c skip locked
  ), prolonged as (
    update public.contracts c
    -- Counted from the day after, so that the end of a month stays the end of a month.
    set ends_on = (c.ends_on + 1 + make_interval(months => c.renewal_months))::date - 1
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
      and not c.auto_renew
      and c.ends_on < (p_now at time zone 'UTC')::date + 1
      and c.ends_on < (p_now at time zone f.timezone)::date
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

CREATE OR REPLACE FUNCTION private.amend_contract (
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
begin
  select * into v_new
  from public.contracts c
  where c.firm_id = v_old.firm_id
    and c.amended_from_id = p_id
    and c.status <> 'cancelled'
    and c.archived_at is null;
  if found then
    return v_new;
  elsif v_old.status not in ('signed', 'active') then
    perform private.fail(
      'not_amendable', format('A contract that is %s cannot be amended.', v_old.status),
      hint => 'Amend one that is signed or active; a draft is simply changed.', status => 409
    );
  end if;
  insert into public.contracts (
    firm_id, title, kind, company_id, consultant_id, starts_on, ends_on, rate, rate_unit, currency,
    value_cap, notice_days, auto_renew, renewal_months, parent_id, amended_from_id, version
  )
  values (
    v_old.firm_id, v_old.title, v_old.kind, v_old.company_id, v_old.consultant_id,
    v_old.starts_on, v_old.ends_on, v_old.rate, v_old.rate_unit, v_old.currency, v_old.value_cap,
    v_old.notice_days, v_old.auto_renew, v_old.renewal_months, v_old.parent_id, p_id,
    v_old.version + 1
  )
  returning * into v_new;
  perform private.copy_contract_parts(p_id, v_new);
  return v_new;
end
$function$;

CREATE OR REPLACE FUNCTION private.ask_signer (
  p_signer_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_token text := encode(extensions.gen_random_bytes(32), 'hex');
  v_signer record;
  v_asked integer;
begin
  select s.*, c.number, c.title, f.name as firm, f.timezone,
    coalesce(nullif(btrim(p.full_name), ''), f.name) as sender
  into strict v_signer
  from public.contract_signers s
  join public.contracts c on c.firm_id = s.firm_id and c.id = s.contract_id
  join public.firms f on f.id = s.firm_id
  left join public.profiles p on p.id = auth.uid()
  where s.id = p_signer_id;
  insert into private.signing_tokens as t (signer_id, firm_id, token_hash, expires_at)
  values (
    p_signer_id, v_signer.firm_id, sha256(convert_to(v_token, 'UTF8')), now() + interval '30 days'
  )
  on conflict (signer_id) do update
  set
    token_hash = excluded.token_hash,
    expires_at = excluded.expires_at,
    asked_at = now(),
    asked = t.asked + 1
  returning t.asked into v_asked;
  perform private.queue_email(
    v_signer.firm_id,
    'signing_request:' || p_signer_id || ':' || gen_random_uuid(),
    'signing_request',
    v_signer.email,
    v_signer.firm || ': please sign ' || v_signer.title,
    jsonb_build_object(
      'firm', v_signer.firm,
      'sender', v_signer.sender,
      'name', v_signer.name,
      'number', v_signer.number::text,
      'title', v_signer.title,
      'reminder', v_asked > 1,
      'expires_on', ((now() + interval '30 days') at time zone v_signer.timezone)::date,
      -- Behind the #, so that no server writes the token into its log.
      'link', '/sign#token=' || v_token
    )
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.ask_signers (
  p_contract_id uuid
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_signer_id uuid;
  v_open integer := 0;
begin
  for v_signer_id in
    select s.id
    from public.contract_signers s
    where s.contract_id = p_contract_id
      and s.archived_at is null
      and s.status in ('pending', 'viewed')
      and s.sign_order = (
        select min(n.sign_order)
        from public.contract_signers n
        where n.contract_id = p_contract_id
          and n.archived_at is null
          and n.status in ('pending', 'viewed')
      )
    order by s.created_at, s.id
  loop
    v_open := v_open + 1;
    if not exists (select from private.signing_tokens t where t.signer_id = v_signer_id) then
      perform private.ask_signer(v_signer_id);
    end if;
  end loop;
  return v_open;
end
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
  where s.firm_id = v_from.firm_id and s.contract_id = p_from and s.archived_at is null;
  -- Who is on it till the end goes on.
  insert into public.contract_consultants (
    firm_id, contract_id, consultant_id, period, allocation_pct, bill_rate, bill_unit
  )
  select
    c.firm_id, p_to.id, c.consultant_id, daterange(p_to.starts_on, p_to.ends_on, '[]'),
    c.allocation_pct, c.bill_rate, c.bill_unit
  from public.contract_consultants c
  join public.consultants who on who.firm_id = c.firm_id and who.id = c.consultant_id
  where c.firm_id = v_from.firm_id
    and c.contract_id = p_from
    and c.archived_at is null
    and who.archived_at is null
    and (upper_inf(c.period) or upper(c.period) > coalesce(v_from.ends_on, lower(c.period)));
end
$function$;

CREATE OR REPLACE FUNCTION private.decline_contract (
  p_reason      text,
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
begin
  if v_signer.status = 'signed' then
    perform private.fail(
      'signed_already', 'You have signed this contract already.',
      hint => 'Speak with whoever sent it.', status => 409
    );
  elsif coalesce(btrim(p_reason), '') = '' or char_length(p_reason) > 1000 then
    perform private.fail(
      'reason_required', 'Say why you decline.', hint => 'At most 1000 characters.', status => 422
    );
  end if;
  update public.contract_signers
  set status = 'declined', viewed_at = coalesce(viewed_at, now()), decided_at = now(),
    reason = btrim(p_reason)
  where id = v_signer.id;
  update public.contracts
  set status = 'draft'
  where id = v_signer.contract_id
  returning * into v_contract;
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, actor, note)
  values (
    v_contract.firm_id, v_contract.id, 'sent', 'draft', auth.uid(),
    format('%s declined: %s', v_signer.name, btrim(p_reason))
  );
  perform private.tell_of_signing(v_contract, 'contract_declined', v_signer.name, btrim(p_reason));
  return 'draft';
end
$function$;

CREATE OR REPLACE FUNCTION private.enqueue_contract_reminders (
  p_now timestamp with time zone DEFAULT now()
)
  RETURNS integer
  LANGUAGE sql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.fail_email()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  update public.emails
  set
    status = 'failed',
    error = left(new.code || ': ' || new.error, 500),
    -- A token is not kept for a mail that may never go out: resending makes a new one.
    params = case when event in ('invitation', 'signing_request') then '{}' else params end
  where id = (new.payload ->> 'email_id')::uuid and status <> 'sent';
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.follow_signing()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if new.status = 'sent' then
    -- Once more from the start: what was signed or declined before were other terms.
    update public.contract_signers
    set
      status = 'pending',
      viewed_at = null,
      decided_at = null,
      reason = null,
      signed_name = null,
      signed_terms = null
    where contract_id = new.id and status <> 'pending';
    delete from private.signing_tokens t
    using public.contract_signers s
    where s.contract_id = new.id and t.firm_id = s.firm_id and t.signer_id = s.id;
    perform private.require_mail_room(s.firm_id, 'signing_request', s.email)
    from public.contract_signers s
    where s.contract_id = new.id and s.archived_at is null;
    perform private.ask_signers(new.id);
  else
    -- Who has signed may look at it, and a repeated request finds its answer.
    delete from private.signing_tokens t
    using public.contract_signers s
    where s.contract_id = new.id
      and t.firm_id = s.firm_id
      and t.signer_id = s.id
      and not (new.status = 'signed' and s.status = 'signed');
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.freeze_contract()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  -- Every other column is a term, one added later too. The generated ones are not known yet, and
  -- come from terms.
  c_free constant text[] := array[
    'status', 'signed_at', 'terminated_at', 'terminates_on', 'reason', 'archived_at',
    'updated_at', 'updated_by', 'cancel_by', 'parent_kind'
  ];
begin
  if old.status <> 'draft'
    and to_jsonb(new) - c_free <> to_jsonb(old) - c_free
    and not private.guards_are_off()
  then
    perform private.fail(
      'terms_frozen', 'The terms of a contract cannot change once it has left draft.',
      hint => 'Move it back to draft if nobody signed it yet, or make a new contract.',
      status => 409
    );
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.guard_archive()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  -- Jobs finish their work on archived rows too, and a foreign key lets go of a removed member.
  if auth.uid() is null or pg_trigger_depth() > 1 or private.guards_are_off() then
    return new;
  end if;
  if (old.archived_at is null) <> (new.archived_at is null) then
    perform private.require_role(new.firm_id, tg_argv[0]);
    new.archived_at := case when new.archived_at is not null then now() end;
  elsif old.archived_at is not null then
    perform private.fail(
      'archived',
      'This entry is archived and cannot be changed.',
      hint => 'Restore it first: set archived_at to null.',
      status => 409
    );
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.guard_contract_part()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  -- As the caller: of a contract somebody cannot see, they learn nothing here.
  if auth.uid() is not null and not private.guards_are_off() and exists (
    select from public.contracts k
    where k.firm_id = new.firm_id and k.id = new.contract_id and k.status <> all (tg_argv)
  ) then
    perform private.fail(
      'contract_closed', 'The contract has come too far for this change.',
      hint => 'This can be changed while it is: ' || array_to_string(tg_argv, ', ') || '.',
      status => 409
    );
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.guards_are_off()
  RETURNS boolean
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  -- No client can be both: their statements never run with the rights of a definer.
  select current_user not in ('anon', 'authenticated', 'service_role')
    and coalesce(current_setting('firmbase.guards', true), '') = 'off'
$function$;

CREATE OR REPLACE FUNCTION private.jobs_tick (
  force boolean DEFAULT false
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  -- Functions of the schema private without arguments that do at most this many things at a time
  -- and return how many: what an outage piled up must not run into the statement's time limit
  -- again and again.
  bite constant integer := 1000;
  rules constant text[] := array[
    'advance_contracts', 'sweep_uploads', 'enqueue_contract_reminders', 'remind_signers'
  ];
  ticked boolean;
  due text;
  done integer;
  more boolean := false;
  faults jsonb := '{}';
begin
  if not jobs_tick.force and exists (
    select from private.job_clock where ticked_at > clock_timestamp() - interval '1 minute'
  ) then
    return null;
  end if;
  -- Whoever finds another runner at it goes on with its jobs instead of waiting.
  if not pg_try_advisory_xact_lock(hashtext('private.jobs_tick')) then
    return null;
  end if;
  insert into private.job_clock as clock (ticked_at) values (clock_timestamp())
  on conflict (only_row) do update set ticked_at = excluded.ticked_at
  where jobs_tick.force or clock.ticked_at <= excluded.ticked_at - interval '1 minute'
  returning true into ticked;
  if ticked is null then
    return null;
  end if;
  foreach due in array rules loop
    -- A fault in one rule stops neither the others nor the jobs; the next minute tries again.
    begin
      done := private.run_rule(due);
      more := more or done >= bite;
      delete from private.clock_faults as f where f.rule = due;
    exception when query_canceled or others then
      faults := faults || jsonb_build_object(due, sqlerrm);
      insert into private.clock_faults as f (rule, error, failed_at)
      values (due, sqlerrm, clock_timestamp())
      on conflict (rule) do update set
        error = excluded.error, failed_at = excluded.failed_at;
    end;
  end loop;
  if more then
    update private.job_clock set ticked_at = '-infinity' where only_row;
  end if;
  return jsonb_strip_nulls(jsonb_build_object(
    'more', nullif(more, false), 'faults', nullif(faults, '{}')));
end
$function$;

CREATE OR REPLACE FUNCTION private.lock_contract (
  p_id       uuid,
  p_min_role text
)
  RETURNS public.contracts
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_contract public.contracts;
begin
  select * into v_contract
  from public.contracts
  where id = p_id and firm_id = any (array(select private.firm_ids()))
  for update;
  if not found then
    perform private.fail('contract_not_found', 'There is no such contract.', status => 404);
  end if;
  perform private.require_role(v_contract.firm_id, p_min_role);
  if v_contract.archived_at is not null then
    perform private.fail(
      'archived', 'This contract is archived.', hint => 'Restore it first.', status => 409
    );
  end if;
  return v_contract;
end
$function$;

CREATE OR REPLACE FUNCTION private.merge_companies (
  p_kept_id   uuid,
  p_merged_id uuid
)
  RETURNS public.merge_log
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  c_fillable constant text[] := array[
    'legal_name', 'registration_no', 'tax_id', 'website', 'industry', 'country', 'address',
    'owner_id', 'external_ref'
  ];
  v_firm_id uuid;
  v_kept public.companies;
  v_merged public.companies;
  v_filled text[];
  v_moved jsonb := '{}';
  v_ids uuid[];
  v_merge public.merge_log;
begin
  v_firm_id := (
    select c.firm_id
    from public.companies c
    where c.id = p_kept_id and c.firm_id = any (array(select private.firm_ids()))
  );
  if v_firm_id is null or not exists (
    select from public.companies c where c.id = p_merged_id and c.firm_id = v_firm_id
  ) then
    perform private.fail('company_not_found', 'There is no such company.', status => 404);
  elsif p_kept_id = p_merged_id then
    perform private.fail('same_entry', 'These are one and the same already.', status => 422);
  end if;
  -- One merge at a time in a firm; then nobody adds to the two until it is done.
  perform private.lock_firm(v_firm_id, 'manager');
  perform from public.companies where id in (p_kept_id, p_merged_id) order by id for update;
  select * into strict v_kept from public.companies where id = p_kept_id;
  select * into strict v_merged from public.companies where id = p_merged_id;
  if v_merged.archived_at is not null then
    select * into v_merge
    from public.merge_log m
    where m.firm_id = v_firm_id
      and m.kept_company_id = p_kept_id
      and m.merged_company_id = p_merged_id
      and m.undone_at is null;
    if found then
      return v_merge;
    end if;
  end if;
  if num_nonnulls(v_kept.archived_at, v_merged.archived_at) > 0 then
    perform private.fail(
      'archived', 'One of the two is archived.', hint => 'Restore it first.', status => 409
    );
  end if;

  perform set_config('firmbase.guards', 'off', true);
  -- Archived first: what must be unique is free then.
  update public.companies set archived_at = now() where id = p_merged_id;
  v_filled := array(
    select f.name
    from unnest(c_fillable) f (name)
    where to_jsonb(v_kept) ->> f.name is null and to_jsonb(v_merged) ->> f.name is not null
  );
  update public.companies
  set
    legal_name = coalesce(legal_name, v_merged.legal_name),
    registration_no = coalesce(registration_no, v_merged.registration_no),
    tax_id = coalesce(tax_id, v_merged.tax_id),
    website = coalesce(website, v_merged.website),
    industry = coalesce(industry, v_merged.industry),
    country = coalesce(country, v_merged.country),
    address = coalesce(address, v_merged.address),
    owner_id = coalesce(owner_id, v_merged.owner_id),
    external_ref = coalesce(external_ref, v_merged.external_ref)
  where id = p_kept_id;

  v_ids := array(
    select c.id from public.contacts c
    where c.firm_id = v_firm_id and c.company_id = p_merged_id and c.is_primary
  );
  v_moved := v_moved || jsonb_build_object('primary_contacts', v_ids);
  with moved as (
    update public.contacts set company_id = p_kept_id
    where firm_id = v_firm_id and company_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('contacts', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.contracts set company_id = p_kept_id
    where firm_id = v_firm_id and company_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('contracts', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.files set company_id = p_kept_id
    where firm_id = v_firm_id and company_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('files', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.notes set company_id = p_kept_id
    where firm_id = v_firm_id and company_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('notes', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    -- A tag that both have stays behind.
    update public.taggings t set company_id = p_kept_id
    where t.firm_id = v_firm_id
      and t.company_id = p_merged_id
      and not exists (
        select from public.taggings k
        where k.firm_id = v_firm_id
          and k.company_id = p_kept_id
          and k.tag_id = t.tag_id
          and k.archived_at is null
      )
    returning id
  )
  select v_moved || jsonb_build_object('taggings', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  perform set_config('firmbase.guards', '', true);

  insert into public.merge_log (
    firm_id, kept_company_id, merged_company_id, filled, moved, merged_by
  )
  values (v_firm_id, p_kept_id, p_merged_id, v_filled, v_moved, auth.uid())
  returning * into v_merge;
  return v_merge;
end
$function$;

CREATE OR REPLACE FUNCTION private.merge_consultants (
  p_kept_id   uuid,
  p_merged_id uuid
)
  RETURNS public.merge_log
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  c_fillable constant text[] := array[
    'user_id', 'email', 'phone', 'headline', 'seniority', 'available_from', 'external_ref'
  ];
  v_firm_id uuid;
  v_kept public.consultants;
  v_merged public.consultants;
  v_kept_private public.consultant_private;
  v_merged_private public.consultant_private;
  v_filled text[];
  v_moved jsonb := '{}';
  v_merge public.merge_log;
begin
  v_firm_id := (
    select c.firm_id
    from public.consultants c
    where c.id = p_kept_id and c.firm_id = any (array(select private.firm_ids()))
  );
  if v_firm_id is null or not exists (
    select from public.consultants c where c.id = p_merged_id and c.firm_id = v_firm_id
  ) then
    perform private.fail('consultant_not_found', 'There is no such consultant.', status => 404);
  elsif p_kept_id = p_merged_id then
    perform private.fail('same_entry', 'These are one and the same already.', status => 422);
  end if;
  perform private.lock_firm(v_firm_id, 'manager');
  perform from public.consultants where id in (p_kept_id, p_merged_id) order by id for update;
  select * into strict v_kept from public.consultants where id = p_kept_id;
  select * into strict v_merged from public.consultants where id = p_merged_id;
  if v_merged.archived_at is not null then
    select * into v_merge
    from public.merge_log m
    where m.firm_id = v_firm_id
      and m.kept_consultant_id = p_kept_id
      and m.merged_consultant_id = p_merged_id
      and m.undone_at is null;
    if found then
      return v_merge;
    end if;
  end if;
  if num_nonnulls(v_kept.archived_at, v_merged.archived_at) > 0 then
    perform private.fail(
      'archived', 'One of the two is archived.', hint => 'Restore it first.', status => 409
    );
  elsif v_merged.user_id <> v_kept.user_id then
    perform private.fail(
      'two_accounts', 'Both have an account for the portal.',
      hint => 'Take one of them away with link_consultant.', status => 409
    );
  elsif v_merged.user_id is not null or v_kept.user_id is not null then
    -- Whose account reaches what is for admins to say, in a merge too.
    perform private.require_role(v_firm_id, 'admin');
  end if;

  perform set_config('firmbase.guards', 'off', true);
  update public.consultants set archived_at = now() where id = p_merged_id;
  v_filled := array(
    select f.name
    from unnest(c_fillable) f (name)
    where to_jsonb(v_kept) ->> f.name is null and to_jsonb(v_merged) ->> f.name is not null
  );
  if v_kept.skills = '{}' and v_merged.skills <> '{}' then
    v_filled := v_filled || array['skills'];
  end if;
  update public.consultants
  set
    skills = case when skills = '{}' then v_merged.skills else skills end,
    user_id = coalesce(user_id, v_merged.user_id),
    email = coalesce(email, v_merged.email),
    phone = coalesce(phone, v_merged.phone),
    headline = coalesce(headline, v_merged.headline),
    seniority = coalesce(seniority, v_merged.seniority),
    available_from = coalesce(available_from, v_merged.available_from),
    external_ref = coalesce(external_ref, v_merged.external_ref)
  where id = p_kept_id;

  select * into strict v_kept_private
  from public.consultant_private where consultant_id = p_kept_id;
  select * into strict v_merged_private
  from public.consultant_private where consultant_id = p_merged_id;
  if v_kept_private.cost_rate is null and v_merged_private.cost_rate is not null then
    v_filled := v_filled || array['cost_rate', 'cost_unit', 'currency'];
  end if;
  if v_kept_private.tax_ref is null and v_merged_private.tax_ref is not null then
    v_filled := v_filled || array['tax_ref'];
  end if;
  if v_kept_private.bank_ref is null and v_merged_private.bank_ref is not null then
    v_filled := v_filled || array['bank_ref'];
  end if;
  update public.consultant_private
  set
    cost_rate = coalesce(cost_rate, v_merged_private.cost_rate),
    cost_unit = coalesce(cost_unit, v_merged_private.cost_unit),
    currency = coalesce(currency, v_merged_private.currency),
    tax_ref = coalesce(tax_ref, v_merged_private.tax_ref),
    bank_ref = coalesce(bank_ref, v_merged_private.bank_ref)
  where consultant_id = p_kept_id;

  with moved as (
    update public.contracts set consultant_id = p_kept_id
    where firm_id = v_firm_id and consultant_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('contracts', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.contract_consultants set consultant_id = p_kept_id
    where firm_id = v_firm_id and consultant_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('contract_consultants', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.files set consultant_id = p_kept_id
    where firm_id = v_firm_id and consultant_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('files', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.notes set consultant_id = p_kept_id
    where firm_id = v_firm_id and consultant_id = p_merged_id
    returning id
  )
  select v_moved || jsonb_build_object('notes', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  with moved as (
    update public.taggings t set consultant_id = p_kept_id
    where t.firm_id = v_firm_id
      and t.consultant_id = p_merged_id
      and not exists (
        select from public.taggings k
        where k.firm_id = v_firm_id
          and k.consultant_id = p_kept_id
          and k.tag_id = t.tag_id
          and k.archived_at is null
      )
    returning id
  )
  select v_moved || jsonb_build_object('taggings', coalesce(jsonb_agg(id), '[]'))
  into v_moved from moved;
  perform set_config('firmbase.guards', '', true);

  insert into public.merge_log (
    firm_id, kept_consultant_id, merged_consultant_id, filled, moved, merged_by
  )
  values (v_firm_id, p_kept_id, p_merged_id, v_filled, v_moved, auth.uid())
  returning * into v_merge;
  return v_merge;
exception when exclusion_violation then
  perform private.fail(
    'merge_conflict', 'Both are planned on one contract at the same time.',
    hint => 'Change or archive one of the two assignments first.', status => 409
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.notify_invitation (
  p_invitation_id uuid,
  p_token         text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_invitation record;
begin
  select i.firm_id, i.email, i.role, i.expires_at, f.name as firm, f.timezone,
    coalesce(nullif(btrim(p.full_name), ''), p.email, f.name) as inviter
  into v_invitation
  from public.invitations as i
  join public.firms as f on f.id = i.firm_id
  left join public.profiles as p on p.id = auth.uid()
  where i.id = p_invitation_id;
  perform private.require_mail_room(v_invitation.firm_id, 'invitation', v_invitation.email);
  perform private.queue_email(
    v_invitation.firm_id,
    'invitation:' || p_invitation_id || ':' || gen_random_uuid(),
    'invitation',
    v_invitation.email,
    v_invitation.inviter || ' invites you to ' || v_invitation.firm,
    jsonb_build_object(
      'firm', v_invitation.firm,
      'inviter', v_invitation.inviter,
      'role', v_invitation.role,
      'expires_on', (v_invitation.expires_at at time zone v_invitation.timezone)::date,
      -- Behind the #, so that no server writes the token into its log.
      'link', '/invitations/accept#token=' || p_token
    )
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.open_signing (
  p_token       text,
  p_contract_id uuid
)
  RETURNS public.contract_signers
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_signer public.contract_signers;
  v_contract_id uuid := p_contract_id;
begin
  if p_token is not null then
    select s.* into v_signer
    from private.signing_tokens t
    join public.contract_signers s on s.firm_id = t.firm_id and s.id = t.signer_id
    where t.token_hash = sha256(convert_to(p_token, 'UTF8')) and t.expires_at > now();
  else
    -- Somebody signed in: a consultant in the portal, or a member, with the address that was asked.
    select s.* into v_signer
    from public.contract_signers s
    join private.signing_tokens t on t.firm_id = s.firm_id and t.signer_id = s.id
    join auth.users u on u.id = auth.uid() and u.email_confirmed_at is not null
    where s.contract_id = p_contract_id
      and s.email = lower(u.email)
      and (
        s.firm_id = any (array(select private.firm_ids()))
        or s.contract_id = any (array(select private.portal_contract_ids()))
      );
  end if;
  if v_signer.id is not null then
    perform from public.contracts c where c.id = v_signer.contract_id for update;
    -- Now that nobody else changes it. A repeated request still finds what it signed.
    select s.* into v_signer
    from public.contract_signers s
    join private.signing_tokens t on t.firm_id = s.firm_id and t.signer_id = s.id
    join public.contracts c on c.firm_id = s.firm_id and c.id = s.contract_id
    join public.firms f on f.id = s.firm_id
    where s.id = v_signer.id
      and s.archived_at is null
      and (p_token is null or t.token_hash = sha256(convert_to(p_token, 'UTF8')))
      and (c.status = 'sent' or (c.status = 'signed' and s.status = 'signed'))
      and c.archived_at is null
      and f.status = 'active'
      and f.archived_at is null;
  end if;
  if v_signer.id is null then
    perform private.fail(
      'link_invalid', 'This contract is not waiting for your signature.',
      hint => 'The link may be old: ask whoever sent it for a new one.', status => 404
    );
  end if;
  return v_signer;
end
$function$;

CREATE OR REPLACE FUNCTION private.remind_contract (
  p_contract_id uuid,
  p_event       text,
  p_target_date date,
  p_days        integer
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.remind_signers()
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_signer_id uuid;
  v_count integer := 0;
begin
  for v_signer_id in
    select t.signer_id
    from private.signing_tokens t
    join public.contract_signers s on s.firm_id = t.firm_id and s.id = t.signer_id
    join public.firms f on f.id = t.firm_id
    where t.asked < 3
      and t.asked_at < now() - case t.asked when 1 then interval '3 days' else interval '4 days' end
      and s.status in ('pending', 'viewed')
      and f.status = 'active'
      and f.archived_at is null
    limit 1000
    for update of t skip locked
  loop
    perform private.ask_signer(v_signer_id);
    v_count := v_count + 1;
  end loop;
  return v_count;
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
  v_starts_on date := v_old.ends_on + 1;
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
  elsif v_old.ends_on is null then
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

CREATE OR REPLACE FUNCTION private.require_mail_room (
  p_firm_id uuid,
  p_event   text,
  p_to      text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- Anybody can make a firm, and no address asked for this mail: it must not become a flood.
  if (
    select
      count(*) >= greatest(100, 2 * (select f.seat_limit from public.firms f where f.id = p_firm_id))
      or count(*) filter (where e.to_address = p_to) >= 5
    from public.emails as e
    where e.firm_id = p_firm_id
      and e.event = p_event
      and e.created_at > now() - interval '1 day'
  ) then
    perform private.fail(
      'too_many_' || p_event || 's', 'Too many mails of this kind were sent today.',
      hint => 'Try again tomorrow; the last one that was sent is valid.', status => 429
    );
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.resend_signing (
  p_signer_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_signer public.contract_signers;
begin
  select * into v_signer
  from public.contract_signers s
  where s.id = p_signer_id and s.firm_id = any (array(select private.firm_ids()));
  if not found then
    perform private.fail('signer_not_found', 'There is no such signer.', status => 404);
  end if;
  perform private.lock_contract(v_signer.contract_id, 'manager');
  if not exists (select from private.signing_tokens t where t.signer_id = p_signer_id)
    or (select s.status from public.contract_signers s where s.id = p_signer_id)
    not in ('pending', 'viewed')
  then
    perform private.fail(
      'not_their_turn', 'This person is not asked to sign at the moment.', status => 409
    );
  end if;
  perform private.require_mail_room(v_signer.firm_id, 'signing_request', v_signer.email);
  perform private.ask_signer(p_signer_id);
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
begin
  select * into strict v_contract from public.contracts c where c.id = v_signer.contract_id;
  if v_signer.status = 'signed' then
    return v_contract.status;
  elsif coalesce(btrim(p_name), '') = '' or char_length(p_name) > 200 or p_name ~ '[[:cntrl:]]' then
    perform private.fail(
      'name_required', 'Type your name to sign.', hint => 'One line, at most 200 characters.',
      status => 422
    );
  end if;
  update public.contract_signers
  set
    status = 'signed',
    viewed_at = coalesce(viewed_at, now()),
    decided_at = now(),
    signed_name = btrim(p_name),
    signed_terms = private.signing_terms(v_contract)
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

CREATE OR REPLACE FUNCTION private.signing_terms (
  p_contract public.contracts
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  select jsonb_build_object(
    'firm', f.name,
    'number', p_contract.number,
    'version', p_contract.version,
    'title', p_contract.title,
    'kind', p_contract.kind,
    'company', coalesce(o.legal_name, o.name),
    'consultant', w.name,
    'starts_on', p_contract.starts_on,
    'ends_on', p_contract.ends_on,
    'rate', p_contract.rate,
    'rate_unit', p_contract.rate_unit,
    'currency', p_contract.currency,
    'value_cap', p_contract.value_cap,
    'notice_days', p_contract.notice_days,
    'auto_renew', p_contract.auto_renew,
    'renewal_months', p_contract.renewal_months
  )
  from public.firms f
  left join public.companies o on o.firm_id = f.id and o.id = p_contract.company_id
  left join public.consultants w on w.firm_id = f.id and w.id = p_contract.consultant_id
  where f.id = p_contract.firm_id
$function$;

CREATE OR REPLACE FUNCTION private.tell_of_signing (
  p_contract public.contracts,
  p_event    text,
  p_signer   text,
  p_reason   text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_title text := left(p_contract.title, 200) || case p_event
    when 'contract_signed' then ' is signed' else ' was declined'
  end;
begin
  perform private.notify(
    p_contract.firm_id,
    p_event,
    p_event || ':' || p_contract.id || ':' || gen_random_uuid(),
    v_title,
    coalesce(
      left(format('%s declined: %s', p_signer, p_reason), 1000),
      format('Everybody has signed contract %s.', p_contract.number)
    ),
    '/contracts/' || p_contract.id,
    p_user_ids => array[p_contract.created_by],
    p_min_role => 'manager',
    p_email => jsonb_strip_nulls(jsonb_build_object(
      'number', p_contract.number::text,
      'title', p_contract.title,
      'signer', p_signer,
      'reason', p_reason,
      'starts_on', p_contract.starts_on
    ))
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.terminate_contract (
  p_id       uuid,
  p_reason   text,
  p_last_day date
)
  RETURNS public.contracts
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_contract public.contracts := private.lock_contract(p_id, 'manager');
  v_today date := (
    select (now() at time zone f.timezone)::date
    from public.firms f
    where f.id = v_contract.firm_id
  );
begin
  if p_last_day is null then
    return private.transition_contract(p_id, 'terminated', p_reason);
  elsif v_contract.status <> 'active' then
    perform private.fail(
      'illegal_transition',
      format('A contract that is %s cannot be terminated.', v_contract.status),
      hint => 'Only an active one can.', status => 409
    );
  elsif coalesce(btrim(p_reason), '') = '' then
    perform private.fail('reason_required', 'Terminating a contract needs a reason.', status => 422);
  elsif p_last_day < v_today or p_last_day > v_contract.ends_on then
    perform private.fail(
      'bad_last_day', 'The last day lies between today and the end of the contract.',
      hint => 'Leave it out to terminate the contract at once.', status => 422
    );
  elsif (v_contract.terminates_on, v_contract.reason) = (p_last_day, p_reason) then
    return v_contract;
  end if;
  update public.contracts
  set terminates_on = p_last_day, reason = p_reason
  where id = p_id
  returning * into v_contract;
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, actor, note)
  values (
    v_contract.firm_id, p_id, 'active', 'active', auth.uid(),
    left(format('Ends on %s: %s', p_last_day, p_reason), 2000)
  );
  return v_contract;
end
$function$;

CREATE OR REPLACE FUNCTION private.transition_contract (
  p_id   uuid,
  p_to   text,
  p_note text
)
  RETURNS public.contracts
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_contract public.contracts := private.lock_contract(p_id, 'manager');
  v_from text;
  v_min_role text;
begin
  v_from := v_contract.status;
  select t.min_role into v_min_role
  from private.contract_transitions(v_from) t
  where t.to_status = p_to;
  if not found then
    perform private.fail(
      'illegal_transition',
      format('A contract that is %s cannot become %s.', v_from, coalesce(p_to, 'nothing')),
      hint => coalesce(
        (
          select 'It can become: ' || string_agg(t.to_status, ', ') || '.'
          from private.contract_transitions(v_from) t
        ),
        'Nobody can change it any more.'
      ),
      status => 409
    );
  end if;
  perform private.require_role(v_contract.firm_id, v_min_role);
  if p_to = 'terminated' and coalesce(btrim(p_note), '') = '' then
    perform private.fail(
      'reason_required', 'Terminating a contract needs a reason.',
      hint => 'Say why in the note.', status => 422
    );
  elsif p_to = 'in_review' and v_contract.starts_on is null then
    perform private.fail(
      'start_required', 'A contract leaves draft only with a first day.',
      hint => 'Set starts_on.', status => 422
    );
  elsif p_to = 'signed' and coalesce(btrim(p_note), '') = '' and exists (
    select from public.contract_signers s
    where s.contract_id = p_id and s.archived_at is null and s.status <> 'signed'
  ) then
    perform private.fail(
      'signers_pending', 'Not everybody has signed yet.',
      hint => 'Wait for them, or say in the note how it was signed otherwise.', status => 409
    );
  end if;

  update public.contracts
  set
    status = p_to,
    signed_at = case when p_to = 'signed' then now() else signed_at end,
    terminated_at = case when p_to = 'terminated' then now() end,
    reason = case when p_to = 'terminated' then p_note end
  where id = p_id
  returning * into v_contract;
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, actor, note)
  values (v_contract.firm_id, p_id, v_from, p_to, auth.uid(), p_note);
  return v_contract;
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
    select from public.merge_log m
    where m.firm_id = v_merge.firm_id
      and m.undone_at is null
      and (m.merged_company_id = v_merge.kept_company_id
        or m.merged_consultant_id = v_merge.kept_consultant_id)
  ) then
    perform private.fail(
      'merged_again', 'The kept entry was merged into another one since.',
      hint => 'Undo that merge first.', status => 409
    );
  end if;

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
      and v_merge.moved -> 'contracts' ? id::text;
    update public.files set company_id = v_merge.merged_company_id
    where firm_id = v_merge.firm_id
      and company_id = v_merge.kept_company_id
      and v_merge.moved -> 'files' ? id::text;
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
      and v_merge.moved -> 'contracts' ? id::text;
    update public.contract_consultants set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'contract_consultants' ? id::text;
    update public.files set consultant_id = v_merge.merged_consultant_id
    where firm_id = v_merge.firm_id
      and consultant_id = v_merge.kept_consultant_id
      and v_merge.moved -> 'files' ? id::text;
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
exception when unique_violation then
  perform private.fail(
    'merge_conflict', 'Another entry has taken a value that must be unique since.',
    hint => 'Look for the tax id, the external reference or the account of the merged entry.',
    status => 409
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.view_signing (
  p_token       text,
  p_contract_id uuid
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_signer public.contract_signers := private.open_signing(p_token, p_contract_id);
begin
  update public.contract_signers
  set status = 'viewed', viewed_at = now()
  where id = v_signer.id and status = 'pending';
  return (
    select jsonb_build_object(
      'terms', private.signing_terms(c),
      'name', s.name,
      'role', s.role,
      'status', s.status,
      'decided_at', s.decided_at,
      'contract_status', c.status
    )
    from public.contract_signers s
    join public.contracts c on c.firm_id = s.firm_id and c.id = s.contract_id
    where s.id = v_signer.id
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.withdraw_termination (
  p_id uuid
)
  RETURNS public.contracts
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_contract public.contracts := private.lock_contract(p_id, 'manager');
begin
  if v_contract.status <> 'active' or v_contract.terminates_on is null then
    return v_contract;
  end if;
  update public.contracts
  set terminates_on = null, reason = null
  where id = p_id
  returning * into v_contract;
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, actor, note)
  values (v_contract.firm_id, p_id, 'active', 'active', auth.uid(), 'The notice was withdrawn.');
  return v_contract;
end
$function$;

CREATE OR REPLACE FUNCTION public.amend_contract (
  id uuid
)
  RETURNS public.contracts
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.amend_contract(id)
$function$;

REVOKE ALL ON FUNCTION "public"."amend_contract"(uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.decline_contract (
  reason      text,
  token       text DEFAULT NULL::text,
  contract_id uuid DEFAULT NULL::uuid
)
  RETURNS text
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.decline_contract(reason, token, contract_id)
$function$;

REVOKE ALL ON FUNCTION "public"."decline_contract"(text, text, uuid) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.merge_companies (
  kept_id   uuid,
  merged_id uuid
)
  RETURNS public.merge_log
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.merge_companies(kept_id, merged_id)
$function$;

REVOKE ALL ON FUNCTION "public"."merge_companies"(uuid, uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.merge_consultants (
  kept_id   uuid,
  merged_id uuid
)
  RETURNS public.merge_log
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.merge_consultants(kept_id, merged_id)
$function$;

REVOKE ALL ON FUNCTION "public"."merge_consultants"(uuid, uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.renew_contract (
  id uuid
)
  RETURNS public.contracts
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.renew_contract(id)
$function$;

REVOKE ALL ON FUNCTION "public"."renew_contract"(uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.resend_signing (
  signer_id uuid
)
  RETURNS void
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.resend_signing(signer_id)
$function$;

REVOKE ALL ON FUNCTION "public"."resend_signing"(uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.sign_contract (
  name        text,
  token       text DEFAULT NULL::text,
  contract_id uuid DEFAULT NULL::uuid
)
  RETURNS text
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.sign_contract(name, token, contract_id)
$function$;

REVOKE ALL ON FUNCTION "public"."sign_contract"(text, text, uuid) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.terminate_contract (
  id       uuid,
  reason   text,
  last_day date DEFAULT NULL::date
)
  RETURNS public.contracts
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.terminate_contract(id, reason, last_day)
$function$;

REVOKE ALL ON FUNCTION "public"."terminate_contract"(uuid, text, date) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.undo_merge (
  id uuid
)
  RETURNS public.merge_log
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.undo_merge(id)
$function$;

REVOKE ALL ON FUNCTION "public"."undo_merge"(uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.view_signing (
  token       text DEFAULT NULL::text,
  contract_id uuid DEFAULT NULL::uuid
)
  RETURNS jsonb
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.view_signing(token, contract_id)
$function$;

REVOKE ALL ON FUNCTION "public"."view_signing"(text, uuid) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.withdraw_termination (
  id uuid
)
  RETURNS public.contracts
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.withdraw_termination(id)
$function$;

REVOKE ALL ON FUNCTION "public"."withdraw_termination"(uuid) FROM PUBLIC, "anon", "service_role";

ALTER TABLE "private"."contract_reminders"
  ADD CONSTRAINT "contract_reminders_event_known" CHECK ((event = ANY (ARRAY['ends'::text, 'cancel_by'::text])));

ALTER TABLE "private"."signing_tokens"
  ADD CONSTRAINT "signing_tokens_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "private"."signing_tokens"
  ADD CONSTRAINT "signing_tokens_signer_id_fkey" FOREIGN KEY (firm_id, signer_id) REFERENCES public.contract_signers(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."contract_signers"
  ADD CONSTRAINT "contract_signers_signed_complete" CHECK (((status = 'signed'::text) = (num_nonnulls(signed_name, signed_terms) = 2)));

ALTER TABLE "public"."contract_signers"
  ADD CONSTRAINT "contract_signers_signed_name_length" CHECK (((char_length(btrim(signed_name)) >= 1) AND (char_length(btrim(signed_name)) <= 200)));

ALTER TABLE "public"."contract_signers"
  ADD CONSTRAINT "contract_signers_signed_name_line" CHECK ((signed_name !~ '[[:cntrl:]]'::text));

ALTER TABLE "public"."contract_signers"
  ADD CONSTRAINT "contract_signers_signed_terms_object" CHECK (((jsonb_typeof(signed_terms) = 'object'::text) AND (pg_column_size(signed_terms) <= 16384)));

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_reason_required" CHECK ((((status <> 'terminated'::text) AND (terminates_on IS NULL)) OR (reason IS NOT NULL)));

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_terminates_on_range" CHECK (((terminates_on >= starts_on) AND (terminates_on <= ends_on)));

ALTER TABLE "public"."merge_log"
  ADD CONSTRAINT "merge_log_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."merge_log"
  ADD CONSTRAINT "merge_log_kept_company_id_fkey" FOREIGN KEY (firm_id, kept_company_id) REFERENCES public.companies(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."merge_log"
  ADD CONSTRAINT "merge_log_kept_consultant_id_fkey" FOREIGN KEY (firm_id, kept_consultant_id) REFERENCES public.consultants(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."merge_log"
  ADD CONSTRAINT "merge_log_merged_company_id_fkey" FOREIGN KEY (firm_id, merged_company_id) REFERENCES public.companies(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."merge_log"
  ADD CONSTRAINT "merge_log_merged_consultant_id_fkey" FOREIGN KEY (firm_id, merged_consultant_id) REFERENCES public.consultants(firm_id, id) ON DELETE CASCADE;

CREATE INDEX signing_tokens_asked_at_idx ON private.signing_tokens USING btree (asked_at)
  WHERE (asked < 3);

CREATE INDEX signing_tokens_firm_id_signer_id_idx ON private.signing_tokens USING btree (firm_id, signer_id);

CREATE INDEX contracts_active_cancel_by_idx ON public.contracts USING btree (cancel_by)
  WHERE ((status = 'active'::text) AND auto_renew AND (cancel_by IS NOT NULL));

CREATE INDEX contracts_active_terminates_on_idx ON public.contracts USING btree (terminates_on)
  WHERE ((status = 'active'::text) AND (terminates_on IS NOT NULL));

CREATE INDEX merge_log_firm_id_kept_company_id_idx ON public.merge_log USING btree (firm_id, kept_company_id);

CREATE INDEX merge_log_firm_id_kept_consultant_id_idx ON public.merge_log USING btree (firm_id, kept_consultant_id);

CREATE INDEX merge_log_firm_id_merged_at_idx ON public.merge_log USING btree (firm_id, merged_at DESC, id);

CREATE INDEX merge_log_firm_id_merged_company_id_idx ON public.merge_log USING btree (firm_id, merged_company_id);

CREATE INDEX merge_log_firm_id_merged_consultant_id_idx ON public.merge_log USING btree (firm_id, merged_consultant_id);

CREATE TRIGGER contract_signers_open
  BEFORE INSERT OR UPDATE OF contract_id, name, email, ROLE, sign_order, archived_at ON public.contract_signers
  FOR EACH ROW
  EXECUTE FUNCTION private.guard_contract_part('draft', 'in_review');

CREATE TRIGGER contracts_signing
  AFTER UPDATE OF status ON public.contracts
  FOR EACH ROW
  WHEN (((old.status IS DISTINCT FROM new.status) AND ((new.status = 'sent'::text) OR (old.status = 'sent'::text))))
  EXECUTE FUNCTION private.follow_signing();

CREATE POLICY "signing_tokens_nobody" ON "private"."signing_tokens"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

CREATE POLICY "merge_log_select" ON "public"."merge_log"
  FOR SELECT
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))));

COMMENT ON COLUMN "private"."signing_tokens"."asked" IS 'How often the signer was asked: at first, after three days, after seven.';

COMMENT ON COLUMN "public"."contract_signers"."signed_name" IS 'The name that was typed as signature.';

COMMENT ON COLUMN "public"."contract_signers"."signed_terms" IS 'The terms as they stood when they were signed, names of the parties included.';

COMMENT ON COLUMN "public"."contracts"."terminates_on" IS 'Its last day by a notice that was given; the day after it is terminated.';

COMMENT ON COLUMN "public"."merge_log"."filled" IS 'The columns that were empty in the kept row and came from the merged one.';

COMMENT ON COLUMN "public"."merge_log"."moved" IS 'Table to the ids of the rows that moved over; primary_contacts: those that were primary.';

COMMENT ON FUNCTION "private"."advance_contracts"(timestamp with time zone) IS 'Daily, by each firm''s own calendar: signed contracts whose first day has come become active, and the version before an amendment ends; active ones past their last day are terminated where notice was given, prolonged where they renew themselves, else expired. Any number of runs, however late, ends in the same state. Returns how many of the most frequent change, at most 1000.';

COMMENT ON FUNCTION "private"."amend_contract"(uuid) IS 'Definer of public.amend_contract.';

COMMENT ON FUNCTION "private"."ask_signer"(uuid) IS 'Makes the only valid token of a signer and mails it. Only its hash is kept.';

COMMENT ON FUNCTION "private"."ask_signers"(uuid) IS 'Asks those whose turn it is to sign and who were not asked yet. Returns how many have not signed whose turn it is: none when everybody has.';

COMMENT ON FUNCTION "private"."copy_contract_parts"(uuid, public.contracts) IS 'Gives a new contract the signers of another, and the consultants who are on it till its end.';

COMMENT ON FUNCTION "private"."decline_contract"(text, text, uuid) IS 'Definer of public.decline_contract.';

COMMENT ON FUNCTION "private"."enqueue_contract_reminders"(timestamp with time zone) IS 'Queues the reminders that are due 60, 30, 14, 7 and 1 days before an active contract ends, or can last be cancelled before it renews itself, by the firm''s own calendar. Each once, however often this runs; returns how many, at most 1000.';

COMMENT ON FUNCTION "private"."follow_signing"() IS 'Trigger: asks the signers of a contract that was sent; takes their links back when it is sent no more.';

COMMENT ON FUNCTION "private"."guards_are_off"() IS 'Whether one of our own functions is at work on rows that people may not change: a merge moves archived and signed ones, the clock prolongs contracts.';

COMMENT ON FUNCTION "private"."lock_contract"(uuid, text) IS 'A contract of the caller''s firms, locked, for at least this role; fails with contract_not_found, not_allowed or archived.';

COMMENT ON FUNCTION "private"."merge_companies"(uuid, uuid) IS 'Definer of public.merge_companies.';

COMMENT ON FUNCTION "private"."merge_consultants"(uuid, uuid) IS 'Definer of public.merge_consultants.';

COMMENT ON FUNCTION "private"."open_signing"(text, uuid) IS 'The signer behind a token, or whom the caller is on a contract, with the contract locked; link_invalid for whatever does not open it.';

COMMENT ON FUNCTION "private"."remind_signers"() IS 'Asks again who has not signed three days after the first mail, and four days after the second. Returns how many, at most 1000.';

COMMENT ON FUNCTION "private"."renew_contract"(uuid) IS 'Definer of public.renew_contract.';

COMMENT ON FUNCTION "private"."require_mail_room"(uuid, text, text) IS 'Fails when a firm has sent too many of these mails today, or five to this address.';

COMMENT ON FUNCTION "private"."resend_signing"(uuid) IS 'Definer of public.resend_signing.';

COMMENT ON FUNCTION "private"."sign_contract"(text, text, uuid) IS 'Definer of public.sign_contract.';

COMMENT ON FUNCTION "private"."signing_terms"(public.contracts) IS 'The terms of a contract as who signs it sees them: no ids, nothing about other contracts.';

COMMENT ON FUNCTION "private"."tell_of_signing"(public.contracts, text, text, text) IS 'Tells the author of a contract, managers and above that it was signed, or who declined and why.';

COMMENT ON FUNCTION "private"."terminate_contract"(uuid, text, date) IS 'Definer of public.terminate_contract.';

COMMENT ON FUNCTION "private"."undo_merge"(uuid) IS 'Definer of public.undo_merge.';

COMMENT ON FUNCTION "private"."view_signing"(text, uuid) IS 'Definer of public.view_signing.';

COMMENT ON FUNCTION "private"."withdraw_termination"(uuid) IS 'Definer of public.withdraw_termination.';

COMMENT ON FUNCTION "public"."amend_contract"(uuid) IS 'The next version of a contract as a draft with the same terms. When it comes into force, on its first day once it is signed, the version before is terminated in the same moment. Managers; a retry returns the same draft. Errors: contract_not_found, not_amendable, archived.';

COMMENT ON FUNCTION "public"."begin_email"(uuid, text) IS 'What to send, its Message-ID fixed from now on; null when it was sent already, does not exist or had a token in it and failed. For the secret key only.';

COMMENT ON FUNCTION "public"."decline_contract"(text, text, uuid) IS 'Declines to sign: the contract goes back to draft and its people hear why. Errors: link_invalid, reason_required, signed_already.';

COMMENT ON FUNCTION "public"."merge_companies"(uuid, uuid) IS 'Makes two companies one: contacts, contracts, files, notes and tags of the merged one go to the kept one, whose empty columns are filled; the merged one is archived. Contracts keep their terms. Managers; a retry returns the same merge. undo_merge takes it back for 30 days. Errors: company_not_found, same_entry, archived.';

COMMENT ON FUNCTION "public"."merge_consultants"(uuid, uuid) IS 'Makes two consultants one, as merge_companies does with companies; private facts too. Managers; admins where one of the two has an account. Errors: consultant_not_found, same_entry, archived, two_accounts, merge_conflict.';

COMMENT ON FUNCTION "public"."remind_contract"(uuid, text, date, integer) IS 'Tells the author of a contract, managers and above that it ends soon, or must be cancelled soon if it is not to renew itself; if that is still so. Returns how many were told. For the secret key only.';

COMMENT ON FUNCTION "public"."renew_contract"(uuid) IS 'A draft that continues the contract: the same terms, signers and people, from the day after its last, for renewal_months or as long as before. Managers; a retry returns the same draft. Errors: contract_not_found, not_renewable, no_end, archived.';

COMMENT ON FUNCTION "public"."resend_signing"(uuid) IS 'Mails a signer a new link; the one before works no more. Managers. Errors: signer_not_found, not_their_turn, too_many_requests, archived.';

COMMENT ON FUNCTION "public"."sign_contract"(text, text, uuid) IS 'Signs with the name as typed, by the token of the mail, or signed in by the contract. Returns signed when everybody has, else sent; then the next ones are asked. A retry changes nothing. Errors: link_invalid, name_required.';

COMMENT ON FUNCTION "public"."terminate_contract"(uuid, text, date) IS 'Ends an active contract: at once, or after its last day, in the firm''s time zone, which the daily job sees to. Calling it again changes the notice. Managers. Errors: contract_not_found, illegal_transition, reason_required, bad_last_day, archived.';

COMMENT ON FUNCTION "public"."transition_contract"(uuid, text, text) IS 'Moves a contract on and logs it. Managers; a signed one is cancelled by admins. Errors: illegal_transition, reason_required, start_required, signers_pending, archived.';

COMMENT ON FUNCTION "public"."undo_merge"(uuid) IS 'Makes two of one again, for 30 days after the merge: what moved goes back, what was filled is emptied, and what somebody changed since stays as it is. Managers; a retry returns the same. Errors: merge_not_found, too_late, merged_again, merge_conflict.';

COMMENT ON FUNCTION "public"."view_signing"(text, uuid) IS 'What a person is asked to sign, by the token of their mail, or signed in by the contract. Notes that they have seen it. Errors: link_invalid.';

COMMENT ON FUNCTION "public"."withdraw_termination"(uuid) IS 'Takes a notice back that has not taken effect yet; otherwise changes nothing. Managers. Errors: contract_not_found, archived.';

COMMENT ON TABLE "private"."signing_tokens" IS 'What a link to sign is made of: the hash of its only valid token, while it is the signer''s turn.';

COMMENT ON TABLE "public"."merge_log" IS 'Duplicates that became one, and what it takes to undo that for 30 days. Managers read them. No value of the two rows is kept here: the merged one still has its own, archived.';

REVOKE ALL ON FUNCTION "private"."amend_contract"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."amend_contract"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."amend_contract"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."amend_contract"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."ask_signer"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."ask_signer"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."ask_signer"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."ask_signers"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."ask_signers"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."ask_signers"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."copy_contract_parts"(uuid, public.contracts) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."copy_contract_parts"(uuid, public.contracts) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."copy_contract_parts"(uuid, public.contracts) TO "postgres";

REVOKE ALL ON FUNCTION "private"."decline_contract"(text, text, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."decline_contract"(text, text, uuid) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."decline_contract"(text, text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."decline_contract"(text, text, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."follow_signing"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."follow_signing"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."follow_signing"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."guards_are_off"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."guards_are_off"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."guards_are_off"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."guards_are_off"() TO "postgres";

GRANT EXECUTE ON FUNCTION "private"."guards_are_off"() TO "service_role";

REVOKE ALL ON FUNCTION "private"."lock_contract"(uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_contract"(uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lock_contract"(uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."merge_companies"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."merge_companies"(uuid, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."merge_companies"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."merge_companies"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."merge_consultants"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."merge_consultants"(uuid, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."merge_consultants"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."merge_consultants"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."open_signing"(text, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."open_signing"(text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."open_signing"(text, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."remind_signers"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."remind_signers"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."remind_signers"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."renew_contract"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."renew_contract"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."renew_contract"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."renew_contract"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."require_mail_room"(uuid, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_mail_room"(uuid, text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."require_mail_room"(uuid, text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."resend_signing"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."resend_signing"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."resend_signing"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."resend_signing"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sign_contract"(text, text, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."sign_contract"(text, text, uuid) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."sign_contract"(text, text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sign_contract"(text, text, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."signing_terms"(public.contracts) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."signing_terms"(public.contracts) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."signing_terms"(public.contracts) TO "postgres";

REVOKE ALL ON FUNCTION "private"."tell_of_signing"(public.contracts, text, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tell_of_signing"(public.contracts, text, text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."tell_of_signing"(public.contracts, text, text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."terminate_contract"(uuid, text, date) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."terminate_contract"(uuid, text, date) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."terminate_contract"(uuid, text, date) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."terminate_contract"(uuid, text, date) TO "postgres";

REVOKE ALL ON FUNCTION "private"."undo_merge"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."undo_merge"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."undo_merge"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."undo_merge"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."view_signing"(text, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."view_signing"(text, uuid) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."view_signing"(text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."view_signing"(text, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."withdraw_termination"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."withdraw_termination"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."withdraw_termination"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."withdraw_termination"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."amend_contract"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."amend_contract"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."amend_contract"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."decline_contract"(text, text, uuid) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."decline_contract"(text, text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."decline_contract"(text, text, uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."merge_companies"(uuid, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."merge_companies"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."merge_companies"(uuid, uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."merge_consultants"(uuid, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."merge_consultants"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."merge_consultants"(uuid, uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."renew_contract"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."renew_contract"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."renew_contract"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."resend_signing"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."resend_signing"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."resend_signing"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."sign_contract"(text, text, uuid) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."sign_contract"(text, text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."sign_contract"(text, text, uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."terminate_contract"(uuid, text, date) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."terminate_contract"(uuid, text, date) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."terminate_contract"(uuid, text, date) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."undo_merge"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."undo_merge"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."undo_merge"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."view_signing"(text, uuid) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."view_signing"(text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."view_signing"(text, uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."withdraw_termination"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."withdraw_termination"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."withdraw_termination"(uuid) TO "postgres";

REVOKE ALL ON SCHEMA "private" FROM "anon";

GRANT USAGE ON SCHEMA "private" TO "anon";

REVOKE ALL ON TABLE "public"."merge_log" FROM "authenticated";

GRANT SELECT ON TABLE "public"."merge_log" TO "authenticated";

REVOKE ALL ON TABLE "public"."merge_log" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."merge_log" TO "postgres";

REVOKE ALL ON TABLE "public"."merge_log" FROM "service_role";

GRANT SELECT ON TABLE "public"."merge_log" TO "service_role";
