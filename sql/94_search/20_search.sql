create function private.search_words(p_query text, p_languages text[]) returns tsquery
language sql stable set search_path = '' as $$
  -- Each word may go on: people see results while they type. Nothing in it is an operator. The index
  -- is that of all firms, so a word costs what all of them wrote: the first eight are enough.
  select string_agg('(' || concat_ws(' | ', w.quoted || ':*', s.stems) || ')', ' & ')::tsquery
  from (
    select
      t.lexeme,
      '''' || replace(replace(t.lexeme, '\', '\\'), '''', '''''') || '''' as quoted
    from unnest(to_tsvector('simple', private.plain(left(p_query, 200)))) t
    order by t.positions[1]
    limit 8
  ) w
  cross join lateral (
    select string_agg(
      distinct '''' || replace(replace(t.lexeme, '\', '\\'), '''', '''''') || '''', ' | '
    ) as stems
    from unnest(p_languages) l (name)
    cross join lateral unnest(to_tsvector(l.name::regconfig, w.lexeme)) t
    where t.lexeme <> w.lexeme
  ) s
$$;

revoke execute on function private.search_words(text, text[]) from public, anon, authenticated;

comment on function private.search_words(text, text[]) is
  'The first eight words a person typed as a query for words that begin so, or have the same stem '
  'in one of these languages; null without any.';

create function private.search_languages(p_firm_id uuid) returns text[]
language sql stable security definer set search_path = '' as $$
  -- From one to the next by the index: a firm has few, of many files.
  with recursive l (name) as (
    select min(e.language)
    from private.search_entries e
    where e.firm_id = p_firm_id and e.language is not null
    union all
    select (
      select min(e.language)
      from private.search_entries e
      where e.firm_id = p_firm_id and e.language > l.name
    )
    from l
    where l.name is not null
  )
  select array_agg(l.name) from l where l.name is not null
$$;

revoke execute on function private.search_languages(uuid) from public, anon, authenticated;

comment on function private.search_languages(uuid) is
  'The languages that a firm''s documents are written in.';

