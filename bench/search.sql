-- A million entries: twenty thousand companies of the caller's firm, the rest of 999 other firms.
-- Names are made of a few hundred words, so that each word is shared by thousands of entries.

create function public.bench_entries(p_rows integer) returns void
language plpgsql set session_replication_role = replica as $$
begin
  create temporary table words as
  select
    w as word,
    initcap(substr(md5('first ' || w), 1, 7)) as first,
    initcap(substr(md5('last ' || w), 1, 8)) as last
  from generate_series(0, 399) as w;
  update words set first = 'Helios' where word = 7;
  update words set last = 'Logistics' where word = 11;

  create temporary table entries as
  select
    md5('entry ' || n)::uuid as id,
    case when n % (p_rows / 20000) = 0 then public.bench_firm()
      else md5('firm ' || (30 + n % 999) % 1000)::uuid end as firm_id,
    f.first || ' ' || l.last || ' ' || n as name
  from generate_series(1, p_rows) as n
  join words as f on f.word = abs(hashint4(n)) % 400
  join words as l on l.word = abs(hashint4(n + 1)) % 400;

  insert into public.companies (id, firm_id, name)
  select e.id, e.firm_id, e.name from entries as e where e.firm_id = public.bench_firm();
  insert into private.search_entries (firm_id, kind, id, managers_only, title, words)
  select e.firm_id, 'company', e.id, false, lower(e.name), to_tsvector('simple', e.name)
  from entries as e;
end
$$;
