-- A thousand firms; the caller is a member of one of them, which always has a thousand contracts.
-- The other firms share the rest, so that what grows is only what the caller must not see.

-- Its id lies in the middle of all of them, so that an index meets half the other firms first.
create function public.bench_firm() returns uuid
language sql immutable return md5('firm 29')::uuid;

create function public.bench_settle(p_user_id uuid) returns void
language plpgsql set session_replication_role = replica as $$
begin
  insert into public.firms (id, name, slug)
  select md5('firm ' || n)::uuid, 'Firm ' || n, 'firm-' || n from generate_series(0, 999) as n;

  insert into public.firm_members (firm_id, user_id, role)
  values (public.bench_firm(), p_user_id, 'member');

  insert into public.companies (id, firm_id, name)
  select md5('company ' || n)::uuid, md5('firm ' || n % 1000)::uuid, 'Company ' || n
  from generate_series(0, 9999) as n;
end
$$;

-- The forms that starter kits use, each on a copy of the table in a schema of its own.
create schema per_row;
create schema in_select;
grant usage on schema per_row, in_select to authenticated;

create function per_row.is_member(p_firm_id uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select from public.firm_members
    where firm_id = p_firm_id and user_id = (select auth.uid()) and status = 'active'
  )
$$;

create function public.bench_copy(p_schema text, p_using text) returns void
language plpgsql as $$
declare
  v_index text;
begin
  execute format('drop table if exists %I.contracts', p_schema);
  execute format('create table %I.contracts as table public.contracts', p_schema);
  for v_index in
    select indexdef from pg_indexes where schemaname = 'public' and tablename = 'contracts'
  loop
    execute replace(v_index, ' ON public.', format(' ON %I.', p_schema));
  end loop;
  execute format('alter table %I.contracts enable row level security', p_schema);
  execute format(
    'create policy contracts_select on %I.contracts for select to authenticated using (%s)',
    p_schema, p_using
  );
  execute format('grant select on %I.contracts to authenticated', p_schema);
end
$$;

-- Without triggers: what they would number, stamp and look up is set here.
create function public.bench_fill(p_rows integer) returns void
language plpgsql
set session_replication_role = replica set maintenance_work_mem = '512MB' as $$
begin
  truncate public.contracts cascade;
  insert into public.contracts (
    firm_id, number, title, kind, company_id, status, starts_on, ends_on, rate, rate_unit,
    currency, signed_at, created_at
  )
  select
    md5('firm ' || firm)::uuid, n, 'Advisory services ' || n, 'framework',
    md5('company ' || firm + 1000 * (n % 10))::uuid,
    (array['draft', 'sent', 'signed', 'active', 'active', 'active', 'expired', 'expired'])
    [1 + hash % 8],
    date '2026-01-01', date '2026-06-01' + hash % 701, 950, 'day', 'EUR', now(),
    timestamptz '2026-01-01' + n * interval '1 minute'
  from (
    select
      n,
      (abs(hashint4(n)::bigint) % 1000000)::integer as hash,
      case when n % (p_rows / 1000) = 0 then 29 else (30 + n % 999) % 1000 end as firm
    from generate_series(1, p_rows) as n
  );
  perform public.bench_copy('per_row', 'per_row.is_member(firm_id)');
  perform public.bench_copy('in_select', 'firm_id in (select private.firm_ids())');
end
$$;
