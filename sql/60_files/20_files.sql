create table public.files (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  company_id uuid,
  consultant_id uuid,
  contract_id uuid,
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
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  unique (firm_id, id),
  constraint files_company_id_fkey foreign key (firm_id, company_id)
  references public.companies (firm_id, id),
  constraint files_consultant_id_fkey foreign key (firm_id, consultant_id)
  references public.consultants (firm_id, id),
  constraint files_contract_id_fkey foreign key (firm_id, contract_id)
  references public.contracts (firm_id, id),
  constraint files_path_key unique (path),
  constraint files_one_parent check (num_nonnulls(company_id, consultant_id, contract_id) <= 1),
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
  check (thumbnail_path = firm_id || '/' || id || '/.thumbnail.webp')
);

create index files_firm_id_status_idx on public.files (firm_id, status) include (size_bytes);
create index files_firm_id_company_id_idx on public.files (firm_id, company_id, created_at desc)
where company_id is not null;
create index files_firm_id_consultant_id_idx
on public.files (firm_id, consultant_id, created_at desc) where consultant_id is not null;
create index files_firm_id_contract_id_idx
on public.files (firm_id, contract_id, created_at desc) where contract_id is not null;
create index files_firm_id_created_at_idx on public.files (firm_id, created_at desc, id);
create unique index files_thumbnail_path_idx on public.files (thumbnail_path);
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

create policy files_update on public.files for update to authenticated
using (
  firm_id = any (array(select private.firm_ids('manager')))
  or (
    created_by = (select auth.uid())
    and visibility = 'firm'
    and firm_id = any (array(select private.firm_ids('member')))
  )
)
with check (
  firm_id = any (array(select private.firm_ids('manager')))
  or (
    created_by = (select auth.uid())
    and visibility = 'firm'
    and firm_id = any (array(select private.firm_ids('member')))
  )
);

revoke all on public.files from public, anon, authenticated, service_role;
grant select on public.files to authenticated, service_role;
grant update (name, visibility, archived_at) on public.files to authenticated;

alter publication supabase_realtime add table public.files;

comment on table public.files is
  'Documents of a company, a consultant, a contract, or the firm itself. Rows come from '
  'begin_upload; the object can be read once the status is ready.';
comment on column public.files.visibility is
  'firm: everybody in the firm; managers: managers and above only; portal: everybody in the firm '
  'and the consultant it is about, or whose contract it belongs to. Managers share.';
comment on column public.files.path is 'Name of the object in the bucket: firm, file, safe name.';
comment on column public.files.name is 'The name people see; it may change.';
comment on column public.files.mime is 'As declared at first, as found once processed.';
comment on column public.files.status is
  'pending until uploaded, processing until the worker is done, then ready, quarantined or failed.';
comment on column public.files.reason is 'Stable code of why a file was quarantined or failed.';
comment on column public.files.detail is 'The same as a sentence for people.';
comment on column public.files.upload_expires_at is 'Until when the upload may begin.';
comment on column public.files.text is 'Plain text of the document, for search.';
comment on column public.files.metadata is
  'What the document says of itself (title, author, dates, pixels), and flags such as '
  'no_text_layer.';
comment on column public.files.thumbnail_path is 'Object of the preview in the same bucket.';
comment on column public.files.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';
