-- One table for all kinds, because row security keeps a text or trigram index on the tables
-- themselves from being used: their operators are not leakproof.
create extension if not exists btree_gin with schema extensions;
create extension if not exists pg_trgm with schema extensions;
create extension if not exists unaccent with schema extensions;

create table private.search_entries (
  firm_id uuid not null references public.firms (id) on delete cascade,
  kind text not null,
  id uuid not null,
  managers_only boolean not null,
  title text not null,
  language text,
  words tsvector not null,
  primary key (firm_id, kind, id),
  constraint search_entries_kind_known
  check (kind in ('company', 'contact', 'consultant', 'contract', 'file', 'note'))
);

create index search_entries_words_idx on private.search_entries using gin (firm_id, words);
create index search_entries_firm_id_language_idx
on private.search_entries (firm_id, language) where language is not null;
create index search_entries_title_idx
on private.search_entries using gin (firm_id, title extensions.gin_trgm_ops);

alter table private.search_entries enable row level security;

create policy search_entries_nobody on private.search_entries
as restrictive for all to anon, authenticated
using (false);

revoke all on private.search_entries from public, anon, authenticated, service_role;

comment on table private.search_entries is
  'What can be found: the rows of six tables that are not archived, kept in step by triggers.';
comment on column private.search_entries.title is
  'What a person would type, without case and accents; found in spite of typing errors.';
comment on column private.search_entries.language is
  'The configuration of text search for this language, as PostgreSQL calls it; null without one.';
comment on column private.search_entries.words is
  'Title (A) and the other texts (B) word by word; and, where their language is known, the stems.';

create function private.plain(p_text text) returns text
language sql immutable strict parallel safe set search_path = '' as $$
  select lower(extensions.unaccent('extensions.unaccent'::regdictionary, p_text))
$$;

revoke execute on function private.plain(text) from public, anon, authenticated;

comment on function private.plain(text) is 'The text in lower case and without accents.';

create function private.put_search_entry(p_kind text, p_row jsonb, p_columns text[]) returns void
language plpgsql security definer set search_path = '' as $$
declare
  -- Beyond about a hundred pages PostgreSQL may refuse the words if each says where it stands.
  c_placed constant integer := 300000;
  v_title text := private.plain(coalesce(p_row ->> p_columns[1], ''));
  v_text text := private.plain(
    (select string_agg(p_row ->> c.name, ' ') from unnest(p_columns[2:]) c (name))
  );
  v_language text := nullif(p_row ->> 'language', 'simple');
  v_words tsvector := setweight(to_tsvector('simple', v_title), 'A');
begin
  begin
    v_words := v_words || setweight(to_tsvector('simple', left(v_text, c_placed)), 'B');
    if char_length(v_text) > c_placed then
      -- From a little before, so that the word at the cut is there as a whole.
      v_words := v_words || strip(to_tsvector('simple', substr(v_text, c_placed - 100)));
    end if;
    if v_language is not null then
      v_words := v_words || strip(to_tsvector(v_language::regconfig, v_text));
    end if;
  exception when program_limit_exceeded then
    -- A text made of nothing but different words: it is found by its title.
    null;
  end;
  insert into private.search_entries (firm_id, kind, id, managers_only, title, language, words)
  values (
    (p_row ->> 'firm_id')::uuid,
    p_kind,
    (p_row ->> 'id')::uuid,
    coalesce(p_row ->> 'visibility' = 'managers', false),
    v_title,
    v_language,
    coalesce(v_words, '')
  )
  on conflict (firm_id, kind, id) do update
  set
    managers_only = excluded.managers_only,
    title = excluded.title,
    language = excluded.language,
    words = excluded.words;
end
$$;

revoke execute on function private.put_search_entry(text, jsonb, text[])
from public, anon, authenticated;

comment on function private.put_search_entry(text, jsonb, text[]) is
  'Enters a row under its title, the first of these columns ('''' for none), and the others.';

create function private.index_for_search() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_row jsonb := to_jsonb(coalesce(new, old));
begin
  if tg_op = 'DELETE'
    or v_row ->> 'archived_at' is not null
    -- Of files: not there yet, or never, or not any more.
    or v_row ->> 'status' in ('pending', 'failed')
    or v_row ->> 'is_current' = 'false'
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
$$;

revoke execute on function private.index_for_search() from public, anon, authenticated;

comment on function private.index_for_search() is
  'Trigger with the kind, the column of the title ('''' for none) and those of the other words.';

create trigger companies_search
after insert or delete or update of name, legal_name, registration_no, tax_id, website,
industry, address, external_ref, archived_at on public.companies
for each row execute function private.index_for_search(
  'company', 'name', 'legal_name', 'registration_no', 'tax_id', 'website', 'industry', 'address',
  'external_ref'
);

create trigger contacts_search
after insert or delete or update of name, email, phone, position, archived_at on public.contacts
for each row execute function private.index_for_search(
  'contact', 'name', 'email', 'phone', 'position'
);

create trigger consultants_search
after insert or delete or update of name, email, phone, headline, seniority, skills, external_ref,
archived_at on public.consultants
for each row execute function private.index_for_search(
  'consultant', 'name', 'email', 'phone', 'headline', 'seniority', 'skills', 'external_ref'
);

create trigger contracts_search
after insert or delete or update of title, archived_at on public.contracts
for each row execute function private.index_for_search('contract', 'title', 'number');

create trigger files_search
after insert or delete or update of name, text, language, status, visibility, archived_at,
is_current on public.files
for each row execute function private.index_for_search('file', 'name', 'text');

create trigger notes_search
after insert or delete or update of body, archived_at on public.notes
for each row execute function private.index_for_search('note', '', 'body');
