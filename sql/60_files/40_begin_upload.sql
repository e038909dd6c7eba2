create function private.safe_name(p_name text) returns text
language sql immutable set search_path = '' as $$
  select coalesce(
    nullif(
      ltrim(
        right(
          regexp_replace(
            regexp_replace(normalize(p_name, nfkd), '[\u0300-\u036f]', '', 'g'),
            '[^A-Za-z0-9._-]+', '-', 'g'
          ),
          100
        ),
        '.-'
      ),
      ''
    ),
    'file'
  )
$$;

revoke execute on function private.safe_name(text) from public, anon, authenticated;

comment on function private.safe_name(text) is
  'A file name as the last part of an object''s path: ASCII, not hidden, at most 100 characters '
  'with the ending kept.';

create function private.begin_upload(
  p_firm_id uuid, p_name text, p_size_bytes bigint, p_mime text,
  p_company_id uuid, p_contact_id uuid, p_consultant_id uuid, p_contract_id uuid,
  p_visibility text, p_replaces uuid, p_sha256 text
) returns public.files
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid := gen_random_uuid();
  v_bucket storage.buckets;
  v_file public.files;
  v_used bigint;
  v_open bigint;
  v_beside bigint;
  v_current public.files;
  -- Consultants send in what is about themselves.
  v_is_own boolean := p_replaces is null
  and p_visibility = 'portal'
  and private.is_portal_parent(p_firm_id, p_consultant_id, p_contract_id);
begin
  if p_replaces is not null then
    perform private.require_role(p_firm_id, 'member');
    -- A new version is where the document is, and seen by whom the document is.
    p_company_id := null;
    p_contact_id := null;
    p_consultant_id := null;
    p_contract_id := null;
    p_visibility := 'firm';
  elsif v_is_own is not true then
    perform private.require_role(
      p_firm_id, case p_visibility when 'firm' then 'member' else 'manager' end
    );
  end if;
  select * into strict v_bucket from storage.buckets where id = 'firm-files';
  if not coalesce(private.is_file_name(p_name), false) then
    perform private.fail(
      'bad_name', 'This file name cannot be used.',
      hint => 'At most 255 bytes, no slashes, no control characters, not only dots.',
      status => 422
    );
  elsif coalesce(p_size_bytes, 0) <= 0 then
    perform private.fail('file_empty', 'The file is empty.', status => 422);
  elsif p_size_bytes > v_bucket.file_size_limit then
    perform private.fail(
      'file_too_large',
      format('A file can have at most %s MB.', v_bucket.file_size_limit / 1000000),
      status => 413
    );
  elsif not coalesce(p_mime = any (v_bucket.allowed_mime_types), false) then
    perform private.fail(
      'type_not_allowed', 'Files of this type cannot be uploaded.',
      hint => 'Allowed: ' || array_to_string(v_bucket.allowed_mime_types, ', '), status => 415
    );
  elsif lower(p_sha256) !~ '^[0-9a-f]{64}$' then
    perform private.fail(
      'bad_sha256', 'This is no SHA-256.', hint => 'Give 64 hexadecimal digits.', status => 422
    );
  elsif num_nonnulls(p_company_id, p_contact_id, p_consultant_id, p_contract_id) > 1 then
    perform private.fail(
      'one_parent',
      'A file belongs to one company, contact, consultant or contract, or to the firm.',
      status => 422
    );
  elsif p_visibility = 'portal' and num_nonnulls(p_consultant_id, p_contract_id) = 0 then
    perform private.fail(
      'portal_parent', 'Only files of a consultant or a contract are shared in the portal.',
      status => 422
    );
  end if;

  if v_is_own then
    perform from public.firms where id = p_firm_id for no key update;
  else
    perform private.lock_firm(p_firm_id, 'member');
  end if;
  if p_replaces is not null then
    v_current := private.lock_document(p_replaces);
    if v_current.firm_id <> p_firm_id then
      perform private.fail('file_not_found', 'There is no such file.', status => 404);
    elsif v_current.status in ('pending', 'processing') then
      perform private.fail(
        'still_processing', 'The file to replace is not ready yet.',
        hint => 'Wait until it is, or cancel its upload.', status => 409
      );
    end if;
    p_company_id := v_current.company_id;
    p_contact_id := v_current.contact_id;
    p_consultant_id := v_current.consultant_id;
    p_contract_id := v_current.contract_id;
    p_visibility := v_current.visibility;
  end if;
  -- An upload that was given up, or announced smaller than it is, counts for the bytes that came.
  select
    coalesce(
      sum(
        case
          when f.status in ('processing', 'ready', 'quarantined') then f.size_bytes
          else greatest(
            case when f.status = 'pending' and f.upload_expires_at > now() then f.size_bytes end,
            (
              select (o.metadata ->> 'size')::bigint
              from storage.objects o
              where o.bucket_id = f.bucket and o.name = f.path
            )
          )
        end
      ),
      0
    ),
    count(*) filter (where f.status = 'pending' and f.upload_expires_at > now()),
    count(*) filter (
      where f.is_current
        and f.archived_at is null
        and f.status <> 'failed'
        and (f.company_id, f.contact_id, f.consultant_id, f.contract_id)
        is not distinct from (p_company_id, p_contact_id, p_consultant_id, p_contract_id)
    )
  into v_used, v_open, v_beside
  from public.files f
  where f.firm_id = p_firm_id;
  if v_open >= 100 then
    perform private.fail(
      'too_many_uploads', 'The firm has 100 unfinished uploads.',
      hint => 'Finish or cancel some; they expire after an hour.', status => 429
    );
  elsif v_used + p_size_bytes > (select storage_quota_bytes from public.firms where id = p_firm_id)
  then
    perform private.fail(
      'storage_quota', 'The firm''s storage is full.',
      hint => 'Ask for more storage.', status => 409
    );
  elsif p_replaces is null
    and v_beside >= (
      case num_nonnulls(p_company_id, p_contact_id, p_consultant_id, p_contract_id)
        when 0 then 10000
        else 1000
      end
    )
  then
    perform private.fail(
      'too_many_files', format('There are %s files here already.', v_beside),
      hint => 'Archive some first.', status => 409
    );
  end if;

  insert into public.files (
    id, firm_id, company_id, contact_id, consultant_id, contract_id, visibility, path, name, mime,
    size_bytes, sha256, series_id, version, is_current
  )
  values (
    v_id, p_firm_id, p_company_id, p_contact_id, p_consultant_id, p_contract_id, p_visibility,
    p_firm_id || '/' || v_id || '/' || private.safe_name(p_name), p_name, p_mime, p_size_bytes,
    lower(p_sha256),
    coalesce(v_current.series_id, v_id),
    1 + coalesce(
      (
        select max(f.version)
        from public.files f
        where f.firm_id = p_firm_id and f.series_id = v_current.series_id
      ),
      0
    ),
    -- A new version only once it is ready.
    p_replaces is null
  )
  returning * into v_file;
  return v_file;
