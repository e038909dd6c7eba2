SET local check_function_bodies = off;

DROP POLICY "consultants_select" ON "public"."consultants";

DROP POLICY "consultants_update" ON "public"."consultants";

DROP POLICY "files_select" ON "public"."files";

DROP TRIGGER "files_archive" ON "public"."files";

DROP INDEX "public"."contracts_active_ends_on_idx";

DROP INDEX "public"."contracts_signed_starts_on_idx";

DROP INDEX "public"."notifications_firm_id_user_id_idx";

DROP INDEX "public"."notifications_user_id_created_at_idx";

ALTER TABLE "public"."files"
  DROP CONSTRAINT "files_visibility_known";

CREATE EXTENSION IF NOT EXISTS "btree_gist" SCHEMA "extensions";

CREATE TABLE "public"."audit_log" (
  "id"         uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"    uuid                     NOT NULL,
  "actor"      uuid,
  "action"     text                     NOT NULL,
  "table_name" text                     NOT NULL,
  "row_id"     uuid                     NOT NULL,
  "columns"    text[],
  "at"         timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT "audit_log_action_known" CHECK ((action = ANY (ARRAY['insert'::text, 'update'::text, 'delete'::text]))),
  CONSTRAINT "audit_log_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "audit_log_pkey" PRIMARY KEY (id)
);

ALTER TABLE "public"."audit_log"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."audit_log" FROM "anon";

CREATE TABLE "public"."consultant_private" (
  "consultant_id" uuid                     NOT NULL,
  "firm_id"       uuid                     NOT NULL,
  "cost_rate"     numeric(12,2),
  "cost_unit"     text,
  "currency"      text,
  "tax_ref"       text,
  "bank_ref"      text,
  "created_at"    timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"    uuid,
  "updated_at"    timestamp with time zone NOT NULL DEFAULT now(),
  "updated_by"    uuid,
  CONSTRAINT "consultant_private_bank_ref_length" CHECK (((char_length(bank_ref) >= 1) AND (char_length(bank_ref) <= 128))),
  CONSTRAINT "consultant_private_cost_complete" CHECK ((num_nulls(cost_rate, cost_unit, currency) = ANY (ARRAY[0, 3]))),
  CONSTRAINT "consultant_private_cost_rate_range" CHECK ((cost_rate >= (0)::numeric)),
  CONSTRAINT "consultant_private_cost_unit_known" CHECK ((cost_unit = ANY (ARRAY['hour'::text, 'day'::text, 'month'::text]))),
  CONSTRAINT "consultant_private_currency_form" CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT "consultant_private_firm_id_consultant_id_key" UNIQUE (firm_id, consultant_id),
  CONSTRAINT "consultant_private_pkey" PRIMARY KEY (consultant_id),
  CONSTRAINT "consultant_private_tax_ref_length" CHECK (((char_length(tax_ref) >= 1) AND (char_length(tax_ref) <= 64)))
);

ALTER TABLE "public"."consultant_private"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."consultant_private" FROM "anon";

CREATE TABLE "public"."contacts" (
  "id"          uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"     uuid                     NOT NULL,
  "company_id"  uuid                     NOT NULL,
  "name"        text                     NOT NULL,
  "email"       text,
  "phone"       text,
  "position"    text,
  "is_primary"  boolean                  NOT NULL DEFAULT false,
  "created_at"  timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"  uuid,
  "updated_at"  timestamp with time zone NOT NULL DEFAULT now(),
  "updated_by"  uuid,
  "archived_at" timestamp with time zone,
  CONSTRAINT "contacts_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "contacts_name_length" CHECK (((char_length(btrim(name)) >= 1) AND (char_length(btrim(name)) <= 200))),
  CONSTRAINT "contacts_phone_form" CHECK ((phone ~ '^\+?[0-9][0-9 ()./-]{2,39}$'::text)),
  CONSTRAINT "contacts_pkey" PRIMARY KEY (id),
  CONSTRAINT "contacts_position_length" CHECK ((char_length("position") <= 200)),
  CONSTRAINT "contacts_email_form" CHECK (private.is_email(email))
);

ALTER TABLE "public"."contacts"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."contacts" FROM "anon";

CREATE TABLE "public"."contract_consultants" (
  "id"             uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"        uuid                     NOT NULL,
  "contract_id"    uuid                     NOT NULL,
  "consultant_id"  uuid                     NOT NULL,
  "period"         daterange                NOT NULL,
  "allocation_pct" integer                  NOT NULL DEFAULT 100,
  "bill_rate"      numeric(12,2),
  "bill_unit"      text,
  "created_at"     timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"     uuid,
  "updated_at"     timestamp with time zone NOT NULL DEFAULT now(),
  "updated_by"     uuid,
  "archived_at"    timestamp with time zone,
  CONSTRAINT "contract_consultants_allocation_pct_range" CHECK (((allocation_pct >= 1) AND (allocation_pct <= 100))),
  CONSTRAINT "contract_consultants_bill_complete" CHECK ((num_nulls(bill_rate, bill_unit) = ANY (ARRAY[0, 2]))),
  CONSTRAINT "contract_consultants_bill_rate_range" CHECK ((bill_rate >= (0)::numeric)),
  CONSTRAINT "contract_consultants_bill_unit_known" CHECK ((bill_unit = ANY (ARRAY['hour'::text, 'day'::text, 'month'::text]))),
  CONSTRAINT "contract_consultants_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "contract_consultants_period_begins" CHECK (((NOT isempty(period)) AND (NOT lower_inf(period)))),
  CONSTRAINT "contract_consultants_pkey" PRIMARY KEY (id)
);

ALTER TABLE "public"."contract_consultants"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."contract_consultants" FROM "anon";

CREATE TABLE "public"."contract_signers" (
  "id"          uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"     uuid                     NOT NULL,
  "contract_id" uuid                     NOT NULL,
  "name"        text                     NOT NULL,
  "email"       text                     NOT NULL,
  "role"        text                     NOT NULL,
  "sign_order"  integer                  NOT NULL DEFAULT 1,
  "status"      text                     NOT NULL DEFAULT 'pending'::text,
  "viewed_at"   timestamp with time zone,
  "decided_at"  timestamp with time zone,
  "reason"      text,
  "created_at"  timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"  uuid,
  "updated_at"  timestamp with time zone NOT NULL DEFAULT now(),
  "updated_by"  uuid,
  "archived_at" timestamp with time zone,
  CONSTRAINT "contract_signers_decided_at_known" CHECK (((status = ANY (ARRAY['signed'::text, 'declined'::text])) = (decided_at IS NOT NULL))),
  CONSTRAINT "contract_signers_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "contract_signers_name_length" CHECK (((char_length(btrim(name)) >= 1) AND (char_length(btrim(name)) <= 200))),
  CONSTRAINT "contract_signers_pkey" PRIMARY KEY (id),
  CONSTRAINT "contract_signers_reason_length" CHECK (((char_length(reason) <= 2000) AND ((reason IS NULL) OR (status = 'declined'::text)))),
  CONSTRAINT "contract_signers_role_known" CHECK ((role = ANY (ARRAY['firm'::text, 'company'::text, 'consultant'::text]))),
  CONSTRAINT "contract_signers_sign_order_range" CHECK (((sign_order >= 1) AND (sign_order <= 100))),
  CONSTRAINT "contract_signers_status_known" CHECK ((status = ANY (ARRAY['pending'::text, 'viewed'::text, 'signed'::text, 'declined'::text]))),
  CONSTRAINT "contract_signers_viewed_at_known" CHECK (((status <> 'viewed'::text) OR (viewed_at IS NOT NULL))),
  CONSTRAINT "contract_signers_email_form" CHECK ((private.is_email(email) AND (email = lower(email))))
);

ALTER TABLE "public"."contract_signers"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."contract_signers" FROM "anon";

CREATE TABLE "public"."notes" (
  "id"            uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"       uuid                     NOT NULL,
  "company_id"    uuid,
  "contact_id"    uuid,
  "consultant_id" uuid,
  "contract_id"   uuid,
  "body"          text                     NOT NULL,
  "created_at"    timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"    uuid,
  "updated_at"    timestamp with time zone NOT NULL DEFAULT now(),
  "updated_by"    uuid,
  "archived_at"   timestamp with time zone,
  CONSTRAINT "notes_body_length" CHECK (((char_length(btrim(body)) > 0) AND (char_length(body) <= 20000))),
  CONSTRAINT "notes_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "notes_one_parent" CHECK ((num_nonnulls(company_id, contact_id, consultant_id, contract_id) = 1)),
  CONSTRAINT "notes_pkey" PRIMARY KEY (id)
);

ALTER TABLE "public"."notes"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."notes" FROM "anon";

CREATE TABLE "public"."saved_views" (
  "id"          uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"     uuid                     NOT NULL,
  "name"        text                     NOT NULL,
  "entity"      text                     NOT NULL,
  "definition"  jsonb                    NOT NULL DEFAULT '{}'::jsonb,
  "shared"      boolean                  NOT NULL DEFAULT false,
  "created_at"  timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"  uuid,
  "updated_at"  timestamp with time zone NOT NULL DEFAULT now(),
  "updated_by"  uuid,
  "archived_at" timestamp with time zone,
  CONSTRAINT "saved_views_definition_size" CHECK ((pg_column_size(definition) <= 16384)),
  CONSTRAINT "saved_views_entity_known" CHECK ((entity = ANY (ARRAY['companies'::text, 'contacts'::text, 'consultants'::text, 'contracts'::text, 'files'::text, 'notes'::text]))),
  CONSTRAINT "saved_views_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "saved_views_name_length" CHECK (((char_length(btrim(name)) >= 1) AND (char_length(btrim(name)) <= 100))),
  CONSTRAINT "saved_views_pkey" PRIMARY KEY (id)
);

