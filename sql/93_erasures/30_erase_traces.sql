create function private.naming(p_terms text[]) returns text
language sql immutable set search_path = '' as $$
  -- Whole words only: who is called Al is not in every "also".
  select '(?<![[:alnum:]])(?:' || string_agg(
    regexp_replace(btrim(t), '([^[:alnum:][:space:]])', '\\\1', 'g'), '|'
  ) || ')(?![[:alnum:]])'
  from unnest(p_terms) t
  where btrim(t) <> ''
$$;

revoke execute on function private.naming(text[]) from public, anon, authenticated;

comment on function private.naming(text[]) is
  'A regular expression for texts that hold one of these names, addresses or numbers.';

create function private.blot(p_text text, p_naming text) returns text
language sql immutable set search_path = '' as $$
  select regexp_replace(p_text, p_naming, 'Erased person', 'gi')
$$;

revoke execute on function private.blot(text, text) from public, anon, authenticated;

comment on function private.blot(text, text) is 'The text without what private.naming finds in it.';

create function private.erase_traces(
  p_firm_id uuid, p_naming text, p_emails text[], p_consultant_ids uuid[], p_contact_ids uuid[],
  p_contract_ids uuid[], out removed jsonb, out signer_ids uuid[]
) returns record
language plpgsql security definer set search_path = '' as $$
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
$$;

revoke execute on function
private.erase_traces(uuid, text, text[], uuid[], uuid[], uuid[])
from public, anon, authenticated;

comment on function
private.erase_traces(uuid, text, text[], uuid[], uuid[], uuid[]) is
  'Removes what there is about a person beside their own row; returns how many rows of each table, '
  'and their signatures. Who calls it has locked the firm, the person and the contracts.';

create function private.count_mentions(p_firm_id uuid, p_terms text[]) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
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
$$;

revoke execute on function private.count_mentions(uuid, text[]) from public, anon, authenticated;

comment on function private.count_mentions(uuid, text[]) is
  'In how many texts of a firm that are about something else a person is named.';

create function private.require_erasure_note(p_note text, p_naming text) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if coalesce(btrim(p_note), '') = '' or char_length(p_note) > 2000 then
    perform private.fail(
      'note_required', 'An erasure needs a note: who asked for it, and when.',
      hint => 'At most 2000 characters.', status => 422
    );
  elsif p_note ~* p_naming then
    perform private.fail(
      'note_names_person', 'The note stays, so the name, address or number cannot be in it.',
      hint => 'Write “the person themselves”, or the number of your correspondence.', status => 422
    );
  end if;
end
$$;

revoke execute on function private.require_erasure_note(text, text)
from public, anon, authenticated;

comment on function private.require_erasure_note(text, text) is
  'Fails unless the note says something, and nothing of the person.';

create function private.kept_signatures(
  p_signer_ids uuid[], p_consultant_ids uuid[], p_contract_ids uuid[]
) returns jsonb
language sql stable security definer set search_path = '' as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'table', 'contract_signers',
    'id', s.id,
    'columns', case
      when s.id = any (p_signer_ids) then '["name", "signed_name", "signed_terms"]'
      else '["signed_terms"]'
    end::jsonb,
    'contract_id', c.id,
    'why', 'Evidence of a contract: § 147 AO, § 257 HGB, Art. 17(3)(b) GDPR.'
  ) order by s.created_at, s.id), '[]')
  from public.contract_signers s
  join public.contracts c on c.firm_id = s.firm_id and c.id = s.contract_id
  where c.id = any (p_contract_ids)
    and c.signed_at is not null
    and s.status = 'signed'
    and (s.id = any (p_signer_ids) or c.consultant_id = any (p_consultant_ids))
$$;

revoke execute on function private.kept_signatures(uuid[], uuid[], uuid[])
from public, anon, authenticated;

comment on function private.kept_signatures(uuid[], uuid[], uuid[]) is
  'The signatures that hold somebody''s name: their own, and those of others under the terms of a '
  'contract with them.';

create function private.lock_contracts_of(
  p_firm_id uuid, p_consultant_ids uuid[], p_emails text[]
) returns uuid[]
language plpgsql security definer set search_path = '' as $$
begin
  return array(
    select c.id
    from public.contracts c
    where c.firm_id = p_firm_id
      and (
        c.consultant_id = any (p_consultant_ids)
        or c.id in (
          select p.contract_id
          from public.contract_consultants p
          where p.firm_id = p_firm_id and p.consultant_id = any (p_consultant_ids)
        )
        or c.id in (
          select s.contract_id
          from public.contract_signers s
          where s.firm_id = p_firm_id and s.email = any (p_emails)
        )
      )
    order by c.id
    for update
  );
end
$$;

revoke execute on function private.lock_contracts_of(uuid, uuid[], text[])
from public, anon, authenticated;

comment on function private.lock_contracts_of(uuid, uuid[], text[]) is
  'Contracts that somebody is party to, planned on or asked to sign, locked.';
