SET local check_function_bodies = off;

CREATE EXTENSION IF NOT EXISTS "btree_gin" SCHEMA "extensions";

CREATE EXTENSION IF NOT EXISTS "pg_trgm" SCHEMA "extensions";

CREATE EXTENSION IF NOT EXISTS "unaccent" SCHEMA "extensions";

CREATE TABLE "private"."search_entries" (
  "firm_id"       uuid     NOT NULL,
  "kind"          text     NOT NULL,
  "id"            uuid     NOT NULL,
  "managers_only" boolean  NOT NULL,
  "title"         text     NOT NULL,
  "words"         tsvector NOT NULL,
  CONSTRAINT "search_entries_kind_known" CHECK ((kind = ANY (ARRAY['company'::text, 'contact'::text, 'consultant'::text, 'contract'::text, 'file'::text, 'note'::text]))),
  CONSTRAINT "search_entries_pkey" PRIMARY KEY (firm_id, kind, id)
);

ALTER TABLE "private"."search_entries"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "private"."search_entries" FROM PUBLIC, "anon", "authenticated", "service_role";

CREATE OR REPLACE FUNCTION private.index_for_search()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_row jsonb := to_jsonb(coalesce(new, old));
begin
  if tg_op = 'DELETE'
    or v_row ->> 'archived_at' is not null
    -- Of files: not there yet, or never.
    or v_row ->> 'status' in ('pending', 'failed')
  then
    delete from private.search_entries e
    where e.firm_id = (v_row ->> 'firm_id')::uuid
      and e.kind = tg_argv[0]
      and e.id = (v_row ->> 'id')::uuid;
  else
    perform private.put_search_entry(tg_argv[0], v_row, tg_argv[1:]);
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.plain (
  p_text text
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
  STRICT
  SET search_path TO ''
  AS $function$
  select lower(extensions.unaccent('extensions.unaccent'::regdictionary, p_text))
$function$;

CREATE OR REPLACE FUNCTION private.put_search_entry (
  p_kind    text,
  p_row     jsonb,
  p_columns text[]
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  -- Beyond it PostgreSQL may refuse the words; about a hundred pages.
  c_longest constant integer := 300000;
  v_title text := private.plain(coalesce(p_row ->> p_columns[1], ''));
  v_words tsvector := setweight(to_tsvector('simple', v_title), 'A');
begin
  begin
    v_words := v_words || setweight(
      to_tsvector(
        'simple',
        private.plain(
          left(
            (select string_agg(p_row ->> c.name, ' ') from unnest(p_columns[2:]) c (name)),
            c_longest
          )
        )
      ),
      'B'
    );
  exception when program_limit_exceeded then
    -- A text made of nothing but different words: it is found by its title.
    null;
  end;
  insert into private.search_entries (firm_id, kind, id, managers_only, title, words)
  values (
    (p_row ->> 'firm_id')::uuid,
    p_kind,
    (p_row ->> 'id')::uuid,
    coalesce(p_row ->> 'visibility' = 'managers', false),
    v_title,
    coalesce(v_words, '')
  )
  on conflict (firm_id, kind, id) do update
  set
    managers_only = excluded.managers_only,
    title = excluded.title,
    words = excluded.words;
end
$function$;

CREATE OR REPLACE FUNCTION private.search_hits (
  p_firm_id uuid,
  p_query   text,
  p_kinds   text[],
  p_limit   integer
)
  RETURNS TABLE (
    kind text,
    id   uuid,
    rank real
  )
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
#variable_conflict use_column
declare
  -- More than this many of one sort are not worth ranking: the query says too little.
  c_most constant integer := 1000;
  v_role text := private.require_role(p_firm_id, 'viewer');
  v_sees_all boolean := private.role_rank(v_role) >= private.role_rank('manager');
  v_text text := private.plain(left(btrim(p_query), 200));
  v_words tsquery := private.search_words(p_query);
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
$function$;

CREATE OR REPLACE FUNCTION private.search_words (
  p_query text
)
  RETURNS tsquery
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
  -- Each word may go on: people see results while they type. Nothing in it is an operator.
  select string_agg(
    '''' || replace(replace(w.lexeme, '\', '\\'), '''', '''''') || ''':*', ' & '
  )::tsquery
  from unnest(to_tsvector('simple', private.plain(left(p_query, 200)))) w
$function$;

CREATE OR REPLACE FUNCTION private.snippet (
  p_text  text,
  p_query text
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
  select regexp_replace(substr(p_text, greatest(1, found.at - 60), 200), '\s+', ' ', 'g')
  from strpos(lower(p_text), split_part(lower(btrim(p_query)), ' ', 1)) found (at)
$function$;

CREATE OR REPLACE FUNCTION public.search (
  firm_id  uuid,
  query    text,
  kinds    text[]  DEFAULT '{company,contact,consultant,contract,file,note}'::text[],
  max_rows integer DEFAULT 20
)
  RETURNS TABLE (
    kind        text,
    id          uuid,
    title       text,
    detail      text,
    snippet     text,
    parent_kind text,
    parent_id   uuid,
    rank        real
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
#variable_conflict use_column
begin
  return query
  select h.kind, h.id, r.title, r.detail, r.snippet, r.parent_kind, r.parent_id, h.rank
  from private.search_hits(search.firm_id, search.query, search.kinds, search.max_rows) h
  -- The rows come from the tables with the caller's rights: row security has the last word.
  cross join lateral (
    select c.name, c.status, null, null, null::uuid
    from public.companies c
    where h.kind = 'company' and c.firm_id = search.firm_id and c.id = h.id
    union all
    select c.name, coalesce(c.position, c.email), null, 'company', c.company_id
    from public.contacts c
    where h.kind = 'contact' and c.firm_id = search.firm_id and c.id = h.id
    union all
    select c.name, coalesce(c.headline, c.status), null, null, null
    from public.consultants c
    where h.kind = 'consultant' and c.firm_id = search.firm_id and c.id = h.id
    union all
    select
      c.title,
      c.number || ' · ' || c.status,
      null,
      case when c.company_id is not null then 'company' else 'consultant' end,
      coalesce(c.company_id, c.consultant_id)
    from public.contracts c
    where h.kind = 'contract' and c.firm_id = search.firm_id and c.id = h.id
    union all
    select
      f.name,
      f.mime,
      private.snippet(f.text, search.query),
      case
        when f.company_id is not null then 'company'
        when f.consultant_id is not null then 'consultant'
        when f.contract_id is not null then 'contract'
      end,
      coalesce(f.company_id, f.consultant_id, f.contract_id)
    from public.files f
    where h.kind = 'file' and f.firm_id = search.firm_id and f.id = h.id
    union all
    select
      null,
      null,
      private.snippet(n.body, search.query),
      case
        when n.company_id is not null then 'company'
        when n.contact_id is not null then 'contact'
        when n.consultant_id is not null then 'consultant'
        else 'contract'
      end,
      coalesce(n.company_id, n.contact_id, n.consultant_id, n.contract_id)
    from public.notes n
    where h.kind = 'note' and n.firm_id = search.firm_id and n.id = h.id
  ) r (title, detail, snippet, parent_kind, parent_id)
  order by h.rank desc, h.id;
end
$function$;

REVOKE ALL ON FUNCTION "public"."search"(uuid, text, text[], integer) FROM PUBLIC, "anon", "service_role";

ALTER TABLE "private"."search_entries"
  ADD CONSTRAINT "search_entries_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

CREATE INDEX search_entries_title_idx ON private.search_entries USING gin (firm_id, title extensions.gin_trgm_ops);

CREATE INDEX search_entries_words_idx ON private.search_entries USING gin (firm_id, words);

CREATE TRIGGER companies_search
  AFTER INSERT OR DELETE OR UPDATE OF name, legal_name, registration_no, tax_id, website, industry, address, external_ref, archived_at ON public.companies
  FOR EACH ROW
  EXECUTE FUNCTION private.index_for_search('company', 'name', 'legal_name', 'registration_no', 'tax_id', 'website', 'industry', 'address', 'external_ref');

CREATE TRIGGER consultants_search
  AFTER INSERT OR DELETE OR UPDATE OF name, email, phone, headline, seniority, skills, external_ref, archived_at ON public.consultants
  FOR EACH ROW
  EXECUTE FUNCTION private.index_for_search('consultant', 'name', 'email', 'phone', 'headline', 'seniority', 'skills', 'external_ref');

CREATE TRIGGER contacts_search
  AFTER INSERT OR DELETE OR UPDATE OF name, email, phone, "position", archived_at ON public.contacts
  FOR EACH ROW
  EXECUTE FUNCTION private.index_for_search('contact', 'name', 'email', 'phone', 'position');

CREATE TRIGGER contracts_search
  AFTER INSERT OR DELETE OR UPDATE OF title, archived_at ON public.contracts
  FOR EACH ROW
  EXECUTE FUNCTION private.index_for_search('contract', 'title', 'number');

CREATE TRIGGER files_search
  AFTER INSERT OR DELETE OR UPDATE OF name, text, status, visibility, archived_at ON public.files
  FOR EACH ROW
  EXECUTE FUNCTION private.index_for_search('file', 'name', 'text');

CREATE TRIGGER notes_search
  AFTER INSERT OR DELETE OR UPDATE OF body, archived_at ON public.notes
  FOR EACH ROW
  EXECUTE FUNCTION private.index_for_search('note', '', 'body');

CREATE POLICY "search_entries_nobody" ON "private"."search_entries"
  AS RESTRICTIVE
  FOR ALL
  TO "anon", "authenticated"
  USING (false);

COMMENT ON COLUMN "private"."search_entries"."title" IS 'What a person would type, without case and accents; found in spite of typing errors.';

COMMENT ON COLUMN "private"."search_entries"."words" IS 'Title (A) and the other texts (B).';

COMMENT ON FUNCTION "private"."index_for_search"() IS 'Trigger with the kind, the column of the title ('''' for none) and those of the other words.';

COMMENT ON FUNCTION "private"."plain"(text) IS 'The text in lower case and without accents.';

COMMENT ON FUNCTION "private"."put_search_entry"(text, jsonb, text[]) IS 'Enters a row under its title, the first of these columns ('''' for none), and the others.';

COMMENT ON FUNCTION "private"."search_hits"(uuid, text, text[], integer) IS 'Ids of what a query finds in a firm, the best first. public.search reads the rows.';

COMMENT ON FUNCTION "private"."search_words"(text) IS 'What a person typed as a query for words that begin so; null without any.';

COMMENT ON FUNCTION "private"."snippet"(text, text) IS 'About 200 characters of the text, from a little before the first word of the query on.';

COMMENT ON FUNCTION "public"."search"(uuid, text, text[], integer) IS 'Finds companies, contacts, consultants, contracts, files and notes of a firm that are not archived, the best first: by the beginnings of words, in titles in spite of typing errors, and contracts by their parties too. snippet is plain text: escape it, then mark what was typed. At most 100 rows, and only what the caller may read. Errors: firm_not_found.';

COMMENT ON TABLE "private"."search_entries" IS 'What can be found: the rows of six tables that are not archived, kept in step by triggers.';

REVOKE ALL ON FUNCTION "private"."index_for_search"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."index_for_search"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."index_for_search"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."plain"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."plain"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."plain"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."put_search_entry"(text, jsonb, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."put_search_entry"(text, jsonb, text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."put_search_entry"(text, jsonb, text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_hits"(uuid, text, text[], integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."search_hits"(uuid, text, text[], integer) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."search_hits"(uuid, text, text[], integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_hits"(uuid, text, text[], integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_words"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_words"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_words"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."snippet"(text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."snippet"(text, text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."snippet"(text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."snippet"(text, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."search"(uuid, text, text[], integer) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."search"(uuid, text, text[], integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."search"(uuid, text, text[], integer) TO "postgres";

-- What is there already can be found, too.
SELECT private.put_search_entry('company', to_jsonb(c), array['name', 'legal_name', 'registration_no', 'tax_id', 'website', 'industry', 'address', 'external_ref'])
FROM public.companies AS c WHERE c.archived_at IS NULL;

SELECT private.put_search_entry('contact', to_jsonb(c), array['name', 'email', 'phone', 'position'])
FROM public.contacts AS c WHERE c.archived_at IS NULL;

SELECT private.put_search_entry('consultant', to_jsonb(c), array['name', 'email', 'phone', 'headline', 'seniority', 'skills', 'external_ref'])
FROM public.consultants AS c WHERE c.archived_at IS NULL;

SELECT private.put_search_entry('contract', to_jsonb(c), array['title', 'number'])
FROM public.contracts AS c WHERE c.archived_at IS NULL;

SELECT private.put_search_entry('file', to_jsonb(f), array['name', 'text'])
FROM public.files AS f WHERE f.archived_at IS NULL AND f.status NOT IN ('pending', 'failed');

SELECT private.put_search_entry('note', to_jsonb(n), array['', 'body'])
FROM public.notes AS n WHERE n.archived_at IS NULL;