ALTER TABLE "public"."saved_views"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."saved_views" FROM "anon";

CREATE TABLE "public"."taggings" (
  "id"            uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"       uuid                     NOT NULL,
  "tag_id"        uuid                     NOT NULL,
  "company_id"    uuid,
  "contact_id"    uuid,
  "consultant_id" uuid,
  "contract_id"   uuid,
  "created_at"    timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"    uuid,
  "updated_at"    timestamp with time zone NOT NULL DEFAULT now(),
  "updated_by"    uuid,
  "archived_at"   timestamp with time zone,
  CONSTRAINT "taggings_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "taggings_one_parent" CHECK ((num_nonnulls(company_id, contact_id, consultant_id, contract_id) = 1)),
  CONSTRAINT "taggings_pkey" PRIMARY KEY (id)
);

ALTER TABLE "public"."taggings"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."taggings" FROM "anon";

CREATE TABLE "public"."tags" (
  "id"          uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "firm_id"     uuid                     NOT NULL,
  "name"        text                     NOT NULL,
  "color"       text,
  "created_at"  timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"  uuid,
  "updated_at"  timestamp with time zone NOT NULL DEFAULT now(),
  "updated_by"  uuid,
  "archived_at" timestamp with time zone,
  CONSTRAINT "tags_color_form" CHECK ((color ~ '^#[0-9a-f]{6}$'::text)),
  CONSTRAINT "tags_firm_id_id_key" UNIQUE (firm_id, id),
  CONSTRAINT "tags_name_form" CHECK (((name = btrim(name)) AND (name !~ '[[:cntrl:]]'::text))),
  CONSTRAINT "tags_name_length" CHECK (((char_length(name) >= 1) AND (char_length(name) <= 60))),
  CONSTRAINT "tags_pkey" PRIMARY KEY (id)
);

ALTER TABLE "public"."tags"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."tags" FROM "anon";

ALTER TABLE "public"."consultants"
  ADD COLUMN "user_id" uuid;

ALTER TABLE "public"."contracts"
  ADD COLUMN "notice_days" integer;

ALTER TABLE "public"."contracts"
  ADD COLUMN "auto_renew" boolean NOT NULL DEFAULT false;

ALTER TABLE "public"."contracts"
  ADD COLUMN "renewal_months" integer;

ALTER TABLE "public"."contracts"
  ADD COLUMN "cancel_by" date GENERATED ALWAYS AS ((ends_on - notice_days)) STORED;

ALTER TABLE "public"."contracts"
  ADD COLUMN "parent_id" uuid;

ALTER TABLE "public"."contracts"
  ADD COLUMN "parent_kind" text GENERATED ALWAYS AS (
CASE
    WHEN (parent_id IS NOT NULL) THEN 'framework'::text
    ELSE NULL::text
END) STORED;

ALTER TABLE "public"."contracts"
  ADD COLUMN "renewed_from_id" uuid;

ALTER TABLE "public"."contracts"
  ADD COLUMN "amended_from_id" uuid;

ALTER TABLE "public"."contracts"
  ADD COLUMN "version" integer NOT NULL DEFAULT 1;

CREATE OR REPLACE FUNCTION private.add_consultant_private()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  insert into public.consultant_private (consultant_id, firm_id) values (new.id, new.firm_id);
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.audit()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_old jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  v_new jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  v_row jsonb := coalesce(v_new, v_old);
  v_columns text[];
