create table public.files (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  company_id uuid,
  contact_id uuid,
  consultant_id uuid,
  contract_id uuid,
  series_id uuid not null,
  version integer not null default 1,
  is_current boolean not null default true,
  visibility text not null default 'firm',
  bucket text not null default 'firm-files',
  path text not null,
  name text not null,
  mime text not null,
  size_bytes bigint not null,
  sha256 text,
  status text not null default 'pending',
  reason text,
  detail text,
  upload_expires_at timestamptz not null default now() + interval '1 hour',
  page_count integer,
  word_count integer,
  text text,
  metadata jsonb not null default '{}',
  thumbnail_path text,
  preview_count integer not null default 0,
  language text,
  hints jsonb not null default '[]',
  scanned_with text,
  ready_at timestamptz,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  unique (firm_id, id),
  constraint files_company_id_fkey foreign key (firm_id, company_id)
  references public.companies (firm_id, id),
  constraint files_contact_id_fkey foreign key (firm_id, contact_id)
  references public.contacts (firm_id, id),
  constraint files_consultant_id_fkey foreign key (firm_id, consultant_id)
  references public.consultants (firm_id, id),
  constraint files_contract_id_fkey foreign key (firm_id, contract_id)
  references public.contracts (firm_id, id),
  constraint files_series_id_fkey foreign key (firm_id, series_id)
  references public.files (firm_id, id) on delete cascade,
  constraint files_series_version_key unique (firm_id, series_id, version),
  constraint files_version_first check ((version = 1) = (series_id = id)),
  constraint files_version_range check (version > 0),
  constraint files_path_key unique (path),
  constraint files_one_parent
  check (num_nonnulls(company_id, contact_id, consultant_id, contract_id) <= 1),
  constraint files_visibility_known check (visibility in ('firm', 'managers', 'portal')),
  constraint files_portal_parent
  check (visibility <> 'portal' or num_nonnulls(consultant_id, contract_id) = 1),
  constraint files_bucket_known check (bucket = 'firm-files'),
  constraint files_path_form check (path like firm_id || '/' || id || '/_%'),
  constraint files_name_form check (private.is_file_name(name)),
  constraint files_mime_length check (char_length(mime) between 1 and 255),
  constraint files_size_bytes_range check (size_bytes > 0),
  constraint files_sha256_form check (sha256 ~ '^[0-9a-f]{64}$'),
  constraint files_status_known
  check (status in ('pending', 'processing', 'ready', 'quarantined', 'failed')),
  constraint files_reason_length check (char_length(reason) <= 64),
  constraint files_reason_required
  check (status not in ('quarantined', 'failed') or reason is not null),
  constraint files_detail_length check (char_length(detail) <= 1000),
  constraint files_page_count_range check (page_count >= 0),
  constraint files_word_count_range check (word_count >= 0),
  constraint files_text_length check (char_length(text) <= 2000000),
  constraint files_metadata_object
  check (jsonb_typeof(metadata) = 'object' and pg_column_size(metadata) <= 16384),
  constraint files_thumbnail_path_form
  check (thumbnail_path = firm_id || '/' || id || '/.thumbnail.webp'),
  constraint files_preview_count_range check (preview_count between 0 and 5),
  constraint files_previews_beside_thumbnail
  check (preview_count = 0 or thumbnail_path is not null),
  constraint files_language_known
  check (
    language in (
      'arabic', 'armenian', 'basque', 'catalan', 'danish', 'dutch', 'english', 'finnish', 'french',
      'german', 'greek', 'hindi', 'hungarian', 'indonesian', 'irish', 'italian', 'lithuanian',
      'nepali', 'norwegian', 'portuguese', 'romanian', 'russian', 'serbian', 'simple', 'spanish',
      'swedish', 'tamil', 'turkish', 'yiddish'
    )
  ),
  constraint files_hints_list
  check (
    case jsonb_typeof(hints)
      when 'array' then jsonb_array_length(hints) <= 50 and pg_column_size(hints) <= 65536
      else false
    end
  ),
  constraint files_scanned_with_length check (char_length(scanned_with) between 1 and 100)
);

