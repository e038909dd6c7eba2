-- Who may do what with every table, view and sequence, and who may call which function: exactly
-- this. A right that is not written here is one that nobody decided to give.
begin;
select plan(5);

select set_eq(
  $$
    select
      format('%I.%I', n.nspname, c.relname),
      coalesce(r.rolname, 'public')::text,
      string_agg(
        lower(g.privilege_type) || coalesce(' (' || g.columns || ')', ''),
        ', ' order by g.columns is not null, g.privilege_type
      )
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    cross join lateral (
      select a.grantee, a.privilege_type, null as columns
      from aclexplode(c.relacl) a
      union all
      select a.grantee, a.privilege_type, string_agg(t.attname, ', ' order by t.attname)
      from pg_attribute t
      cross join aclexplode(t.attacl) a
      where t.attrelid = c.oid
      group by a.grantee, a.privilege_type
    ) g
    left join pg_roles r on r.oid = g.grantee
    where n.nspname in ('public', 'private') and g.grantee <> c.relowner
    group by 1, 2
    order by 1, 2
  $$,
  $$ values
    ('public.audit_log', 'authenticated', 'select'),
    ('public.audit_log', 'service_role', 'select'),
    (
      'public.companies', 'authenticated',
      'select, insert (address, country, external_ref, firm_id, industry, legal_name, name,'
      ' owner_id, registration_no, status, tax_id, website), update (address, archived_at, '
      'country, external_ref, industry, legal_name, name, owner_id, registration_no, '
      'status, tax_id, website)'
    ),
    ('public.companies', 'service_role', 'select'),
    ('public.consultant_private', 'authenticated', 'select, update (bank_ref, cost_rate, '
      'cost_unit, currency, tax_ref)'),
    ('public.consultant_private', 'service_role', 'select'),
    (
      'public.consultants', 'authenticated',
      'select, insert (available_from, email, external_ref, firm_id, headline, kind, name, '
      'phone, seniority, skills, status), update (archived_at, available_from, email, '
      'external_ref, headline, kind, name, phone, seniority, skills, status)'
    ),
    ('public.consultants', 'service_role', 'select'),
    (
      'public.contacts', 'authenticated',
      'select, insert (company_id, email, firm_id, is_primary, name, phone, position), '
      'update (archived_at, company_id, email, is_primary, name, phone, position)'
    ),
    ('public.contacts', 'service_role', 'select'),
    (
      'public.contract_consultants', 'authenticated',
      'select, insert (allocation_pct, bill_rate, bill_unit, consultant_id, contract_id, '
      'firm_id, period), update (allocation_pct, archived_at, bill_rate, bill_unit, period)'
    ),
    ('public.contract_consultants', 'service_role', 'select'),
    ('public.contract_events', 'authenticated', 'select'),
    ('public.contract_events', 'service_role', 'select'),
    (
      'public.contract_signers', 'authenticated',
      'select, insert (contract_id, email, firm_id, name, role, sign_order), '
      'update (archived_at, email, name, role, sign_order)'
    ),
    ('public.contract_signers', 'service_role', 'select'),
    (
      'public.contracts', 'authenticated',
      'select, insert (auto_renew, company_id, consultant_id, currency, ends_on, external_ref, '
      'firm_id, kind, notice_days, parent_id, rate, rate_unit, renewal_months, starts_on, title, value_cap), '
      'update (archived_at, auto_renew, company_id, consultant_id, currency, ends_on, '
      'external_ref, kind, notice_days, parent_id, rate, rate_unit, renewal_months, starts_on, title, value_cap)'
    ),
    ('public.contracts', 'service_role', 'select'),
    ('public.emails', 'service_role', 'select'),
    ('public.erasures', 'authenticated', 'select'),
    ('public.erasures', 'service_role', 'select'),
    ('public.file_accesses', 'authenticated', 'select'),
    ('public.file_accesses', 'service_role', 'select'),
    ('public.file_releases', 'authenticated', 'select'),
    ('public.file_releases', 'service_role', 'select'),
    ('public.files', 'authenticated', 'select, update (archived_at, name, visibility)'),
    ('public.files', 'service_role', 'select'),
    ('public.firm_exports', 'authenticated', 'select'),
    ('public.firm_exports', 'service_role', 'select'),
    ('public.firm_members', 'authenticated', 'select'),
    ('public.firm_members', 'service_role', 'select'),
    (
      'public.firms', 'authenticated',
      'select, update (brand_color, currency, locale, name, require_mfa, settings, slug, timezone)'
    ),
    (
      'public.firms', 'service_role',
      'select, update (archived_at, seat_limit, status, storage_quota_bytes)'
    ),
    ('public.imports', 'authenticated', 'select'),
    ('public.imports', 'service_role', 'select'),
    ('public.invitations', 'authenticated', 'select'),
    ('public.invitations', 'service_role', 'select'),
    ('public.merge_log', 'authenticated', 'select'),
    ('public.merge_log', 'service_role', 'select'),
    (
      'public.notes', 'authenticated',
      'select, insert (body, company_id, consultant_id, contact_id, contract_id, firm_id), '
      'update (archived_at, body)'
    ),
    ('public.notes', 'service_role', 'select'),
    (
      'public.notification_preferences', 'authenticated',
      'select, insert (delivery, firm_id, kind), update (delivery)'
    ),
    ('public.notifications', 'authenticated', 'select, update (read_at)'),
    ('public.notifications', 'service_role', 'select'),
    ('public.profiles', 'authenticated', 'select, update (avatar_path, full_name, locale, timezone)'),
    ('public.profiles', 'service_role', 'select'),
    ('public.reports', 'authenticated', 'select'),
    ('public.reports', 'service_role', 'select'),
    (
      'public.saved_views', 'authenticated',
      'select, insert (definition, entity, firm_id, name, shared), '
      'update (archived_at, definition, name, shared)'
    ),
    ('public.saved_views', 'service_role', 'select'),
    (
      'public.taggings', 'authenticated',
      'select, insert (company_id, consultant_id, contact_id, contract_id, firm_id, tag_id), '
      'update (archived_at)'
    ),
    ('public.taggings', 'service_role', 'select'),
    (
      'public.tags', 'authenticated',
      'select, insert (color, firm_id, name), update (archived_at, color, name)'
    ),
    ('public.tags', 'service_role', 'select')
  $$,
  'tables, views and sequences grant exactly these rights'
);