begin
  if tg_op = 'UPDATE' then
    v_columns := array(
      select n.key
      from jsonb_each(v_new) n
      where n.value is distinct from v_old -> n.key
        and n.key not in ('updated_at', 'updated_by')
      order by n.key
    );
    if v_columns = '{}' then
      return null;
    end if;
  end if;
  insert into public.audit_log (firm_id, actor, action, table_name, row_id, columns)
  select f.id, auth.uid(), lower(tg_op), tg_table_name, (v_row ->> tg_argv[0])::uuid, v_columns
  -- What goes with its firm leaves no entry: nobody would be left to read it.
  from public.firms f
  where f.id = (v_row ->> tg_argv[1])::uuid;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.begin_upload (
  p_firm_id       uuid,
  p_name          text,
  p_size_bytes    bigint,
  p_mime          text,
  p_company_id    uuid,
  p_consultant_id uuid,
  p_contract_id   uuid,
  p_visibility    text
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_id uuid := gen_random_uuid();
  v_bucket storage.buckets;
  v_file public.files;
  v_used bigint;
  v_open bigint;
  -- Consultants send in what is about themselves.
  v_is_own boolean := p_visibility = 'portal'
  and private.is_portal_parent(p_firm_id, p_consultant_id, p_contract_id);
begin
  if v_is_own is not true then
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
      format('A file can have at most %s MB.', v_bucket.file_size_limit / 1048576),
      status => 413
    );
  elsif not coalesce(p_mime = any (v_bucket.allowed_mime_types), false) then
    perform private.fail(
      'type_not_allowed', 'Files of this type cannot be uploaded.',
      hint => 'Allowed: ' || array_to_string(v_bucket.allowed_mime_types, ', '), status => 415
    );
  elsif num_nonnulls(p_company_id, p_consultant_id, p_contract_id) > 1 then
    perform private.fail(
      'one_parent', 'A file belongs to one company, consultant or contract, or to the firm.',
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
    count(*) filter (where f.status = 'pending' and f.upload_expires_at > now())
  into v_used, v_open
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
  end if;

  insert into public.files (
    id, firm_id, company_id, consultant_id, contract_id, visibility, path, name, mime, size_bytes
  )
  values (
    v_id, p_firm_id, p_company_id, p_consultant_id, p_contract_id, p_visibility,
    p_firm_id || '/' || v_id || '/' || private.safe_name(p_name), p_name, p_mime, p_size_bytes
  )
  returning * into v_file;
  return v_file;
exception when foreign_key_violation then
  perform private.fail(
    'parent_not_found', 'The firm has no such company, consultant or contract.', status => 404
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.firm_ids (
  min_role text DEFAULT 'viewer'::text
)
  RETURNS SETOF uuid
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  -- The order of private.role_rank, whose calls would double the cost of what every policy asks.
  c_roles constant text[] := array['viewer', 'member', 'manager', 'admin', 'owner'];
begin
  return query
  select m.firm_id
  from public.firm_members m
  join public.firms f on f.id = m.firm_id
  where m.user_id = (select auth.uid())
    and m.status = 'active'
    and f.status = 'active'
    and f.archived_at is null
    and array_position(c_roles, m.role) >= array_position(c_roles, min_role);
end
$function$;

CREATE OR REPLACE FUNCTION private.freeze_contract()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  -- Every other column is a term, one added later too. The generated ones are not known yet, and
  -- come from terms.
  c_free constant text[] := array[
    'status', 'signed_at', 'terminated_at', 'reason', 'archived_at', 'updated_at', 'updated_by',
    'cancel_by', 'parent_kind'
  ];
begin
  if old.status <> 'draft' and to_jsonb(new) - c_free <> to_jsonb(old) - c_free then
    perform private.fail(
      'terms_frozen', 'The terms of a contract cannot change once it has left draft.',
      hint => 'Move it back to draft if nobody signed it yet, or make a new contract.',
      status => 409
    );
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.guard_contract_part()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  -- As the caller: of a contract somebody cannot see, they learn nothing here.
  if auth.uid() is not null and exists (
    select from public.contracts k
    where k.firm_id = new.firm_id and k.id = new.contract_id and k.status <> all (tg_argv)
  ) then
    perform private.fail(
      'contract_closed', 'The contract has come too far for this change.',
      hint => 'This can be changed while it is: ' || array_to_string(tg_argv, ', ') || '.',
      status => 409
    );
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.guard_own_consultant()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  c_own constant text[] := array['phone', 'headline', 'skills', 'available_from'];
begin
  if to_jsonb(new) - c_own <> to_jsonb(old) - c_own
    and not exists (select from private.firm_ids('manager') f where f = new.firm_id)
  then
    perform private.fail(
      'not_allowed', 'The firm keeps this about you; you cannot change it.',
      hint => 'You may change: ' || array_to_string(c_own, ', ') || '.', status => 403
    );
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.is_portal_parent (
  p_firm_id       uuid,
  p_consultant_id uuid,
  p_contract_id   uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- With the firm: ids of one's own are no key to another firm.
  return exists (
    select from public.consultants c
    where c.firm_id = p_firm_id
      and c.id = p_consultant_id
      and c.id in (select private.own_consultant_ids())
  ) or exists (
    select from public.contracts k
    where k.firm_id = p_firm_id
      and k.id = p_contract_id
      and k.id in (select private.portal_contract_ids())
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.is_upload_intended (
  p_path text
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return exists (
    select from public.files f
    where f.path = p_path
      and f.status = 'pending'
      and f.upload_expires_at > now()
      and f.created_by = (select auth.uid())
      and f.firm_id in (select private.upload_firm_ids())
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.is_view_definition (
  p_definition jsonb
)
  RETURNS boolean
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
declare
  c_column constant text := '^[a-z][a-z0-9_]{0,62}$';
  v_key text;
  v_part jsonb;
begin
  if jsonb_typeof(p_definition) <> 'object'
    or p_definition - array['columns', 'filters', 'sort'] <> '{}'
  then
    return false;
  end if;
  for v_key, v_part in select d.key, d.value from jsonb_each(p_definition) d loop
    if jsonb_typeof(v_part) <> 'array' or jsonb_array_length(v_part) > 100 then
      return false;
    end if;
  end loop;
  for v_part in select e.value from jsonb_array_elements(p_definition -> 'columns') e loop
    if (jsonb_typeof(v_part) = 'string' and v_part #>> '{}' ~ c_column) is not true then
      return false;
    end if;
  end loop;
  for v_part in select e.value from jsonb_array_elements(p_definition -> 'sort') e loop
    if (
      jsonb_typeof(v_part) = 'object'
      and v_part - array['column', 'direction'] = '{}'
      and v_part ->> 'column' ~ c_column
      and v_part ->> 'direction' in ('asc', 'desc')
    ) is not true then
      return false;
    end if;
  end loop;
  for v_part in select e.value from jsonb_array_elements(p_definition -> 'filters') e loop
    if (
      jsonb_typeof(v_part) = 'object'
      and v_part - array['column', 'operator', 'value'] = '{}'
      and v_part ->> 'column' ~ c_column
      and v_part ->> 'operator' in (
        'eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in', 'is', 'like', 'ilike'
      )
      and (jsonb_typeof(v_part -> 'value') = 'array') = (v_part ->> 'operator' = 'in')
      and jsonb_typeof(v_part -> 'value') <> 'object'
    ) is not true then
      return false;
    end if;
    -- The values of a list are plain ones; a path that is not strict would look inside a list.
    if v_part ->> 'operator' = 'in' and jsonb_path_exists(
      v_part, 'strict $.value[*] ? (@.type() == "object" || @.type() == "array")'
    ) then
      return false;
    end if;
  end loop;
  return true;
end
$function$;

CREATE OR REPLACE FUNCTION private.keep_one_primary()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  if tg_op = 'INSERT' or (old.company_id = new.company_id and not old.is_primary) then
    -- Named now: the one before steps back.
    update public.contacts
    set is_primary = false
    where firm_id = new.firm_id
      and company_id = new.company_id
      and is_primary
      and archived_at is null
      and id <> new.id;
  elsif exists (
    select from public.contacts c
    where c.firm_id = new.firm_id
      and c.company_id = new.company_id
      and c.is_primary
      and c.archived_at is null
      and c.id <> new.id
  ) then
    -- Moved here by a merge, or restored: the one who is there stays.
    new.is_primary := false;
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.link_consultant (
  p_consultant_id uuid,
  p_user_id       uuid
)
  RETURNS public.consultants
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_consultant public.consultants;
begin
  select * into v_consultant
  from public.consultants
  where id = p_consultant_id and firm_id = any (array(select private.firm_ids()))
  for update;
  if not found then
    perform private.fail('consultant_not_found', 'There is no such consultant.', status => 404);
  end if;
  perform private.require_role(v_consultant.firm_id, 'admin');
  if p_user_id is not null and not exists (
    select from auth.users u where u.id = p_user_id and u.email_confirmed_at is not null
  ) then
    perform private.fail(
      'user_not_found', 'There is no account with this id.',
      hint => 'People find their id in their profile.', status => 404
    );
  end if;
  update public.consultants
  set user_id = p_user_id
  where id = p_consultant_id
  returning * into v_consultant;
  return v_consultant;
exception when unique_violation then
  perform private.fail(
    'user_linked', 'This account is another consultant of the firm already.',
    hint => 'Unlink the other one first.', status => 409
  );
end
$function$;

CREATE OR REPLACE FUNCTION private.lock_upload (
  p_file_id uuid
)
  RETURNS public.files
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  v_file public.files;
begin
  select * into v_file
  from public.files
  where id = p_file_id
    and created_by = auth.uid()
    -- The row is returned: to nobody who could not read it otherwise.
    and firm_id = any (
      case visibility
        when 'firm' then array(select private.firm_ids('member'))
        when 'managers' then array(select private.firm_ids('manager'))
        else array(select private.upload_firm_ids())
      end
    )
  for update;
  if not found then
    perform private.fail('upload_not_found', 'You began no such upload.', status => 404);
  end if;
  return v_file;
end
$function$;

CREATE OR REPLACE FUNCTION private.own_consultant_ids()
  RETURNS SETOF uuid
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return query
  select c.id
  from public.consultants c
  join public.firms f on f.id = c.firm_id
  where c.user_id = (select auth.uid())
    and c.status <> 'inactive'
    and c.archived_at is null
    and f.status = 'active'
    and f.archived_at is null
    -- A member who is suspended has no way around it through the portal.
    and not exists (
      select from public.firm_members m
      where m.firm_id = c.firm_id and m.user_id = c.user_id and m.status <> 'active'
    );
end
$function$;

CREATE OR REPLACE FUNCTION private.portal_contract_ids()
  RETURNS SETOF uuid
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return query
  select k.id
  from public.consultants c
  join public.contracts k on k.firm_id = c.firm_id and k.consultant_id = c.id
  where c.id in (select private.own_consultant_ids())
    -- What a client pays the firm for somebody is not theirs to read.
    and k.kind in ('consultant', 'nda')
    and k.status in ('sent', 'signed', 'active', 'expired', 'terminated')
    and k.archived_at is null;
end
$function$;

CREATE OR REPLACE FUNCTION private.portal_contracts()
  RETURNS TABLE (
    id            uuid,
    firm_id       uuid,
    firm_name     text,
    consultant_id uuid,
    number        integer,
    title         text,
    kind          text,
    status        text,
    company_name  text,
    starts_on     date,
    ends_on       date,
    notice_days   integer,
    rate          numeric,
    rate_unit     text,
    currency      text,
    signed_at     timestamp with time zone,
    terminated_at timestamp with time zone
  )
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
#variable_conflict use_column
begin
  return query
  select
    k.id, k.firm_id, f.name, k.consultant_id, k.number, k.title,
    k.kind, k.status, o.name, k.starts_on, k.ends_on, k.notice_days,
    k.rate, k.rate_unit, k.currency, k.signed_at, k.terminated_at
  from public.contracts k
  join public.firms f on f.id = k.firm_id
  left join public.companies o on o.firm_id = k.firm_id and o.id = k.company_id
  where k.id = any (array(select private.portal_contract_ids()));
end
$function$;

CREATE OR REPLACE FUNCTION private.portal_file_ids()
  RETURNS SETOF uuid
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return query
  select f.id
  from public.consultants c
  join public.files f on f.firm_id = c.firm_id and f.consultant_id = c.id
  where c.id in (select private.own_consultant_ids())
    and f.visibility = 'portal' and f.status = 'ready' and f.archived_at is null
  union all
  select f.id
  from public.contracts k
  join public.files f on f.firm_id = k.firm_id and f.contract_id = k.id
  where k.id in (select private.portal_contract_ids())
    and f.visibility = 'portal' and f.status = 'ready' and f.archived_at is null;
end
$function$;

CREATE OR REPLACE FUNCTION private.upload_firm_ids()
  RETURNS SETOF uuid
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return query
  select f from private.firm_ids('member') f
  union
  select c.firm_id
  from public.consultants c
  where c.id in (select private.own_consultant_ids());
end
$function$;

CREATE OR REPLACE FUNCTION public.link_consultant (
  consultant_id uuid,
  user_id       uuid DEFAULT NULL::uuid
)
  RETURNS public.consultants
  LANGUAGE sql
  SET search_path TO ''
  AS $function$
  select private.link_consultant(consultant_id, user_id)
$function$;

REVOKE ALL ON FUNCTION "public"."link_consultant"(uuid, uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.portal_contracts()
  RETURNS TABLE (
    id            uuid,
    firm_id       uuid,
    firm_name     text,
    consultant_id uuid,
    number        integer,
    title         text,
    kind          text,
    status        text,
    company_name  text,
    starts_on     date,
    ends_on       date,
    notice_days   integer,
    rate          numeric,
    rate_unit     text,
    currency      text,
    signed_at     timestamp with time zone,
    terminated_at timestamp with time zone
  )
  LANGUAGE sql
  STABLE
  SET search_path TO ''
  AS $function$
  select * from private.portal_contracts()
$function$;

REVOKE ALL ON FUNCTION "public"."portal_contracts"() FROM PUBLIC, "anon", "service_role";

ALTER TABLE "public"."audit_log"
  ADD CONSTRAINT "audit_log_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."consultant_private"
  ADD CONSTRAINT "consultant_private_consultant_id_fkey" FOREIGN KEY (firm_id, consultant_id) REFERENCES public.consultants(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."consultant_private"
  ADD CONSTRAINT "consultant_private_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."consultants"
  ADD CONSTRAINT "consultants_user_id_fkey" FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE SET NULL;

ALTER TABLE "public"."contacts"
  ADD CONSTRAINT "contacts_company_id_fkey" FOREIGN KEY (firm_id, company_id) REFERENCES public.companies(firm_id, id);

ALTER TABLE "public"."contacts"
  ADD CONSTRAINT "contacts_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."contract_consultants"
  ADD CONSTRAINT "contract_consultants_consultant_id_fkey" FOREIGN KEY (firm_id, consultant_id) REFERENCES public.consultants(firm_id, id);

ALTER TABLE "public"."contract_consultants"
  ADD CONSTRAINT "contract_consultants_contract_id_fkey" FOREIGN KEY (firm_id, contract_id) REFERENCES public.contracts(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."contract_consultants"
  ADD CONSTRAINT "contract_consultants_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."contract_consultants"
  ADD CONSTRAINT "contract_consultants_once" EXCLUDE USING gist (firm_id WITH =, contract_id WITH =, consultant_id WITH =, period WITH &&) WHERE ((archived_at IS NULL));

ALTER TABLE "public"."contract_signers"
  ADD CONSTRAINT "contract_signers_contract_id_fkey" FOREIGN KEY (firm_id, contract_id) REFERENCES public.contracts(firm_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."contract_signers"
  ADD CONSTRAINT "contract_signers_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_amended_from_id_fkey" FOREIGN KEY (firm_id, amended_from_id) REFERENCES public.contracts(firm_id, id);

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_amended_from_id_other" CHECK ((amended_from_id <> id));

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_auto_renew_complete" CHECK (((NOT auto_renew) OR (num_nonnulls(ends_on, renewal_months) = 2)));

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_kind_key" UNIQUE (firm_id, id, kind);

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_notice_days_range" CHECK (((notice_days >= 0) AND (notice_days <= 3650)));

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_one_origin" CHECK ((num_nonnulls(renewed_from_id, amended_from_id) <= 1));

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_parent_id_fkey" FOREIGN KEY (firm_id, parent_id, parent_kind) REFERENCES public.contracts(firm_id, id, kind);

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_parent_id_of_framework" CHECK (((kind <> 'framework'::text) OR (parent_id IS NULL)));

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_renewal_months_range" CHECK (((renewal_months >= 1) AND (renewal_months <= 120)));

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_renewed_from_id_fkey" FOREIGN KEY (firm_id, renewed_from_id) REFERENCES public.contracts(firm_id, id);

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_renewed_from_id_other" CHECK ((renewed_from_id <> id));

ALTER TABLE "public"."contracts"
  ADD CONSTRAINT "contracts_version_order" CHECK (((version >= 1) AND ((version = 1) = (amended_from_id IS NULL))));

ALTER TABLE "public"."files"
  ADD CONSTRAINT "files_portal_parent" CHECK (((visibility <> 'portal'::text) OR (num_nonnulls(consultant_id, contract_id) = 1)));

ALTER TABLE "public"."files"
  ADD CONSTRAINT "files_visibility_known" CHECK ((visibility = ANY (ARRAY['firm'::text, 'managers'::text, 'portal'::text])));

ALTER TABLE "public"."notes"
  ADD CONSTRAINT "notes_company_id_fkey" FOREIGN KEY (firm_id, company_id) REFERENCES public.companies(firm_id, id);

ALTER TABLE "public"."notes"
  ADD CONSTRAINT "notes_consultant_id_fkey" FOREIGN KEY (firm_id, consultant_id) REFERENCES public.consultants(firm_id, id);

ALTER TABLE "public"."notes"
  ADD CONSTRAINT "notes_contact_id_fkey" FOREIGN KEY (firm_id, contact_id) REFERENCES public.contacts(firm_id, id);

ALTER TABLE "public"."notes"
  ADD CONSTRAINT "notes_contract_id_fkey" FOREIGN KEY (firm_id, contract_id) REFERENCES public.contracts(firm_id, id);

ALTER TABLE "public"."notes"
  ADD CONSTRAINT "notes_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."saved_views"
  ADD CONSTRAINT "saved_views_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."taggings"
  ADD CONSTRAINT "taggings_company_id_fkey" FOREIGN KEY (firm_id, company_id) REFERENCES public.companies(firm_id, id);

ALTER TABLE "public"."taggings"
  ADD CONSTRAINT "taggings_consultant_id_fkey" FOREIGN KEY (firm_id, consultant_id) REFERENCES public.consultants(firm_id, id);

ALTER TABLE "public"."taggings"
  ADD CONSTRAINT "taggings_contact_id_fkey" FOREIGN KEY (firm_id, contact_id) REFERENCES public.contacts(firm_id, id);

ALTER TABLE "public"."taggings"
  ADD CONSTRAINT "taggings_contract_id_fkey" FOREIGN KEY (firm_id, contract_id) REFERENCES public.contracts(firm_id, id);

ALTER TABLE "public"."taggings"
  ADD CONSTRAINT "taggings_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."tags"
  ADD CONSTRAINT "tags_firm_id_fkey" FOREIGN KEY (firm_id) REFERENCES public.firms(id) ON DELETE CASCADE;

ALTER TABLE "public"."taggings"
  ADD CONSTRAINT "taggings_tag_id_fkey" FOREIGN KEY (firm_id, tag_id) REFERENCES public.tags(firm_id, id);

CREATE INDEX audit_log_firm_id_actor_at_idx ON public.audit_log USING btree (firm_id, actor, at DESC);

CREATE INDEX audit_log_firm_id_at_idx ON public.audit_log USING btree (firm_id, at DESC, id);

CREATE INDEX audit_log_firm_id_row_id_at_idx ON public.audit_log USING btree (firm_id, row_id, at DESC);

CREATE UNIQUE INDEX consultants_firm_id_user_id_idx ON public.consultants USING btree (firm_id, user_id)
  WHERE (archived_at IS NULL);

CREATE INDEX consultants_user_id_idx ON public.consultants USING btree (user_id);

CREATE INDEX contacts_firm_id_company_id_idx ON public.contacts USING btree (firm_id, company_id);

CREATE INDEX contacts_firm_id_created_at_idx ON public.contacts USING btree (firm_id, created_at DESC, id);

CREATE INDEX contacts_firm_id_email_idx ON public.contacts USING btree (firm_id, email);

CREATE UNIQUE INDEX contacts_primary_idx ON public.contacts USING btree (firm_id, company_id)
  WHERE (is_primary AND (archived_at IS NULL));

CREATE INDEX contract_consultants_firm_id_consultant_id_idx ON public.contract_consultants USING btree (firm_id, consultant_id);

CREATE INDEX contract_consultants_firm_id_contract_id_idx ON public.contract_consultants USING btree (firm_id, contract_id);

CREATE INDEX contract_consultants_firm_id_created_at_idx ON public.contract_consultants USING btree (firm_id, created_at DESC, id);

CREATE UNIQUE INDEX contract_signers_email_idx ON public.contract_signers USING btree (firm_id, contract_id, email)
  WHERE (archived_at IS NULL);

CREATE INDEX contract_signers_firm_id_contract_id_idx ON public.contract_signers USING btree (firm_id, contract_id, sign_order);

CREATE INDEX contract_signers_firm_id_created_at_idx ON public.contract_signers USING btree (firm_id, created_at DESC, id);

CREATE INDEX contracts_active_ends_on_idx ON public.contracts USING btree (ends_on)
  WHERE ((status = 'active'::text) AND (ends_on IS NOT NULL));

CREATE INDEX contracts_firm_id_amended_from_id_idx ON public.contracts USING btree (firm_id, amended_from_id);

CREATE INDEX contracts_firm_id_cancel_by_idx ON public.contracts USING btree (firm_id, cancel_by)
  WHERE ((status = 'active'::text) AND auto_renew);

CREATE INDEX contracts_firm_id_parent_id_idx ON public.contracts USING btree (firm_id, parent_id, parent_kind);

CREATE INDEX contracts_firm_id_renewed_from_id_idx ON public.contracts USING btree (firm_id, renewed_from_id);

CREATE INDEX contracts_signed_starts_on_idx ON public.contracts USING btree (starts_on)
  WHERE ((status = 'signed'::text) AND (starts_on IS NOT NULL));

CREATE INDEX notes_firm_id_company_id_idx ON public.notes USING btree (firm_id, company_id, created_at DESC);

CREATE INDEX notes_firm_id_consultant_id_idx ON public.notes USING btree (firm_id, consultant_id, created_at DESC);

CREATE INDEX notes_firm_id_contact_id_idx ON public.notes USING btree (firm_id, contact_id, created_at DESC);

CREATE INDEX notes_firm_id_contract_id_idx ON public.notes USING btree (firm_id, contract_id, created_at DESC);

CREATE INDEX notes_firm_id_created_at_idx ON public.notes USING btree (firm_id, created_at DESC, id);

CREATE INDEX notifications_firm_id_user_id_created_at_idx ON public.notifications USING btree (firm_id, user_id, created_at DESC, id);

CREATE INDEX saved_views_firm_id_created_at_idx ON public.saved_views USING btree (firm_id, created_at DESC, id);

CREATE INDEX saved_views_firm_id_entity_idx ON public.saved_views USING btree (firm_id, entity, created_by);

CREATE UNIQUE INDEX saved_views_name_idx ON public.saved_views USING btree (firm_id, created_by, entity, name)
  WHERE (archived_at IS NULL);

CREATE INDEX taggings_firm_id_company_id_idx ON public.taggings USING btree (firm_id, company_id);

CREATE INDEX taggings_firm_id_consultant_id_idx ON public.taggings USING btree (firm_id, consultant_id);

CREATE INDEX taggings_firm_id_contact_id_idx ON public.taggings USING btree (firm_id, contact_id);

CREATE INDEX taggings_firm_id_contract_id_idx ON public.taggings USING btree (firm_id, contract_id);

CREATE INDEX taggings_firm_id_tag_id_idx ON public.taggings USING btree (firm_id, tag_id);

CREATE UNIQUE INDEX taggings_once_idx ON public.taggings USING btree (firm_id, tag_id, company_id, contact_id, consultant_id, contract_id) NULLS NOT DISTINCT
  WHERE (archived_at IS NULL);

CREATE INDEX tags_firm_id_created_at_idx ON public.tags USING btree (firm_id, created_at DESC, id);

CREATE UNIQUE INDEX tags_firm_id_name_idx ON public.tags USING btree (firm_id, lower(name))
  WHERE (archived_at IS NULL);

CREATE TRIGGER companies_audit
  AFTER INSERT OR DELETE OR UPDATE ON public.companies
  FOR EACH ROW
  EXECUTE FUNCTION private.audit('id', 'firm_id');

CREATE TRIGGER consultant_private_audit
  AFTER DELETE OR UPDATE ON public.consultant_private
  FOR EACH ROW
  EXECUTE FUNCTION private.audit('consultant_id', 'firm_id');

CREATE TRIGGER consultant_private_stamp
  BEFORE INSERT OR UPDATE ON public.consultant_private
  FOR EACH ROW
  EXECUTE FUNCTION private.stamp();

CREATE TRIGGER consultants_allowed
  BEFORE UPDATE ON public.consultants
  FOR EACH ROW
  WHEN ((old.user_id = auth.uid()))
  EXECUTE FUNCTION private.guard_own_consultant();

CREATE TRIGGER consultants_audit
  AFTER INSERT OR DELETE OR UPDATE ON public.consultants
  FOR EACH ROW
  EXECUTE FUNCTION private.audit('id', 'firm_id');

CREATE TRIGGER consultants_private
  AFTER INSERT ON public.consultants
  FOR EACH ROW
  EXECUTE FUNCTION private.add_consultant_private();

CREATE TRIGGER contacts_archive
  BEFORE UPDATE ON public.contacts
  FOR EACH ROW
  EXECUTE FUNCTION private.guard_archive('manager');

CREATE TRIGGER contacts_audit
  AFTER INSERT OR DELETE OR UPDATE ON public.contacts
  FOR EACH ROW
  EXECUTE FUNCTION private.audit('id', 'firm_id');

CREATE TRIGGER contacts_primary
  BEFORE INSERT OR UPDATE ON public.contacts
  FOR EACH ROW
  WHEN ((new.is_primary AND (new.archived_at IS NULL)))
  EXECUTE FUNCTION private.keep_one_primary();

CREATE TRIGGER contacts_stamp
  BEFORE INSERT OR UPDATE ON public.contacts
  FOR EACH ROW
  EXECUTE FUNCTION private.stamp();

CREATE TRIGGER contract_consultants_archive
  BEFORE UPDATE ON public.contract_consultants
  FOR EACH ROW
  EXECUTE FUNCTION private.guard_archive('manager');

CREATE TRIGGER contract_consultants_audit
  AFTER INSERT OR DELETE OR UPDATE ON public.contract_consultants
  FOR EACH ROW
  EXECUTE FUNCTION private.audit('id', 'firm_id');

CREATE TRIGGER contract_consultants_open
  BEFORE INSERT OR UPDATE ON public.contract_consultants
  FOR EACH ROW
  EXECUTE FUNCTION private.guard_contract_part('draft', 'in_review', 'sent', 'signed', 'active');

CREATE TRIGGER contract_consultants_stamp
  BEFORE INSERT OR UPDATE ON public.contract_consultants
  FOR EACH ROW
  EXECUTE FUNCTION private.stamp();

CREATE TRIGGER contract_signers_archive
  BEFORE UPDATE ON public.contract_signers
  FOR EACH ROW
  EXECUTE FUNCTION private.guard_archive('manager');

CREATE TRIGGER contract_signers_audit
  AFTER INSERT OR DELETE OR UPDATE ON public.contract_signers
  FOR EACH ROW
  EXECUTE FUNCTION private.audit('id', 'firm_id');

CREATE TRIGGER contract_signers_open
  BEFORE INSERT OR UPDATE ON public.contract_signers
  FOR EACH ROW
  EXECUTE FUNCTION private.guard_contract_part('draft', 'in_review');

CREATE TRIGGER contract_signers_stamp
  BEFORE INSERT OR UPDATE ON public.contract_signers
  FOR EACH ROW
  EXECUTE FUNCTION private.stamp();

CREATE TRIGGER contracts_audit
  AFTER INSERT OR DELETE OR UPDATE ON public.contracts
  FOR EACH ROW
  EXECUTE FUNCTION private.audit('id', 'firm_id');

CREATE TRIGGER files_archive
  BEFORE UPDATE ON public.files
  FOR EACH ROW
  WHEN (((old.status <> 'pending'::text) OR (new.status <> 'failed'::text)))
  EXECUTE FUNCTION private.guard_archive('member');

CREATE TRIGGER files_audit
  AFTER INSERT OR DELETE OR UPDATE OF name, visibility, archived_at ON public.files
  FOR EACH ROW
  EXECUTE FUNCTION private.audit('id', 'firm_id');

CREATE TRIGGER firm_members_audit
  AFTER INSERT OR DELETE OR UPDATE ON public.firm_members
  FOR EACH ROW
  EXECUTE FUNCTION private.audit('user_id', 'firm_id');

CREATE TRIGGER firms_audit
  AFTER INSERT OR UPDATE ON public.firms
  FOR EACH ROW
  EXECUTE FUNCTION private.audit('id', 'id');

CREATE TRIGGER invitations_audit
  AFTER INSERT OR DELETE OR UPDATE ON public.invitations
  FOR EACH ROW
  EXECUTE FUNCTION private.audit('id', 'firm_id');

CREATE TRIGGER notes_archive
  BEFORE UPDATE ON public.notes
  FOR EACH ROW
  EXECUTE FUNCTION private.guard_archive('member');

CREATE TRIGGER notes_stamp
  BEFORE INSERT OR UPDATE ON public.notes
  FOR EACH ROW
  EXECUTE FUNCTION private.stamp();

CREATE TRIGGER saved_views_archive
  BEFORE UPDATE ON public.saved_views
  FOR EACH ROW
  EXECUTE FUNCTION private.guard_archive('viewer');

CREATE TRIGGER saved_views_stamp
  BEFORE INSERT OR UPDATE ON public.saved_views
  FOR EACH ROW
  EXECUTE FUNCTION private.stamp();

CREATE TRIGGER taggings_archive
  BEFORE UPDATE ON public.taggings
  FOR EACH ROW
  EXECUTE FUNCTION private.guard_archive('member');

CREATE TRIGGER taggings_stamp
  BEFORE INSERT OR UPDATE ON public.taggings
  FOR EACH ROW
  EXECUTE FUNCTION private.stamp();

CREATE TRIGGER tags_archive
  BEFORE UPDATE ON public.tags
  FOR EACH ROW
  EXECUTE FUNCTION private.guard_archive('member');

CREATE TRIGGER tags_stamp
  BEFORE INSERT OR UPDATE ON public.tags
  FOR EACH ROW
  EXECUTE FUNCTION private.stamp();

CREATE POLICY "audit_log_select" ON "public"."audit_log"
  FOR SELECT
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids('admin'::text) AS firm_ids))));

CREATE POLICY "consultant_private_select" ON "public"."consultant_private"
  FOR SELECT
  TO "authenticated"
  USING
    (((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))) OR (consultant_id = ANY (ARRAY( SELECT private.own_consultant_ids() AS own_consultant_ids)))));

CREATE POLICY "consultant_private_update" ON "public"."consultant_private"
  FOR UPDATE
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))))
  WITH CHECK ((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))));