exception when foreign_key_violation then
  perform private.fail(
    'parent_not_found', 'The firm has no such company, contact, consultant or contract.',
    status => 404
  );
end
$$;

create function public.begin_upload(
  firm_id uuid,
  name text,
  size_bytes bigint,
  mime text,
  company_id uuid default null,
  contact_id uuid default null,
  consultant_id uuid default null,
  contract_id uuid default null,
  visibility text default 'firm',
  replaces uuid default null,
  sha256 text default null,
  allow_duplicate boolean default false
) returns public.files
language sql security invoker set search_path = '' as $$
  select private.refuse_duplicate(
    firm_id, sha256, company_id, contact_id, consultant_id, contract_id, replaces
  )
  where allow_duplicate is not true;
  select private.begin_upload(
    firm_id, name, size_bytes, mime, company_id, contact_id, consultant_id, contract_id, visibility,
    replaces, sha256
  )
$$;

revoke execute on function
private.begin_upload(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text),
public.begin_upload(
  uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text, boolean
)
from public, anon, authenticated;
grant execute on function
private.begin_upload(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text),
public.begin_upload(
  uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text, boolean
)
to authenticated;

comment on function
private.begin_upload(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text) is
  'Definer of public.begin_upload.';
comment on function
public.begin_upload(
  uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text, boolean
) is
  'First step of an upload: checks rights, name, type, size and quota and returns the file row, '
  'whose bucket and path the caller may upload to within an hour. Then call finish_upload. '
  'Members; visibility managers and portal need a manager, portal about themselves or their own '
  'contract a consultant. replaces makes it a new version of that file, for whoever may change it: '
  'where it belongs and who sees it stay as they are, and it takes the place of the other one '
  'when it is ready. sha256, as the browser computed it, is compared with the bytes that come, and '
  'refuses what is in the same place already, unless allow_duplicate. Errors: bad_name, '
  'file_empty, file_too_large, type_not_allowed, bad_sha256, one_parent, parent_not_found, '
  'portal_parent, file_not_found, archived, still_processing, duplicate_file (the hint names the '
  'other file), storage_quota, too_many_files, too_many_uploads.';
