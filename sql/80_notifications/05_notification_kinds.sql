create function private.notification_kinds() returns table (
  kind text, delivery text, what text
)
language sql
immutable
set search_path = ''
begin atomic
  select k.kind, k.delivery, k.what
  from (
    values
    ('contract_ending', 'now', 'A contract ends soon.'),
    ('contract_renewing', 'now', 'A contract renews itself unless somebody cancels it soon.'),
    ('contract_signed', 'now', 'Everybody has signed a contract.'),
    ('contract_declined', 'now', 'Somebody does not sign a contract.'),
    ('signer_unreachable', 'now', 'A request to sign a contract did not arrive.'),
    ('file_quarantined', 'now', 'A file of yours was locked away.'),
    ('file_rejected', 'digest', 'A file of yours could not be used.'),
    ('report_ready', 'now', 'A report you asked for is ready.'),
    ('export_ready', 'now', 'The export of the firm you asked for is ready.'),
    ('digest', 'digest', 'The daily mail with what was gathered.')
  ) as k (kind, delivery, what);
end;

revoke execute on function private.notification_kinds()
from public, anon, authenticated, service_role;
grant execute on function private.notification_kinds() to authenticated;

comment on function private.notification_kinds() is
'What members of a firm are told by mail too, and how unless they choose otherwise: at once (now),
with the daily digest, or not at all (off). The digest is a kind itself. Other kinds are told in the
app alone.';