CREATE POLICY "consultants_select" ON "public"."consultants"
  FOR SELECT
  TO "authenticated"
  USING (((firm_id = ANY (ARRAY( SELECT private.firm_ids() AS firm_ids))) OR (id = ANY (ARRAY( SELECT private.own_consultant_ids() AS own_consultant_ids)))));

CREATE POLICY "consultants_update" ON "public"."consultants"
  FOR UPDATE
  TO "authenticated"
  USING (((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))) OR (id = ANY (ARRAY( SELECT private.own_consultant_ids() AS own_consultant_ids)))))
  WITH CHECK (((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))) OR (id = ANY (ARRAY( SELECT private.own_consultant_ids() AS own_consultant_ids)))));

CREATE POLICY "contacts_insert" ON "public"."contacts"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((firm_id = ANY (ARRAY( SELECT private.firm_ids('member'::text) AS firm_ids))));

CREATE POLICY "contacts_select" ON "public"."contacts"
  FOR SELECT
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids() AS firm_ids))));

CREATE POLICY "contacts_update" ON "public"."contacts"
  FOR UPDATE
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids('member'::text) AS firm_ids))))
  WITH CHECK ((firm_id = ANY (ARRAY( SELECT private.firm_ids('member'::text) AS firm_ids))));

CREATE POLICY "contract_consultants_insert" ON "public"."contract_consultants"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))));

