create function private.retention_rules() returns table (
  table_name text, what text, keep interval, due text, change text, why text
)
language sql immutable set search_path = '' as $$
  values
  (
    'public.notifications', 'that were read', interval '180 days', 'read_at < $1', null,
    'News of half a year ago; nobody scrolls further back.'
  ),
  (
    'public.notifications', 'that nobody read', '365 days', 'created_at < $1', null,
    'What was not read in a year will not be.'
  ),
  (
    'public.emails', 'that were sent, failed or suppressed', '90 days',
    'created_at < $1 and status in (''sent'', ''failed'', ''suppressed'')', null,
    'Long enough to answer whether a mail went out; its address is personal data.'
  ),
  (
    'public.invitations', 'that were accepted, revoked or have expired', '180 days',
    'coalesce(accepted_at, revoked_at, expires_at) < $1', null,
    'The membership says the rest; the address is personal data.'
  ),
  (
    'public.reports', 'with their documents', '30 days',
    'coalesce(finished_at, created_at) < $1', null,
    'A report shows one day and can be made anew.'
  ),
  (
    'public.files', 'that were archived, with their objects', '30 days',
    'archived_at < $1 and is_current and not exists ('
    'select from public.contracts c where c.firm_id = t.firm_id and c.id = t.contract_id '
    'and private.contract_kept_until(c) >= current_date)', null,
    'Time to restore one, with all its versions. Files of a signed contract stay until the end of '
    'the tenth year after it ended: § 147 AO, § 257 HGB.'
  ),
  (
    'public.files', 'whose upload or examination failed', '30 days',
    'status = ''failed'' and updated_at < $1 '
    'and (ready_at is null or reason in (''purged'', ''object_missing'')) '
    'and (not (is_current or version = 1) or not exists ('
    'select from public.files v where v.firm_id = t.firm_id and v.series_id = t.series_id '
    'and v.id <> t.id))', null,
    'Long enough for whoever uploaded it to read why; the first and the current version as long as '
    'there are others. Its bytes go earlier: at once, or after a week where the job may be sent back. '
    'What was ready before stays with its bytes: it is the job that failed then.'
  ),
  (
    'public.file_accesses', 'all of them', '1 year', 'opened_at < $1', null,
    'Who opened what is asked within months, if ever; it also says what people did at work.'
  ),
  (
    'public.firm_exports', 'with their parts', '7 days', 'expires_at <= now() and $1 < now()', null,
    'A copy of everything is not left lying about.'
  ),
  (
    'public.imports', 'with their files and lists of refused rows', '30 days',
    'coalesce(finished_at, created_at) < $1 and status not in (''queued'', ''running'')', null,
    'Long enough to mend what was refused; what was imported is in the firm''s rows.'
  ),
  (
    'public.merge_log', 'what it takes to undo a merge', '30 days',
    'merged_at < $1 and moved <> ''{}''', 'moved = ''{}'', filled = ''{}''',
    'A merge can be undone that long. That there was one stays known.'
  ),
  (
    'public.audit_log', 'all of it', '3 years', 'at < $1', null,
    'Claims among the people of a firm lapse after three years: § 195 BGB.'
  ),
  (
    'private.dead_jobs', 'all of them', '90 days', 'died_at < $1', null,
    'Nobody sends a job back after that; their errors may hold personal data.'
  ),
  (
    'private.finished_jobs', 'all of them', '7 days', 'finished_at < $1', null,
    'Long enough to look up what a job came to; what it did is in the firm''s rows.'
  ),
  (
    'private.usage_days', 'all of them', '400 days', 'day < $1', null,
    'A year and a month, to compare; growth is told from ninety days. No data of firms.'
  ),
  (
    'public.firms', 'that were archived, with everything in them', '30 days', null, null,
    'Until then the operator can open the firm again. What law makes a firm keep, it takes along '
    'with export_firm first.'
  ),
  (
    'public.erasures', 'what law kept of a person', interval '10 years', null, null,
    'The name and the signatures, until the end of the tenth year after the contract ended: § 147 '
    'AO, § 257 HGB. The entry itself stays with the firm.'
  ),
  ('public.companies', 'all', null, null, null, 'The firm''s own business; it archives them.'),
  ('public.contacts', 'all', null, null, null, 'As the company; people who ask are erased.'),
  ('public.consultants', 'all', null, null, null, 'The firm''s own; people who ask are erased.'),
  ('public.consultant_private', 'all', null, null, null, 'Goes with the consultant.'),
  ('public.contracts', 'all', null, null, null, 'Evidence of what was agreed; others refer to it.'),
  ('public.contract_events', 'all', null, null, null, 'Evidence of how a contract came about.'),
  ('public.contract_consultants', 'all', null, null, null, 'Goes with the contract.'),
  ('public.contract_signers', 'all', null, null, null, 'Evidence of who signed.'),
  ('public.file_releases', 'all', null, null, null, 'Goes with the file.'),
  ('public.notes', 'all', null, null, null, 'The firm''s own; they go with an erased person.'),
  ('public.tags', 'all', null, null, null, 'Words of the firm.'),
  ('public.taggings', 'all', null, null, null, 'Few and small; they go with an erased person.'),
  ('public.saved_views', 'all', null, null, null, 'Settings of its people.'),
  (
    'public.notification_preferences', 'all', null, null, null,
    'Settings of its people; they go with the membership.'
  ),
  ('public.firm_members', 'all', null, null, null, 'Ends with the membership.'),
  ('public.profiles', 'all', null, null, null, 'Belongs to the account, not to a firm.'),
  ('private.contract_counters', 'all', null, null, null, 'The next number of a contract.'),
  (
    'private.contract_reminders', 'all', null, null, null,
    'Few for each contract; a reminder is sent once.'
  ),
  (
    'private.email_suppressions', 'all', null, null, null,
    'Who wants no mail stays left alone, whatever else is forgotten; no address, only its hash.'
  ),
  (
    'private.job_schedules', 'all', null, null, null, 'What the operator runs for the firm.'
  ),
  (
    'private.doomed_objects', 'all', null, null, null,
    'Until the worker has removed the object, which takes minutes; hours where an upload was open.'
  ),
  ('private.import_errors', 'all', null, null, null, 'Until the run is over; goes with the import.'),
  ('private.invitation_tokens', 'all', null, null, null, 'Goes with the invitation.'),
  ('private.search_entries', 'all', null, null, null, 'Goes with the row that is found.'),
  ('private.signing_tokens', 'all', null, null, null, 'Goes when it is nobody''s turn any more.')
$$;

revoke execute on function private.retention_rules() from public, anon, authenticated;

comment on function private.retention_rules() is
  'What becomes of every table with data of firms: how long which rows are kept and why. due is '
  'the condition on a row t, $1 being the moment before which it holds; change, what is set where '
  'the row stays. Without keep it stays as long as its firm.';
