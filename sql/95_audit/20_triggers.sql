-- The tables whose changes are kept: who belongs to a firm, whom it deals with, what it signed.

create trigger firms_audit after insert or update on public.firms
for each row execute function private.audit('id', 'id');

create trigger firm_members_audit after insert or update or delete on public.firm_members
for each row execute function private.audit('user_id', 'firm_id');

create trigger consultant_private_audit after update or delete on public.consultant_private
for each row execute function private.audit('consultant_id', 'firm_id');

-- The worker's own steps with a file are no news; what people do to it is.
create trigger files_audit
after insert or delete or update of name, visibility, archived_at on public.files
for each row execute function private.audit('id', 'firm_id');

-- Released, purged, examined or scanned once more; another version than before.
create trigger files_audit_steps
after update of status, reason, is_current on public.files
for each row when (
  (
    old.status not in ('pending', 'processing')
    and (old.status, old.reason) is distinct from (new.status, new.reason)
  )
  or (new.is_current and not old.is_current)
)
execute function private.audit('id', 'firm_id');

create trigger invitations_audit after insert or update or delete on public.invitations
for each row execute function private.audit('id', 'firm_id');

create trigger companies_audit after insert or update or delete on public.companies
for each row execute function private.audit('id', 'firm_id');

create trigger contacts_audit after insert or update or delete on public.contacts
for each row execute function private.audit('id', 'firm_id');

create trigger consultants_audit after insert or update or delete on public.consultants
for each row execute function private.audit('id', 'firm_id');

create trigger contracts_audit after insert or update or delete on public.contracts
for each row execute function private.audit('id', 'firm_id');

create trigger contract_consultants_audit
after insert or update or delete on public.contract_consultants
for each row execute function private.audit('id', 'firm_id');

create trigger contract_signers_audit
after insert or update or delete on public.contract_signers
for each row execute function private.audit('id', 'firm_id');