CREATE POLICY "contract_consultants_select" ON "public"."contract_consultants"
  FOR SELECT
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids() AS firm_ids))));

CREATE POLICY "contract_consultants_update" ON "public"."contract_consultants"
  FOR UPDATE
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))))
  WITH CHECK ((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))));

CREATE POLICY "contract_signers_insert" ON "public"."contract_signers"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))));

CREATE POLICY "contract_signers_select" ON "public"."contract_signers"
  FOR SELECT
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids() AS firm_ids))));

CREATE POLICY "contract_signers_update" ON "public"."contract_signers"
  FOR UPDATE
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))))
  WITH CHECK ((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))));

CREATE POLICY "files_select" ON "public"."files"
  FOR SELECT
  TO "authenticated"
  USING
    (((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))) OR ((visibility <> 'managers'::text) AND (firm_id = ANY (ARRAY( SELECT private.firm_ids() AS
    firm_ids)))) OR (id = ANY (ARRAY( SELECT private.portal_file_ids() AS portal_file_ids)))));

CREATE POLICY "notes_insert" ON "public"."notes"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((firm_id = ANY (ARRAY( SELECT private.firm_ids('member'::text) AS firm_ids))));

CREATE POLICY "notes_select" ON "public"."notes"
  FOR SELECT
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids() AS firm_ids))));

CREATE POLICY "notes_update" ON "public"."notes"
  FOR UPDATE
  TO "authenticated"
  USING
    (((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))) OR ((created_by = ( SELECT auth.uid() AS uid)) AND (firm_id = ANY (ARRAY( SELECT
    private.firm_ids('member'::text) AS firm_ids))))))
  WITH
    CHECK
    (((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))) OR ((created_by = ( SELECT auth.uid() AS uid)) AND (firm_id = ANY (ARRAY( SELECT
    private.firm_ids('member'::text) AS firm_ids))))));