create function private.search_hits(
  p_firm_id uuid, p_query text, p_kinds text[], p_limit integer
) returns table (kind text, id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
declare
  -- More than this many of one sort are not worth ranking: the query says too little.
  c_most constant integer := 1000;
  v_role text := private.require_role(p_firm_id, 'viewer');
  v_sees_all boolean := private.role_rank(v_role) >= private.role_rank('manager');
  v_text text := private.plain(left(btrim(p_query), 200));
  v_words tsquery := private.search_words(p_query, private.search_languages(p_firm_id));
begin
  -- Here and not in the function's settings: to write it down there, a session without superuser
  -- must have loaded pg_trgm before.
  perform set_config('pg_trgm.word_similarity_threshold', '0.5', true);
  return query
  with found as (
    select e.kind, e.id, e.title, e.words
    from private.search_entries e
    where e.firm_id = p_firm_id
      and e.words @@ v_words
      and e.kind = any (p_kinds)
      and (v_sees_all or not e.managers_only)
    limit c_most
  ), resembling as (
    select e.kind, e.id, e.title, e.words
    from private.search_entries e
    where e.firm_id = p_firm_id
      and char_length(v_text) >= 3
      -- Who typed it right needs no guesses, which cost most where all titles are alike.
      and (select count(*) from found) < least(p_limit, 100)
      and e.title operator(extensions.%>) v_text
      and e.kind = any (p_kinds)
      and (v_sees_all or not e.managers_only)
    limit c_most
  ), ranked as (
    select
      h.kind,
      h.id,
      (
        coalesce(ts_rank(h.words, v_words), 0)
        + extensions.word_similarity(v_text, h.title)
        + case when h.title = v_text then 1 when starts_with(h.title, v_text) then 0.5 else 0 end
      )::real as rank
    from (select * from found union select * from resembling) h
  ), parties as (
    select r.id, r.rank
    from ranked r
    where r.kind in ('company', 'consultant')
    order by r.rank desc
    limit 5
  ), theirs as (
    -- Who looks for a client looks for the contracts with it, too.
    select c.id, p.rank / 2 as rank
    from parties p
    cross join lateral (
      (
        select c.id
        from public.contracts c
        where c.firm_id = p_firm_id and c.company_id = p.id and c.archived_at is null
        limit 10
      )
      union
      (
        select c.id
        from public.contracts c
        where c.firm_id = p_firm_id and c.consultant_id = p.id and c.archived_at is null
        limit 10
      )
    ) c
    where 'contract' = any (p_kinds)
  )
  select h.kind, h.id, max(h.rank)
  from (
    select * from ranked
    union all
    select 'contract', t.id, t.rank::real from theirs t
  ) h
  group by h.kind, h.id
  order by 3 desc, h.id
  limit least(p_limit, 100);
end
$$;

revoke execute on function private.search_hits(uuid, text, text[], integer)
from public, anon, authenticated;
grant execute on function private.search_hits(uuid, text, text[], integer) to authenticated;

comment on function private.search_hits(uuid, text, text[], integer) is
  'Ids of what a query finds in a firm, the best first. public.search reads the rows.';

create function private.word_at(p_text text, p_query text) returns integer
language sql immutable set search_path = '' as $$
  select coalesce(
    nullif(strpos(t.line, t.phrase), 0), nullif(strpos(t.line, split_part(t.phrase, ' ', 1)), 0)
  )
  from (
    values (
      translate(lower(p_text), E'\n\r\t\f', '    '),
      lower(regexp_replace(btrim(p_query), '\s+', ' ', 'g'))
    )
  ) t (line, phrase)
$$;

create function private.snippet(p_text text, p_at integer) returns text
language sql immutable set search_path = '' as $$
  select regexp_replace(
    substr(p_text, greatest(1, coalesce(p_at, 1) - 60), 200), '\s+', ' ', 'g'
  )
$$;

create function public.search(
  firm_id uuid,
  query text,
  kinds text[] default '{company,contact,consultant,contract,file,note}',
  max_rows integer default 20
) returns table (
  kind text, id uuid, title text, detail text, snippet text, parent_kind text, parent_id uuid,
  rank real, page integer
)
-- Not in SQL, where each call would plan the six tables and their policies anew.
language plpgsql stable security invoker set search_path = '' as $$
#variable_conflict use_column
begin
  return query
  select h.kind, h.id, r.title, r.detail, r.snippet, r.parent_kind, r.parent_id, h.rank,
    r.page
  from private.search_hits(search.firm_id, search.query, search.kinds, search.max_rows) h
  -- The rows come from the tables with the caller's rights: row security has the last word.
  cross join lateral (
    select c.name, c.status, null, null, null::uuid, null::integer
    from public.companies c
    where h.kind = 'company' and c.firm_id = search.firm_id and c.id = h.id
    union all
    select c.name, coalesce(c.position, c.email), null, 'company', c.company_id, null
    from public.contacts c
    where h.kind = 'contact' and c.firm_id = search.firm_id and c.id = h.id
    union all
    select c.name, coalesce(c.headline, c.status), null, null, null, null
    from public.consultants c
    where h.kind = 'consultant' and c.firm_id = search.firm_id and c.id = h.id
    union all
    select
      c.title,
      c.number || ' · ' || c.status,
      null,
      case when c.company_id is not null then 'company' else 'consultant' end,
      coalesce(c.company_id, c.consultant_id),
      null
    from public.contracts c
    where h.kind = 'contract' and c.firm_id = search.firm_id and c.id = h.id
    union all
    select
      f.name,
      f.mime,
      private.snippet(f.text, w.at),
      case
        when f.company_id is not null then 'company'
        when f.contact_id is not null then 'contact'
        when f.consultant_id is not null then 'consultant'
        when f.contract_id is not null then 'contract'
      end,
      coalesce(f.company_id, f.contact_id, f.consultant_id, f.contract_id),
      case when f.page_count is not null
        then char_length(left(f.text, w.at)) + 1
          - char_length(replace(left(f.text, w.at), E'\f', ''))
      end
    from public.files f
    cross join lateral private.word_at(f.text, search.query) w (at)
    where h.kind = 'file' and f.firm_id = search.firm_id and f.id = h.id
    union all
    select
      null,
      null,
      private.snippet(n.body, private.word_at(n.body, search.query)),
      case
        when n.company_id is not null then 'company'
        when n.contact_id is not null then 'contact'
        when n.consultant_id is not null then 'consultant'
        else 'contract'
      end,
      coalesce(n.company_id, n.contact_id, n.consultant_id, n.contract_id),
      null
    from public.notes n
    where h.kind = 'note' and n.firm_id = search.firm_id and n.id = h.id
  ) r (title, detail, snippet, parent_kind, parent_id, page)
  order by h.rank desc, h.id;
end
$$;

revoke execute on function private.word_at(text, text) from public, anon, authenticated;
revoke execute on function private.snippet(text, integer) from public, anon, authenticated;
revoke execute on function public.search(uuid, text, text[], integer)
from public, anon, authenticated;
grant execute on function private.word_at(text, text) to authenticated;
grant execute on function private.snippet(text, integer) to authenticated;
grant execute on function public.search(uuid, text, text[], integer) to authenticated;

comment on function private.word_at(text, text) is
  'Where the text says what was typed, or else the first word of it; null where it does not.';
comment on function private.snippet(text, integer) is
  'About 200 characters of the text, from a little before this place on, or its beginning.';
comment on function public.search(uuid, text, text[], integer) is
  'Finds companies, contacts, consultants, contracts, files and notes of a firm that are not '
  'archived, the best first: by the beginnings of words, in documents by other forms of them in '
  'their language too, in titles in spite of typing errors, and contracts by their parties too. Of '
  'a document its current version. snippet is plain text: escape it, then mark what was typed; '
  'page says on which one it stands, where a document has pages. At most 100 rows, and only '
  'what the caller may read. Errors: firm_not_found.';
