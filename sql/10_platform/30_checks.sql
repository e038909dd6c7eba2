-- What a check constraint cannot say in one expression. They run as whoever writes the row.

create function private.is_timezone(p_name text) returns boolean
language plpgsql stable set search_path = '' as $$
begin
  -- PostgreSQL alone would take POSIX forms such as "abc5" as well.
  if p_name !~
    '^(UTC|Etc/GMT(-1[0-4]|\+1[0-2]|[+-][0-9])|[A-Z][A-Za-z]+(/[A-Z][A-Za-z_-]+){1,2})$'
  then
    return false;
  end if;
  perform pg_catalog.timezone(p_name, 'epoch'::timestamptz);
  return true;
exception when invalid_parameter_value then
  return false;
end
$$;

revoke execute on function private.is_timezone(text) from public, anon, authenticated;
grant execute on function private.is_timezone(text) to authenticated, service_role;

comment on function private.is_timezone(text) is
  'Whether the text is an IANA time zone of this server, such as Europe/Berlin.';

create function private.is_email(p_email text) returns boolean
language sql immutable set search_path = '' as $$
  select pg_catalog.char_length(p_email) <= 254
    and p_email !~ '[[:cntrl:]]'
    and p_email ~ '^[^@\s<>(),;:"\\]+@[^@\s<>(),;:"\\.]+(\.[^@\s<>(),;:"\\.]+)+$'
$$;

revoke execute on function private.is_email(text) from public, anon, authenticated;
grant execute on function private.is_email(text) to authenticated, service_role;

comment on function private.is_email(text) is
  'Whether the text is one bare e-mail address: no display name, no list, no line break.';

create function private.is_file_name(p_name text) returns boolean
language sql immutable set search_path = '' as $$
  select pg_catalog.octet_length(p_name) between 1 and 255
    and p_name ~ '[^. ]'
    -- Control characters, path separators, and the marks that turn the reading direction around.
    and p_name !~ '[\u0001-\u001f\u007f-\u009f/\\\u200e\u200f\u202a-\u202e\u2066-\u2069]'
$$;

revoke execute on function private.is_file_name(text) from public, anon, authenticated;
grant execute on function private.is_file_name(text) to authenticated, service_role;

comment on function private.is_file_name(text) is
  'Whether the text can be shown and saved as one file name on any system.';