CREATE POLICY "saved_views_insert" ON "public"."saved_views"
  FOR INSERT
  TO "authenticated"
  WITH CHECK (((firm_id = ANY (ARRAY( SELECT private.firm_ids('member'::text) AS firm_ids))) OR ((NOT shared) AND (firm_id = ANY (ARRAY( SELECT private.firm_ids() AS firm_ids))))));

CREATE POLICY "saved_views_select" ON "public"."saved_views"
  FOR SELECT
  TO "authenticated"
  USING (((firm_id = ANY (ARRAY( SELECT private.firm_ids() AS firm_ids))) AND (shared OR (created_by = ( SELECT auth.uid() AS uid)))));

CREATE POLICY "saved_views_update" ON "public"."saved_views"
  FOR UPDATE
  TO "authenticated"
  USING
    (((shared AND (firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids)))) OR ((created_by = ( SELECT auth.uid() AS uid)) AND (firm_id = ANY (ARRAY( SELECT
    private.firm_ids() AS firm_ids))))))
  WITH
    CHECK
    (((shared AND (firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids)))) OR ((created_by = ( SELECT auth.uid() AS uid)) AND ((firm_id = ANY (ARRAY( SELECT
    private.firm_ids('member'::text) AS firm_ids))) OR ((NOT shared) AND (firm_id = ANY (ARRAY( SELECT private.firm_ids() AS firm_ids))))))));

CREATE POLICY "taggings_insert" ON "public"."taggings"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((firm_id = ANY (ARRAY( SELECT private.firm_ids('member'::text) AS firm_ids))));

CREATE POLICY "taggings_select" ON "public"."taggings"
  FOR SELECT
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids() AS firm_ids))));

CREATE POLICY "taggings_update" ON "public"."taggings"
  FOR UPDATE
  TO "authenticated"
  USING
    (((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))) OR ((created_by = ( SELECT auth.uid() AS uid)) AND (firm_id = ANY (ARRAY( SELECT
    private.firm_ids('member'::text) AS firm_ids))))))
  WITH
    CHECK
    (((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))) OR ((created_by = ( SELECT auth.uid() AS uid)) AND (firm_id = ANY (ARRAY( SELECT
    private.firm_ids('member'::text) AS firm_ids))))));

CREATE POLICY "tags_insert" ON "public"."tags"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((firm_id = ANY (ARRAY( SELECT private.firm_ids('member'::text) AS firm_ids))));

CREATE POLICY "tags_select" ON "public"."tags"
  FOR SELECT
  TO "authenticated"
  USING ((firm_id = ANY (ARRAY( SELECT private.firm_ids() AS firm_ids))));

CREATE POLICY "tags_update" ON "public"."tags"
  FOR UPDATE
  TO "authenticated"
  USING
    (((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))) OR ((created_by = ( SELECT auth.uid() AS uid)) AND (firm_id = ANY (ARRAY( SELECT
    private.firm_ids('member'::text) AS firm_ids))))))
  WITH
    CHECK
    (((firm_id = ANY (ARRAY( SELECT private.firm_ids('manager'::text) AS firm_ids))) OR ((created_by = ( SELECT auth.uid() AS uid)) AND (firm_id = ANY (ARRAY( SELECT
    private.firm_ids('member'::text) AS firm_ids))))));

ALTER PUBLICATION "supabase_realtime" ADD TABLE "public"."notes";

COMMENT ON COLUMN "public"."audit_log"."actor" IS 'The user who did it; null for the system.';

COMMENT ON COLUMN "public"."audit_log"."columns" IS 'What an update changed; null otherwise.';

COMMENT ON COLUMN "public"."audit_log"."row_id" IS 'Id of the row; of a membership the user''s, of private facts the consultant''s.';

COMMENT ON COLUMN "public"."consultant_private"."bank_ref" IS 'IBAN, or the name of the account in another system.';

COMMENT ON COLUMN "public"."consultant_private"."cost_rate" IS 'Per cost_unit, in currency: all three, or none.';

COMMENT ON COLUMN "public"."consultant_private"."tax_ref" IS 'Tax number, or where it is kept.';

COMMENT ON COLUMN "public"."consultants"."user_id" IS 'The account of the person, for the portal; link_consultant sets it.';

COMMENT ON COLUMN "public"."contacts"."archived_at" IS 'Set any time to archive, null to restore; the server keeps its own clock.';

COMMENT ON COLUMN "public"."contacts"."is_primary" IS 'Whom to ask first. Setting it takes it from the contact of the company who had it.';

COMMENT ON COLUMN "public"."contacts"."position" IS 'What the person does there, such as Head of IT.';

COMMENT ON COLUMN "public"."contract_consultants"."allocation_pct" IS 'Share of full time, 1 to 100.';

COMMENT ON COLUMN "public"."contract_consultants"."archived_at" IS 'Set any time to archive, null to restore; the server keeps its own clock.';

COMMENT ON COLUMN "public"."contract_consultants"."bill_rate" IS 'What the client pays per bill_unit, in the contract''s currency.';

COMMENT ON COLUMN "public"."contract_consultants"."period" IS 'Days in the firm''s time zone, such as [2026-01-01,2026-03-31]. One consultant has no two overlapping periods on one contract.';

COMMENT ON COLUMN "public"."contract_signers"."archived_at" IS 'Set any time to archive, null to restore; the server keeps its own clock.';

COMMENT ON COLUMN "public"."contract_signers"."reason" IS 'Why somebody declined.';

COMMENT ON COLUMN "public"."contract_signers"."role" IS 'For whom: firm, company or consultant.';

COMMENT ON COLUMN "public"."contract_signers"."sign_order" IS 'Lower ones sign first; equal ones in any order.';

COMMENT ON COLUMN "public"."contract_signers"."status" IS 'pending, viewed, signed or declined.';

COMMENT ON COLUMN "public"."contracts"."amended_from_id" IS 'The version before, which it replaces.';

COMMENT ON COLUMN "public"."contracts"."auto_renew" IS 'Whether it goes on for renewal_months after ends_on unless somebody cancels it.';

COMMENT ON COLUMN "public"."contracts"."cancel_by" IS 'Last day to cancel, from ends_on and notice_days; null while one of them is.';

COMMENT ON COLUMN "public"."contracts"."notice_days" IS 'How many days before its last day the contract can still be cancelled.';

COMMENT ON COLUMN "public"."contracts"."parent_id" IS 'The framework contract it falls under.';

COMMENT ON COLUMN "public"."contracts"."parent_kind" IS 'framework where there is a parent: part of the key that allows no other kind.';

COMMENT ON COLUMN "public"."contracts"."renewed_from_id" IS 'The contract it continues.';

COMMENT ON COLUMN "public"."contracts"."version" IS '1, and one more with each amendment.';

COMMENT ON COLUMN "public"."files"."visibility" IS 'firm: everybody in the firm; managers: managers and above only; portal: everybody in the firm and the consultant it is about, or whose contract it belongs to. Managers share.';

COMMENT ON COLUMN "public"."notes"."archived_at" IS 'Set any time to archive, null to restore; the server keeps its own clock.';

COMMENT ON COLUMN "public"."notes"."body" IS 'Plain text; the frontend decides how it looks.';

COMMENT ON COLUMN "public"."saved_views"."archived_at" IS 'Set any time to archive, null to restore; the server keeps its own clock.';

COMMENT ON COLUMN "public"."saved_views"."definition" IS '{"columns": ["title"], "filters": [{"column": "status", "operator": "eq", "value": "active"}], "sort": [{"column": "ends_on", "direction": "asc"}]}; operators: eq, neq, lt, lte, gt, gte, in (with a list), is, like, ilike.';

COMMENT ON COLUMN "public"."saved_views"."entity" IS 'The table whose list it is.';

COMMENT ON COLUMN "public"."saved_views"."shared" IS 'Whether the whole firm sees it.';

COMMENT ON COLUMN "public"."taggings"."archived_at" IS 'Set any time to take the tag off, null to put it back; the server keeps its own clock.';

COMMENT ON COLUMN "public"."tags"."archived_at" IS 'Set any time to archive, null to restore; the server keeps its own clock.';

COMMENT ON COLUMN "public"."tags"."color" IS 'As #rrggbb in lower case; null leaves it to the frontend.';

COMMENT ON COLUMN "public"."tags"."name" IS 'Unique in the firm, whatever its case, until archived.';

COMMENT ON FUNCTION "private"."add_consultant_private"() IS 'Trigger: gives every consultant the row of their private facts.';

COMMENT ON FUNCTION "private"."audit"() IS 'Trigger with the names of the row''s key and of the firm''s: one entry in audit_log for each row written.';

COMMENT ON FUNCTION "private"."guard_contract_part"() IS 'Trigger with the statuses of a contract in which people may change what belongs to it.';

COMMENT ON FUNCTION "private"."guard_own_consultant"() IS 'Trigger: what consultants who are no managers may change about themselves.';

COMMENT ON FUNCTION "private"."is_portal_parent"(uuid, uuid, uuid) IS 'Whether this is the caller as a consultant of the firm, or a contract of theirs they may see.';

COMMENT ON FUNCTION "private"."is_view_definition"(jsonb) IS 'Whether this is {"columns": […], "filters": [{"column", "operator", "value"}], "sort": [{"column", "direction"}]}, each part optional, with plain column names and known operators.';

COMMENT ON FUNCTION "private"."keep_one_primary"() IS 'Trigger: a company has one primary contact at most. Who is named takes the place over; who is moved from another company or restored takes it only where it is free.';

COMMENT ON FUNCTION "private"."link_consultant"(uuid, uuid) IS 'Definer of public.link_consultant.';

COMMENT ON FUNCTION "private"."own_consultant_ids"() IS 'The consultants the caller is, one for each active firm that linked the account: what the portal rests on.';