create index files_firm_id_status_idx on public.files (firm_id, status) include (size_bytes);
create index files_firm_id_company_id_idx on public.files (firm_id, company_id, created_at desc)
where company_id is not null;
create index files_firm_id_contact_id_idx on public.files (firm_id, contact_id, created_at desc)
where contact_id is not null;
create index files_firm_id_consultant_id_idx
on public.files (firm_id, consultant_id, created_at desc) where consultant_id is not null;
create index files_firm_id_contract_id_idx
on public.files (firm_id, contract_id, created_at desc) where contract_id is not null;
create index files_firm_id_created_at_idx on public.files (firm_id, created_at desc, id);
create unique index files_thumbnail_path_idx on public.files (thumbnail_path);
create unique index files_current_idx on public.files (firm_id, series_id) where is_current;
create index files_firm_id_sha256_idx on public.files (firm_id, sha256) where sha256 is not null;
create index files_scanned_with_idx on public.files (scanned_with, created_at)
where status = 'ready';
create index files_pending_upload_expires_at_idx on public.files (upload_expires_at)
where status = 'pending';

-- The update policy lets members touch their own files only, so a member is enough here.
-- Giving an upload up archives it too; who began it may, a consultant in the portal as well.
create trigger files_archive before update on public.files
for each row when (old.status <> 'pending' or new.status <> 'failed')
execute function private.guard_archive('member');

create trigger files_stamp before insert or update on public.files
for each row execute function private.stamp();

alter table public.files enable row level security;

create policy files_select on public.files for select to authenticated
using (
  firm_id = any (array(select private.firm_ids('manager')))
  or (visibility <> 'managers' and firm_id = any (array(select private.firm_ids())))
  or id = any (array(select private.portal_file_ids()))
);

-- Not old versions: they follow the current one.
create policy files_update on public.files for update to authenticated
using (
  is_current
  and (
    firm_id = any (array(select private.firm_ids('manager')))
    or (
      created_by = (select auth.uid())
      and visibility = 'firm'
      and firm_id = any (array(select private.firm_ids('member')))
    )
  )
)
with check (
  is_current
  and (
    firm_id = any (array(select private.firm_ids('manager')))
    or (
      created_by = (select auth.uid())
      and visibility = 'firm'
      and firm_id = any (array(select private.firm_ids('member')))
    )
  )
);

revoke all on public.files from public, anon, authenticated, service_role;
grant select on public.files to authenticated, service_role;
grant update (name, visibility, archived_at) on public.files to authenticated;

alter publication supabase_realtime add table public.files;

comment on table public.files is
  'Documents of a company, a contact, a consultant, a contract, or the firm itself: a row for each '
  'version. Lists ask for is_current. Rows come from begin_upload; open_file lets the object be '
  'read.';
comment on column public.files.series_id is
  'The first version''s id, the same for all versions of a document.';
comment on column public.files.is_current is
  'Whether this is the version that people see: one of each series. Name, facts and status are '
  'each version''s own; where it belongs, who sees it and whether it is archived is the series''.';
comment on column public.files.visibility is
  'firm: everybody in the firm; managers: managers and above only; portal: everybody in the firm '
  'and the consultant it is about, or whose contract it belongs to. Managers share.';
comment on column public.files.path is 'Name of the object in the bucket: firm, file, safe name.';
comment on column public.files.name is 'The name people see; it may change.';
comment on column public.files.mime is 'As declared at first, as found once processed.';
comment on column public.files.status is
  'pending until uploaded, processing until the worker is done, then ready, quarantined or failed.';
comment on column public.files.reason is
  'Stable code of why a file was quarantined or failed, or what its processing waits for; of a '
  'released file why it had been quarantined.';
comment on column public.files.detail is 'The same as a sentence for people.';
comment on column public.files.sha256 is
  'Of the bytes, in hex: as announced at first, as found once processed.';
comment on column public.files.upload_expires_at is 'Until when the upload may begin.';
comment on column public.files.text is
  'Plain text of the document, for search; form feeds between pages.';
comment on column public.files.metadata is
  'What the document says of itself (title, author, dates, pixels), and flags such as '
  'no_text_layer.';
comment on column public.files.thumbnail_path is
  'Object of the small picture in the same bucket.';
comment on column public.files.preview_count is
  'How many larger pictures lie beside it: firm/file/.preview-1.webp and so on.';
comment on column public.files.language is
  'PostgreSQL''s name of the text''s language, which search uses; simple where it has none for it.';
comment on column public.files.hints is
  'Dates, amounts and parties found in a contract''s text, to suggest and nothing more: [{"kind", '
  '"value", "text", "page", "start", "end"}].';
comment on column public.files.scanned_with is
  'The signature version of the virus scanner that last found nothing, or what it found.';
comment on column public.files.ready_at is 'When the file first became ready.';
comment on column public.files.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';
