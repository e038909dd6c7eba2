-- The caller owns the firm and is one of its consultants; a company and a contract have a long past.

create function public.bench_lists(out company_id uuid, out contract_id uuid)
language plpgsql set session_replication_role = replica as $$
declare
  v_consultant_id uuid := gen_random_uuid();
begin
  update public.firm_members set role = 'owner' where firm_id = public.bench_firm();
  insert into public.consultants (id, firm_id, name, user_id)
  select v_consultant_id, m.firm_id, 'Noor Haddad', m.user_id
  from public.firm_members as m where m.firm_id = public.bench_firm();

  company_id := md5('company 29')::uuid;
  contract_id := (
    select c.id from public.contracts as c
    where c.firm_id = public.bench_firm() and c.company_id = bench_lists.company_id
    order by c.number limit 1
  );
  update public.contracts as c
  set kind = 'consultant', consultant_id = v_consultant_id
  where c.firm_id = public.bench_firm() and hashint4(c.number) % 5 = 0;

  insert into public.notes (firm_id, company_id, body, created_at)
  select public.bench_firm(), bench_lists.company_id, 'Note ' || n, now() - n * interval '1 minute'
  from generate_series(1, 100000) as n;
  insert into public.contract_events (firm_id, contract_id, from_status, to_status, at)
  select c.firm_id, c.id, 'draft', 'in_review', now() - n * interval '1 hour'
  from public.contracts as c
  cross join generate_series(1, 20) as n
  where c.firm_id = public.bench_firm();
  insert into private.search_entries (firm_id, kind, id, managers_only, title, words)
  select
    c.firm_id, 'contract', c.id, false, lower(c.title), to_tsvector('simple', c.title)
  from public.contracts as c;
end
$$;