COMMENT ON FUNCTION "private"."portal_contract_ids"() IS 'The contracts between the caller, as a consultant, and a firm, once they were sent.';

COMMENT ON FUNCTION "private"."portal_contracts"() IS 'Definer of public.portal_contracts: row security cannot hide columns.';

COMMENT ON FUNCTION "private"."portal_file_ids"() IS 'The finished files that were shared with the caller, as a consultant, or on one of their own contracts.';

COMMENT ON FUNCTION "private"."upload_firm_ids"() IS 'Firms in which the caller may go on with an upload that begin_upload allowed.';

COMMENT ON FUNCTION "public"."begin_upload"(uuid, text, bigint, text, uuid, uuid, uuid, text) IS 'First step of an upload: checks rights, name, type, size and quota and returns the file row, whose bucket and path the caller may upload to within an hour. Then call finish_upload. Members; visibility managers and portal need a manager, portal about themselves or their own contract a consultant. Errors: bad_name, file_empty, file_too_large, type_not_allowed, one_parent, parent_not_found, portal_parent, storage_quota, too_many_uploads.';

COMMENT ON FUNCTION "public"."link_consultant"(uuid, uuid) IS 'Gives an account the portal of a consultant; without user_id takes it away. Admins. By the account''s id, not its address, so that nobody can ask which addresses have accounts. Errors: consultant_not_found, user_not_found, user_linked, archived.';

COMMENT ON FUNCTION "public"."portal_contracts"() IS 'The caller''s own contracts as a consultant, from sent on, with the names of the firm and of the company and nothing else about them. Filter and order it like a table.';

COMMENT ON TABLE "public"."audit_log" IS 'Who wrote to which row of the firm, and when; for owners and admins. Append-only. Of a change it keeps the names of the columns, not what was in them: nothing to erase when people ask.';

COMMENT ON TABLE "public"."consultant_private" IS 'What a consultant costs and how they are paid. Comes and goes with the consultant; managers read and change it, the consultant reads their own.';

COMMENT ON TABLE "public"."consultants" IS 'The people a firm sends to its clients. Everybody in the firm reads them; managers write them. Whoever is linked to a row reads it too, and changes phone, headline, skills and available_from.';

COMMENT ON TABLE "public"."contacts" IS 'People at a company. Members write them; managers archive and restore them.';

COMMENT ON TABLE "public"."contract_consultants" IS 'Who works on a contract, when and how much. Managers write it until the contract has ended.';

COMMENT ON TABLE "public"."contract_signers" IS 'Who has to sign a contract, in which order. Managers write them before it is sent; what became of each is the server''s to say.';

COMMENT ON TABLE "public"."notes" IS 'What people write down about a company, contact, consultant or contract. Everybody in the firm reads them; members write, and change their own; managers all.';

COMMENT ON TABLE "public"."saved_views" IS 'Filters, order and columns of a list that people keep. Private to their author until shared; members share; managers change what is shared. The server never runs one: the frontend turns it into a query, which has the rights of whoever sends it.';

COMMENT ON TABLE "public"."taggings" IS 'Which company, contact, consultant or contract carries which tag, each once. To take a tag off, archive the row: members their own, managers all.';

COMMENT ON TABLE "public"."tags" IS 'The labels of a firm. Members make them and change their own; managers all.';

