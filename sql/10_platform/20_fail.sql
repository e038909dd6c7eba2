create function private.fail(
  code text,
  message text,
  hint text default null,
  status integer default 400
) returns void
language plpgsql set search_path = '' as $$
begin
  if hint is null then
    raise exception using errcode = 'PT' || status, message = message, detail = code;
  end if;
  raise exception using errcode = 'PT' || status, message = message, detail = code, hint = hint;
end
$$;

revoke execute on function private.fail(text, text, text, integer) from public, anon, authenticated;
grant execute on function private.fail(text, text, text, integer) to authenticated, service_role;

comment on function private.fail(text, text, text, integer) is
  'Ends the request with an HTTP status, a stable code in "details", a sentence in "message" and '
  'what to do in "hint".';
