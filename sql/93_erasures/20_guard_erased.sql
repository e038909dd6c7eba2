create function private.keep_erased() returns trigger
language plpgsql set search_path = '' as $$
begin
  if not private.guards_are_off() then
    perform private.fail(
      'erased', 'This person was erased.', hint => 'Enter them anew if they are back.',
      status => 409
    );
  end if;
  return new;
end
$$;

revoke execute on function private.keep_erased() from public, anon, authenticated;

comment on function private.keep_erased() is
  'Trigger: the row of an erased person is not restored and takes in nothing.';

create trigger consultants_erased before update on public.consultants
for each row when (old.erased_at is not null)
execute function private.keep_erased();

create trigger contacts_erased before update on public.contacts
for each row when (old.erased_at is not null)
execute function private.keep_erased();

create function private.refuse_erased() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_row jsonb := to_jsonb(new);
  v_erased boolean;
begin
  -- Merges move what is there already, and nobody erased is merged.
  if private.guards_are_off() then
    return null;
  end if;
  -- Waits for an erasure that is going on, and holds the next one up.
  select c.erased_at is not null into v_erased
  from public.consultants c
  where c.id = (v_row ->> 'consultant_id')::uuid
  for key share;
  if v_erased is not true then
    select c.erased_at is not null into v_erased
    from public.contacts c
    where c.id = (v_row ->> 'contact_id')::uuid
    for key share;
  end if;
  if v_erased then
    perform private.fail('erased', 'This person was erased.', status => 409);
  end if;
  return null;
end
$$;

revoke execute on function private.refuse_erased() from public, anon, authenticated;

comment on function private.refuse_erased() is
  'Trigger: nothing new comes to be about an erased person. After the row is written, so that only '
  'who may write it hears of it.';

create trigger contracts_erased after insert or update of consultant_id on public.contracts
for each row when (new.consultant_id is not null)
execute function private.refuse_erased();

-- Nor is one sent that was prepared before.
create trigger contracts_erased_sent after update of status on public.contracts
for each row when (new.consultant_id is not null and new.status = 'sent')
execute function private.refuse_erased();

create trigger contract_consultants_erased
after insert or update of consultant_id on public.contract_consultants
for each row execute function private.refuse_erased();

create trigger files_erased
after insert or update of consultant_id, contact_id on public.files
for each row when (num_nonnulls(new.consultant_id, new.contact_id) > 0)
execute function private.refuse_erased();

create trigger notes_erased
after insert or update of consultant_id, contact_id on public.notes
for each row when (num_nonnulls(new.consultant_id, new.contact_id) > 0)
execute function private.refuse_erased();

create trigger taggings_erased
after insert or update of consultant_id, contact_id on public.taggings
for each row when (num_nonnulls(new.consultant_id, new.contact_id) > 0)
execute function private.refuse_erased();