REVOKE ALL ON FUNCTION "private"."add_consultant_private"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."add_consultant_private"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."add_consultant_private"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."audit"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."audit"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."audit"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."guard_contract_part"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."guard_contract_part"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."guard_contract_part"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."guard_own_consultant"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."guard_own_consultant"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."guard_own_consultant"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_portal_parent"(uuid, uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_portal_parent"(uuid, uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_portal_parent"(uuid, uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_view_definition"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_view_definition"(jsonb) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."is_view_definition"(jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_view_definition"(jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."keep_one_primary"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_one_primary"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."keep_one_primary"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."link_consultant"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."link_consultant"(uuid, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."link_consultant"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."link_consultant"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."own_consultant_ids"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."own_consultant_ids"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."own_consultant_ids"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."own_consultant_ids"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."portal_contract_ids"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."portal_contract_ids"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."portal_contract_ids"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."portal_contracts"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."portal_contracts"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."portal_contracts"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."portal_contracts"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."portal_file_ids"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."portal_file_ids"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."portal_file_ids"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."portal_file_ids"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."upload_firm_ids"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."upload_firm_ids"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."upload_firm_ids"() TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."link_consultant"(uuid, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."link_consultant"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."link_consultant"(uuid, uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."portal_contracts"() TO "authenticated";

REVOKE ALL ON FUNCTION "public"."portal_contracts"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."portal_contracts"() TO "postgres";

REVOKE ALL ON TABLE "public"."audit_log" FROM "authenticated";

GRANT SELECT ON TABLE "public"."audit_log" TO "authenticated";

REVOKE ALL ON TABLE "public"."audit_log" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."audit_log" TO "postgres";

REVOKE ALL ON TABLE "public"."audit_log" FROM "service_role";

GRANT SELECT ON TABLE "public"."audit_log" TO "service_role";

REVOKE ALL ON TABLE "public"."consultant_private" FROM "authenticated";

REVOKE ALL ("bank_ref") ON TABLE "public"."consultant_private" FROM "authenticated";

GRANT UPDATE ("bank_ref") ON TABLE "public"."consultant_private" TO "authenticated";

REVOKE ALL ("cost_rate") ON TABLE "public"."consultant_private" FROM "authenticated";

GRANT UPDATE ("cost_rate") ON TABLE "public"."consultant_private" TO "authenticated";

REVOKE ALL ("cost_unit") ON TABLE "public"."consultant_private" FROM "authenticated";

GRANT UPDATE ("cost_unit") ON TABLE "public"."consultant_private" TO "authenticated";

REVOKE ALL ("currency") ON TABLE "public"."consultant_private" FROM "authenticated";

GRANT UPDATE ("currency") ON TABLE "public"."consultant_private" TO "authenticated";

REVOKE ALL ("tax_ref") ON TABLE "public"."consultant_private" FROM "authenticated";

GRANT UPDATE ("tax_ref") ON TABLE "public"."consultant_private" TO "authenticated";

GRANT SELECT ON TABLE "public"."consultant_private" TO "authenticated";

REVOKE ALL ON TABLE "public"."consultant_private" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."consultant_private" TO "postgres";

REVOKE ALL ON TABLE "public"."consultant_private" FROM "service_role";

GRANT SELECT ON TABLE "public"."consultant_private" TO "service_role";

REVOKE ALL ON TABLE "public"."contacts" FROM "authenticated";

REVOKE ALL ("archived_at") ON TABLE "public"."contacts" FROM "authenticated";

GRANT UPDATE ("archived_at") ON TABLE "public"."contacts" TO "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."contacts" FROM "authenticated";

GRANT INSERT ("company_id"), UPDATE ("company_id") ON TABLE "public"."contacts" TO "authenticated";

REVOKE ALL ("email") ON TABLE "public"."contacts" FROM "authenticated";

GRANT INSERT ("email"), UPDATE ("email") ON TABLE "public"."contacts" TO "authenticated";

REVOKE ALL ("firm_id") ON TABLE "public"."contacts" FROM "authenticated";

GRANT INSERT ("firm_id") ON TABLE "public"."contacts" TO "authenticated";

REVOKE ALL ("is_primary") ON TABLE "public"."contacts" FROM "authenticated";

GRANT INSERT ("is_primary"), UPDATE ("is_primary") ON TABLE "public"."contacts" TO "authenticated";

REVOKE ALL ("name") ON TABLE "public"."contacts" FROM "authenticated";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."contacts" TO "authenticated";

REVOKE ALL ("phone") ON TABLE "public"."contacts" FROM "authenticated";

GRANT INSERT ("phone"), UPDATE ("phone") ON TABLE "public"."contacts" TO "authenticated";

REVOKE ALL ("position") ON TABLE "public"."contacts" FROM "authenticated";

GRANT INSERT ("position"), UPDATE ("position") ON TABLE "public"."contacts" TO "authenticated";

GRANT SELECT ON TABLE "public"."contacts" TO "authenticated";

REVOKE ALL ON TABLE "public"."contacts" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."contacts" TO "postgres";

REVOKE ALL ON TABLE "public"."contacts" FROM "service_role";

GRANT SELECT ON TABLE "public"."contacts" TO "service_role";

REVOKE ALL ON TABLE "public"."contract_consultants" FROM "authenticated";

REVOKE ALL ("allocation_pct") ON TABLE "public"."contract_consultants" FROM "authenticated";

GRANT INSERT ("allocation_pct"), UPDATE ("allocation_pct") ON TABLE "public"."contract_consultants" TO "authenticated";

REVOKE ALL ("archived_at") ON TABLE "public"."contract_consultants" FROM "authenticated";

GRANT UPDATE ("archived_at") ON TABLE "public"."contract_consultants" TO "authenticated";

REVOKE ALL ("bill_rate") ON TABLE "public"."contract_consultants" FROM "authenticated";

GRANT INSERT ("bill_rate"), UPDATE ("bill_rate") ON TABLE "public"."contract_consultants" TO "authenticated";

REVOKE ALL ("bill_unit") ON TABLE "public"."contract_consultants" FROM "authenticated";

GRANT INSERT ("bill_unit"), UPDATE ("bill_unit") ON TABLE "public"."contract_consultants" TO "authenticated";

REVOKE ALL ("consultant_id") ON TABLE "public"."contract_consultants" FROM "authenticated";

GRANT INSERT ("consultant_id") ON TABLE "public"."contract_consultants" TO "authenticated";

REVOKE ALL ("contract_id") ON TABLE "public"."contract_consultants" FROM "authenticated";

GRANT INSERT ("contract_id") ON TABLE "public"."contract_consultants" TO "authenticated";

REVOKE ALL ("firm_id") ON TABLE "public"."contract_consultants" FROM "authenticated";

GRANT INSERT ("firm_id") ON TABLE "public"."contract_consultants" TO "authenticated";

REVOKE ALL ("period") ON TABLE "public"."contract_consultants" FROM "authenticated";

GRANT INSERT ("period"), UPDATE ("period") ON TABLE "public"."contract_consultants" TO "authenticated";

GRANT SELECT ON TABLE "public"."contract_consultants" TO "authenticated";

REVOKE ALL ON TABLE "public"."contract_consultants" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."contract_consultants" TO "postgres";

REVOKE ALL ON TABLE "public"."contract_consultants" FROM "service_role";

GRANT SELECT ON TABLE "public"."contract_consultants" TO "service_role";

REVOKE ALL ON TABLE "public"."contract_signers" FROM "authenticated";

REVOKE ALL ("archived_at") ON TABLE "public"."contract_signers" FROM "authenticated";

GRANT UPDATE ("archived_at") ON TABLE "public"."contract_signers" TO "authenticated";

REVOKE ALL ("contract_id") ON TABLE "public"."contract_signers" FROM "authenticated";

GRANT INSERT ("contract_id") ON TABLE "public"."contract_signers" TO "authenticated";

REVOKE ALL ("email") ON TABLE "public"."contract_signers" FROM "authenticated";

GRANT INSERT ("email"), UPDATE ("email") ON TABLE "public"."contract_signers" TO "authenticated";

REVOKE ALL ("firm_id") ON TABLE "public"."contract_signers" FROM "authenticated";

GRANT INSERT ("firm_id") ON TABLE "public"."contract_signers" TO "authenticated";

REVOKE ALL ("name") ON TABLE "public"."contract_signers" FROM "authenticated";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."contract_signers" TO "authenticated";

REVOKE ALL ("role") ON TABLE "public"."contract_signers" FROM "authenticated";

GRANT INSERT ("role"), UPDATE ("role") ON TABLE "public"."contract_signers" TO "authenticated";

REVOKE ALL ("sign_order") ON TABLE "public"."contract_signers" FROM "authenticated";

GRANT INSERT ("sign_order"), UPDATE ("sign_order") ON TABLE "public"."contract_signers" TO "authenticated";

GRANT SELECT ON TABLE "public"."contract_signers" TO "authenticated";

REVOKE ALL ON TABLE "public"."contract_signers" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."contract_signers" TO "postgres";

REVOKE ALL ON TABLE "public"."contract_signers" FROM "service_role";

GRANT SELECT ON TABLE "public"."contract_signers" TO "service_role";

REVOKE ALL ("auto_renew") ON TABLE "public"."contracts" FROM "authenticated";

GRANT INSERT ("auto_renew"), UPDATE ("auto_renew") ON TABLE "public"."contracts" TO "authenticated";

REVOKE ALL ("notice_days") ON TABLE "public"."contracts" FROM "authenticated";

GRANT INSERT ("notice_days"), UPDATE ("notice_days") ON TABLE "public"."contracts" TO "authenticated";

REVOKE ALL ("parent_id") ON TABLE "public"."contracts" FROM "authenticated";

GRANT INSERT ("parent_id"), UPDATE ("parent_id") ON TABLE "public"."contracts" TO "authenticated";

REVOKE ALL ("renewal_months") ON TABLE "public"."contracts" FROM "authenticated";

GRANT INSERT ("renewal_months"), UPDATE ("renewal_months") ON TABLE "public"."contracts" TO "authenticated";

REVOKE ALL ON TABLE "public"."notes" FROM "authenticated";

REVOKE ALL ("archived_at") ON TABLE "public"."notes" FROM "authenticated";

GRANT UPDATE ("archived_at") ON TABLE "public"."notes" TO "authenticated";

REVOKE ALL ("body") ON TABLE "public"."notes" FROM "authenticated";

GRANT INSERT ("body"), UPDATE ("body") ON TABLE "public"."notes" TO "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."notes" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."notes" TO "authenticated";

REVOKE ALL ("consultant_id") ON TABLE "public"."notes" FROM "authenticated";

GRANT INSERT ("consultant_id") ON TABLE "public"."notes" TO "authenticated";

REVOKE ALL ("contact_id") ON TABLE "public"."notes" FROM "authenticated";

GRANT INSERT ("contact_id") ON TABLE "public"."notes" TO "authenticated";

REVOKE ALL ("contract_id") ON TABLE "public"."notes" FROM "authenticated";

GRANT INSERT ("contract_id") ON TABLE "public"."notes" TO "authenticated";

REVOKE ALL ("firm_id") ON TABLE "public"."notes" FROM "authenticated";

GRANT INSERT ("firm_id") ON TABLE "public"."notes" TO "authenticated";

GRANT SELECT ON TABLE "public"."notes" TO "authenticated";

REVOKE ALL ON TABLE "public"."notes" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."notes" TO "postgres";

REVOKE ALL ON TABLE "public"."notes" FROM "service_role";

GRANT SELECT ON TABLE "public"."notes" TO "service_role";

REVOKE ALL ON TABLE "public"."saved_views" FROM "authenticated";

REVOKE ALL ("archived_at") ON TABLE "public"."saved_views" FROM "authenticated";

GRANT UPDATE ("archived_at") ON TABLE "public"."saved_views" TO "authenticated";

REVOKE ALL ("definition") ON TABLE "public"."saved_views" FROM "authenticated";

GRANT INSERT ("definition"), UPDATE ("definition") ON TABLE "public"."saved_views" TO "authenticated";

REVOKE ALL ("entity") ON TABLE "public"."saved_views" FROM "authenticated";

GRANT INSERT ("entity") ON TABLE "public"."saved_views" TO "authenticated";

REVOKE ALL ("firm_id") ON TABLE "public"."saved_views" FROM "authenticated";

GRANT INSERT ("firm_id") ON TABLE "public"."saved_views" TO "authenticated";

REVOKE ALL ("name") ON TABLE "public"."saved_views" FROM "authenticated";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."saved_views" TO "authenticated";

REVOKE ALL ("shared") ON TABLE "public"."saved_views" FROM "authenticated";

GRANT INSERT ("shared"), UPDATE ("shared") ON TABLE "public"."saved_views" TO "authenticated";

GRANT SELECT ON TABLE "public"."saved_views" TO "authenticated";

REVOKE ALL ON TABLE "public"."saved_views" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."saved_views" TO "postgres";

REVOKE ALL ON TABLE "public"."saved_views" FROM "service_role";

GRANT SELECT ON TABLE "public"."saved_views" TO "service_role";

REVOKE ALL ON TABLE "public"."taggings" FROM "authenticated";

REVOKE ALL ("archived_at") ON TABLE "public"."taggings" FROM "authenticated";

GRANT UPDATE ("archived_at") ON TABLE "public"."taggings" TO "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."taggings" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."taggings" TO "authenticated";

REVOKE ALL ("consultant_id") ON TABLE "public"."taggings" FROM "authenticated";

GRANT INSERT ("consultant_id") ON TABLE "public"."taggings" TO "authenticated";

REVOKE ALL ("contact_id") ON TABLE "public"."taggings" FROM "authenticated";

GRANT INSERT ("contact_id") ON TABLE "public"."taggings" TO "authenticated";

REVOKE ALL ("contract_id") ON TABLE "public"."taggings" FROM "authenticated";

GRANT INSERT ("contract_id") ON TABLE "public"."taggings" TO "authenticated";

REVOKE ALL ("firm_id") ON TABLE "public"."taggings" FROM "authenticated";

GRANT INSERT ("firm_id") ON TABLE "public"."taggings" TO "authenticated";

REVOKE ALL ("tag_id") ON TABLE "public"."taggings" FROM "authenticated";

GRANT INSERT ("tag_id") ON TABLE "public"."taggings" TO "authenticated";

GRANT SELECT ON TABLE "public"."taggings" TO "authenticated";

REVOKE ALL ON TABLE "public"."taggings" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."taggings" TO "postgres";

REVOKE ALL ON TABLE "public"."taggings" FROM "service_role";

GRANT SELECT ON TABLE "public"."taggings" TO "service_role";

REVOKE ALL ON TABLE "public"."tags" FROM "authenticated";

REVOKE ALL ("archived_at") ON TABLE "public"."tags" FROM "authenticated";

GRANT UPDATE ("archived_at") ON TABLE "public"."tags" TO "authenticated";

REVOKE ALL ("color") ON TABLE "public"."tags" FROM "authenticated";

GRANT INSERT ("color"), UPDATE ("color") ON TABLE "public"."tags" TO "authenticated";

REVOKE ALL ("firm_id") ON TABLE "public"."tags" FROM "authenticated";

GRANT INSERT ("firm_id") ON TABLE "public"."tags" TO "authenticated";

REVOKE ALL ("name") ON TABLE "public"."tags" FROM "authenticated";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."tags" TO "authenticated";

GRANT SELECT ON TABLE "public"."tags" TO "authenticated";

REVOKE ALL ON TABLE "public"."tags" FROM "postgres";

GRANT DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE ON TABLE "public"."tags" TO "postgres";

REVOKE ALL ON TABLE "public"."tags" FROM "service_role";

GRANT SELECT ON TABLE "public"."tags" TO "service_role";

ALTER TABLE "public"."saved_views"
  ADD CONSTRAINT "saved_views_definition_form" CHECK (private.is_view_definition(definition));

-- Written by hand: the consultants who are there already get the row of their private facts.
INSERT INTO "public"."consultant_private" ("consultant_id", "firm_id")
SELECT "id", "firm_id" FROM "public"."consultants";