select set_eq(
  $$
    select
      format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)),
      string_agg(coalesce(r.rolname, 'public'), ', ' order by r.rolname)
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    left join pg_roles r on r.oid = a.grantee
    where n.nspname in ('public', 'private') and a.grantee <> p.proowner
    group by 1
    order by 1
  $$,
  $$ values
    ('private.accept_invitation(text)', 'authenticated'),
    ('private.access_review(uuid, text, uuid)', 'authenticated'),
    ('private.amend_contract(uuid)', 'authenticated'),
    ('private.allow_address(text)', 'service_role'),
    ('private.apply_purge(uuid)', 'service_role'),
    ('private.apply_release(uuid, text)', 'service_role'),
    ('private.apply_reprocess(uuid)', 'service_role'),
    ('private.archive_firm(uuid)', 'authenticated'),
    ('private.avatar_paths()', 'authenticated'),
    ('private.begin_email(uuid, text)', 'service_role'),
    ('private.begin_export(uuid)', 'service_role'),
    ('private.begin_file(uuid)', 'service_role'),
    ('private.begin_import(uuid, text, text, bigint, jsonb)', 'authenticated'),
    ('private.begin_import_for_operator(uuid, text, text, bigint, jsonb)', 'service_role'),
    ('private.begin_import_run(uuid, integer)', 'service_role'),
    ('private.begin_report(uuid)', 'service_role'),
    (
      'private.begin_upload(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text)',
      'authenticated'
    ),
    ('private.cancel_import(uuid)', 'authenticated'),
    ('private.cancel_import_for_operator(uuid)', 'service_role'),
    ('private.cancel_upload(uuid)', 'authenticated'),
    ('private.change_role(uuid, uuid, text)', 'authenticated'),
    ('private.close_batch(uuid, integer, jsonb, jsonb)', 'service_role'),
    ('private.colleague_ids()', 'authenticated'),
    ('private.create_firm(text, text, text, text, text)', 'authenticated'),
    ('private.decline_contract(text, text, uuid)', 'anon, authenticated'),
    ('private.delete_account()', 'authenticated'),
    ('private.describe_import(uuid, integer, jsonb, integer)', 'service_role'),
    ('private.doomed_objects(integer)', 'service_role'),
    ('private.erase_consultant(uuid, text)', 'authenticated'),
    ('private.erase_contact(uuid, text)', 'authenticated'),
    ('private.export_firm(uuid)', 'authenticated'),
    ('private.export_firm_for_operator(uuid)', 'service_role'),
    ('private.fail(text, text, text, integer)', 'authenticated, service_role'),
    ('private.file_orphans(uuid, integer)', 'service_role'),
    ('private.finish_email(uuid)', 'service_role'),
    ('private.finish_export(uuid, jsonb)', 'service_role'),
    ('private.finish_import(uuid, integer, text, text, boolean)', 'service_role'),
    ('private.finish_report(uuid, bigint)', 'service_role'),
    ('private.finish_upload(uuid)', 'authenticated'),
    ('private.firm_ids(text)', 'authenticated'),
    ('private.firm_usage(uuid, integer, text)', 'service_role'),
    ('private.forget_objects(text, text[])', 'service_role'),
    ('private.guards_are_off()', 'authenticated, service_role'),
    ('private.has_second_factor()', 'authenticated, service_role'),
    ('private.import_errors(uuid, integer, bigint, integer)', 'service_role'),
    ('private.import_fields(text)', 'authenticated'),
    ('private.import_match(text)', 'authenticated'),
    ('private.import_role(text)', 'authenticated'),
    ('private.import_rules(regclass)', 'authenticated'),
    ('private.import_statement(text, text[], boolean)', 'authenticated'),
    ('private.invite_member(uuid, text, text)', 'authenticated'),
    ('private.is_email(text)', 'authenticated, service_role'),
    ('private.is_file_name(text)', 'authenticated, service_role'),
    ('private.is_import_intended(text)', 'authenticated'),
    ('private.is_timezone(text)', 'authenticated, service_role'),
    ('private.is_upload_intended(text)', 'authenticated'),
    ('private.is_view_definition(jsonb)', 'authenticated'),
    ('private.jobs_cancel(text)', 'service_role'),
    ('private.jobs_children(text)', 'service_role'),
    ('private.jobs_clock()', 'service_role'),
    ('private.jobs_controls()', 'service_role'),
    ('private.jobs_dead(text, text, uuid, timestamp with time zone, integer)', 'service_role'),
    (
      'private.jobs_enqueue(text, jsonb, uuid, text, double precision, text, double precision, text, uuid[])',
      'service_role'
    ),
    ('private.jobs_limit(text, jsonb)', 'service_role'),
    ('private.jobs_list(jsonb, integer)', 'service_role'),
    ('private.jobs_pause(text, boolean)', 'service_role'),
    ('private.jobs_purge(text, text, uuid, timestamp with time zone, integer)', 'service_role'),
    ('private.jobs_rates(integer)', 'service_role'),
    ('private.jobs_redrive(text, text, uuid, timestamp with time zone, integer)', 'service_role'),
    ('private.jobs_retry(text)', 'service_role'),
    (
      'private.jobs_schedule_fire(text, timestamp with time zone, timestamp with time zone[], timestamp with time zone, text)',
      'service_role'
    ),
    ('private.jobs_schedule_pause(text, boolean)', 'service_role'),
    ('private.jobs_schedule_remove(text)', 'service_role'),
    ('private.jobs_schedule_set(jsonb)', 'service_role'),
    ('private.jobs_schedules()', 'service_role'),
    ('private.jobs_show(text)', 'service_role'),
    ('private.jobs_stats()', 'service_role'),
    (
      'private.jobs_step(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb)',
      'service_role'
    ),
    ('private.jobs_tick(boolean)', 'service_role'),
    ('private.leave_firm(uuid)', 'authenticated'),
    ('private.link_consultant(uuid, uuid)', 'authenticated'),
    ('private.list_access(uuid, text, uuid)', 'service_role'),
    ('private.merge_companies(uuid, uuid)', 'authenticated'),
    ('private.merge_consultants(uuid, uuid)', 'authenticated'),
    ('private.my_firms()', 'authenticated'),
    ('private.note_scanner(text)', 'service_role'),
    ('private.notification_kinds()', 'authenticated'),
    ('private.open_batch(uuid, integer, integer)', 'service_role'),
    ('private.open_file(uuid)', 'authenticated'),
    ('private.opened_file_ids()', 'authenticated'),
    ('private.own_avatar_paths()', 'authenticated'),
    ('private.own_consultant_ids()', 'authenticated'),
    ('private.portal_contracts()', 'authenticated'),
    ('private.portal_file_ids()', 'authenticated'),
    ('private.progress_export(uuid, integer, integer)', 'service_role'),
    ('private.project_usage()', 'service_role'),
    ('private.purge_file(uuid)', 'authenticated'),
    ('private.refuse_duplicate(uuid, text, uuid, uuid, uuid, uuid, uuid)', 'authenticated'),
    ('private.release_file(uuid, text)', 'authenticated'),
    ('private.remind_contract(uuid, text, date, integer)', 'service_role'),
    ('private.remove_member(uuid, uuid)', 'authenticated'),
    ('private.renew_contract(uuid)', 'authenticated'),
    ('private.report_contract_portfolio(uuid)', 'service_role'),
    ('private.reprocess_file(uuid)', 'authenticated'),
    ('private.request_report(uuid, text, text, jsonb)', 'authenticated'),
    ('private.require_role(uuid, text)', 'authenticated'),
    ('private.resend_invitation(uuid)', 'authenticated'),
    ('private.resend_signing(uuid)', 'authenticated'),
    ('private.restore_version(uuid)', 'authenticated'),
    ('private.revoke_invitation(uuid)', 'authenticated'),
    ('private.role_in(uuid)', 'authenticated'),
    ('private.schema_version()', 'service_role'),
    ('private.search_hits(uuid, text, text[], integer)', 'authenticated'),
    ('private.set_member_status(uuid, uuid, text)', 'authenticated'),
    ('private.settle_file(uuid, text, text, text, jsonb)', 'service_role'),
    ('private.sign_contract(text, text, uuid)', 'anon, authenticated'),
    ('private.snippet(text, integer)', 'authenticated'),
    ('private.start_import(uuid, boolean, jsonb)', 'authenticated'),
    ('private.start_import_for_operator(uuid, boolean, jsonb)', 'service_role'),
    ('private.suppress_address(text, text)', 'service_role'),
    ('private.sweep_file_orphans(uuid, integer)', 'service_role'),
    ('private.terminate_contract(uuid, text, date)', 'authenticated'),
    (
      'private.timeline(text, uuid, timestamp with time zone, uuid, integer)', 'authenticated'
    ),
    ('private.transfer_ownership(uuid, uuid)', 'authenticated'),
    ('private.transition_contract(uuid, text, text)', 'authenticated'),
    ('private.undo_merge(uuid)', 'authenticated'),
    ('private.unsubscribe(text)', 'anon, authenticated'),
    ('private.view_signing(text, uuid)', 'anon, authenticated'),
    ('private.withdraw_termination(uuid)', 'authenticated'),
    ('private.word_at(text, text)', 'authenticated'),
    ('private.write_rows(text, uuid, text[], jsonb, boolean)', 'authenticated'),
    ('private.write_rows_for_operator(text, uuid, text[], jsonb, boolean)', 'service_role'),
    ('public.accept_invitation(text)', 'authenticated'),
    ('public.access_review(uuid, text, uuid)', 'authenticated'),
    ('public.allow_address(text)', 'service_role'),
    ('public.amend_contract(uuid)', 'authenticated'),
    ('public.archive_firm(uuid)', 'authenticated'),
    ('public.begin_email(uuid, text)', 'service_role'),
    ('public.begin_export(uuid)', 'service_role'),
    ('public.begin_file(uuid)', 'service_role'),
    ('public.begin_import(uuid, text, text, bigint, jsonb)', 'authenticated'),
    ('public.begin_import_for_operator(uuid, text, text, bigint, jsonb)', 'service_role'),
    ('public.begin_import_run(uuid, integer)', 'service_role'),
    ('public.begin_report(uuid)', 'service_role'),
    ('public.begin_rescan(uuid)', 'service_role'),
    (
      'public.begin_upload(uuid, text, bigint, text, uuid, uuid, uuid, uuid, text, uuid, text, '
      'boolean)',
      'authenticated'
    ),
    ('public.bulk_edit(text, uuid[], jsonb)', 'authenticated'),
    ('public.cancel_import(uuid)', 'authenticated'),
    ('public.cancel_import_for_operator(uuid)', 'service_role'),
    ('public.cancel_upload(uuid)', 'authenticated'),
    ('public.change_role(uuid, uuid, text)', 'authenticated'),
    ('public.create_firm(text, text, text, text, text)', 'authenticated'),
    ('public.decline_contract(text, text, uuid)', 'anon, authenticated'),
    ('public.delete_account()', 'authenticated'),
    ('public.describe_import(uuid, integer, jsonb, integer)', 'service_role'),
    ('public.doomed_objects(integer)', 'service_role'),
    ('public.erase_consultant(uuid, text)', 'authenticated'),
    ('public.erase_contact(uuid, text)', 'authenticated'),
    ('public.export_firm(uuid)', 'authenticated'),
    ('public.export_firm_for_operator(uuid)', 'service_role'),
    ('public.file_orphans(uuid, integer)', 'service_role'),
    ('public.file_usage(uuid)', 'service_role'),
    ('public.finish_email(uuid)', 'service_role'),
    ('public.finish_export(uuid, jsonb)', 'service_role'),
    ('public.finish_file(uuid, text, text, text, jsonb)', 'service_role'),
    ('public.finish_import(uuid, integer, text, text, boolean)', 'service_role'),
    ('public.finish_report(uuid, bigint)', 'service_role'),
    ('public.finish_upload(uuid)', 'authenticated'),
    ('public.firm_usage(uuid, integer, text)', 'service_role'),
    ('public.forget_objects(text, text[])', 'service_role'),
    ('public.import_errors(uuid, integer, bigint, integer)', 'service_role'),
    ('public.import_rows(uuid, integer, integer, integer, text[], jsonb, jsonb)', 'service_role'),
    ('public.invite_member(uuid, text, text)', 'authenticated'),
    ('public.jobs_cancel(text)', 'service_role'),
    ('public.jobs_children(text)', 'service_role'),
    ('public.jobs_clock()', 'service_role'),
    ('public.jobs_controls()', 'service_role'),
    ('public.jobs_dead(text, text, uuid, timestamp with time zone, integer)', 'service_role'),
    (
      'public.jobs_enqueue(text, jsonb, uuid, text, double precision, text, double precision, text, uuid[])',
      'service_role'
    ),
    ('public.jobs_limit(text, jsonb)', 'service_role'),
    ('public.jobs_list(text, text, uuid, text, integer)', 'service_role'),
    ('public.jobs_pause(text, boolean)', 'service_role'),
    ('public.jobs_purge(text, text, uuid, timestamp with time zone, integer)', 'service_role'),
    ('public.jobs_rates(integer)', 'service_role'),
    ('public.jobs_redrive(text, text, uuid, timestamp with time zone, integer)', 'service_role'),
    ('public.jobs_retry(text)', 'service_role'),
    (
      'public.jobs_schedule_fire(text, timestamp with time zone, timestamp with time zone[], timestamp with time zone, text)',
      'service_role'
    ),
    ('public.jobs_schedule_pause(text, boolean)', 'service_role'),
    ('public.jobs_schedule_remove(text)', 'service_role'),
    ('public.jobs_schedule_set(jsonb)', 'service_role'),
    ('public.jobs_schedules()', 'service_role'),
    ('public.jobs_show(text)', 'service_role'),
    ('public.jobs_stats()', 'service_role'),
    (
      'public.jobs_step(text, integer, text[], integer, integer, jsonb, jsonb, jsonb, integer, integer, text[], jsonb)',
      'service_role'
    ),
    ('public.jobs_tick()', 'service_role'),
    ('public.leave_firm(uuid)', 'authenticated'),
    ('public.link_consultant(uuid, uuid)', 'authenticated'),
    ('public.list_access(uuid, text, uuid)', 'service_role'),
    ('public.merge_companies(uuid, uuid)', 'authenticated'),
    ('public.merge_consultants(uuid, uuid)', 'authenticated'),
    ('public.my_firms()', 'authenticated'),
    ('public.note_scanner(text)', 'service_role'),
    ('public.notification_settings(uuid)', 'authenticated'),
    ('public.open_file(uuid)', 'authenticated'),
    ('public.portal_contracts()', 'authenticated'),
    ('public.progress_export(uuid, integer, integer)', 'service_role'),
    ('public.project_usage()', 'service_role'),
    ('public.purge_file(uuid)', 'authenticated'),
    ('public.purge_file_for_operator(uuid)', 'service_role'),
    ('public.reinstate_member(uuid, uuid)', 'authenticated'),
    ('public.release_file(uuid, text)', 'authenticated'),
    ('public.release_file_for_operator(uuid, text)', 'service_role'),
    ('public.remind_contract(uuid, text, date, integer)', 'service_role'),
    ('public.remove_member(uuid, uuid)', 'authenticated'),
    ('public.renew_contract(uuid)', 'authenticated'),
    ('public.report_contract_portfolio(uuid)', 'service_role'),
    ('public.reprocess_file(uuid)', 'authenticated'),
    ('public.reprocess_file_for_operator(uuid)', 'service_role'),
    ('public.request_report(uuid, text, text, jsonb)', 'authenticated'),
    ('public.resend_invitation(uuid)', 'authenticated'),
    ('public.resend_signing(uuid)', 'authenticated'),
    ('public.restore_version(uuid)', 'authenticated'),
    ('public.revoke_invitation(uuid)', 'authenticated'),
    ('public.schema_version()', 'service_role'),
    ('public.search(uuid, text, text[], integer)', 'authenticated'),
    ('public.set_notification(uuid, text, text)', 'authenticated'),
    ('public.sign_contract(text, text, uuid)', 'anon, authenticated'),
    ('public.start_import(uuid, boolean, jsonb)', 'authenticated'),
    ('public.start_import_for_operator(uuid, boolean, jsonb)', 'service_role'),
    ('public.suspend_member(uuid, uuid)', 'authenticated'),
    ('public.suppress_address(text, text)', 'service_role'),
    ('public.sweep_file_orphans(uuid, integer)', 'service_role'),
    ('public.terminate_contract(uuid, text, date)', 'authenticated'),
    (
      'public.timeline(text, uuid, timestamp with time zone, uuid, integer)', 'authenticated'
    ),
    ('public.transfer_ownership(uuid, uuid)', 'authenticated'),
    ('public.transition_contract(uuid, text, text)', 'authenticated'),
    ('public.undo_merge(uuid)', 'authenticated'),
    ('public.unsubscribe(text)', 'anon, authenticated'),
    ('public.view_signing(text, uuid)', 'anon, authenticated'),
    ('public.withdraw_termination(uuid)', 'authenticated')
  $$,
  'functions can be called by exactly these roles'
);

select is_empty(
  $$
    select c.oid::regclass, t.attname
    from pg_class c
    join pg_attribute t on t.attrelid = c.oid and t.attnum > 0
    where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
      and has_column_privilege('anon', c.oid, t.attnum, 'select, insert, update, references')
  $$,
  'whoever has not signed in reads and writes nothing'
);

-- On hosted, tables keep truncate, references and trigger; every file in sql/ revokes them.
select is_empty(
  $$
    select d.defaclobjtype, coalesce(r.rolname, 'public'), a.privilege_type
    from pg_default_acl d
    cross join aclexplode(d.defaclacl) a
    left join pg_roles r on r.oid = a.grantee
    where d.defaclrole = 'postgres'::regrole
      and coalesce(r.rolname, 'public') in ('public', 'anon', 'authenticated')
      and a.privilege_type not in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
  $$,
  'what a later migration creates is granted to no client by itself'
);

select isnt_empty(
  $$
    select from pg_default_acl
    where defaclrole = 'postgres'::regrole and defaclobjtype = 'f' and defaclnamespace = 0
  $$,
  'and what PostgreSQL itself would grant, calling a new function, is revoked'
);

select * from finish();
rollback;
