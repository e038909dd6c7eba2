create table public.tags (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null references public.firms (id) on delete cascade,
  name text not null,
  color text,
  created_at timestamptz not null default now(),
  created_by uuid,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  archived_at timestamptz,
  unique (firm_id, id),
  constraint tags_name_length check (char_length(name) between 1 and 60),
  constraint tags_name_form check (name = btrim(name) and name !~ '[[:cntrl:]]'),
  constraint tags_color_form check (color ~ '^#[0-9a-f]{6}$')
);

create unique index tags_firm_id_name_idx on public.tags (firm_id, lower(name))
where archived_at is null;
create index tags_firm_id_created_at_idx on public.tags (firm_id, created_at desc, id);

-- The update policy lets members touch their own tags only, so a member is enough here.
create trigger tags_archive before update on public.tags
for each row execute function private.guard_archive('member');

create trigger tags_stamp before insert or update on public.tags
for each row execute function private.stamp();

alter table public.tags enable row level security;

create policy tags_select on public.tags for select to authenticated
using (firm_id = any (array(select private.firm_ids())));

create policy tags_insert on public.tags for insert to authenticated
with check (firm_id = any (array(select private.firm_ids('member'))));

create policy tags_update on public.tags for update to authenticated
using (
  firm_id = any (array(select private.firm_ids('manager')))
  or (
    created_by = (select auth.uid())
    and firm_id = any (array(select private.firm_ids('member')))
  )
)
with check (
  firm_id = any (array(select private.firm_ids('manager')))
  or (
    created_by = (select auth.uid())
    and firm_id = any (array(select private.firm_ids('member')))
  )
);

revoke all on public.tags from public, anon, authenticated, service_role;
grant select on public.tags to authenticated, service_role;
grant insert (firm_id, name, color) on public.tags to authenticated;
grant update (name, color, archived_at) on public.tags to authenticated;

comment on table public.tags is
  'The labels of a firm. Members make them and change their own; managers all.';
comment on column public.tags.name is 'Unique in the firm, whatever its case, until archived.';
comment on column public.tags.color is 'As #rrggbb in lower case; null leaves it to the frontend.';
comment on column public.tags.archived_at is
  'Set any time to archive, null to restore; the server keeps its own clock.';
