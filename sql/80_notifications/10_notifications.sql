create table public.notifications (
  id uuid primary key default gen_random_uuid(),
  firm_id uuid not null,
  user_id uuid not null,
  dedupe_key text not null,
  kind text not null,
  title text not null,
  body text not null default '',
  link text not null,
  read_at timestamptz,
  created_at timestamptz not null default now(),
  delivery text not null default 'off',
  digested_at timestamptz,
  constraint notifications_firm_id_id_key unique (firm_id, id),
  constraint notifications_user_id_dedupe_key_key unique (user_id, dedupe_key),
  constraint notifications_member_fkey foreign key (firm_id, user_id)
  references public.firm_members (firm_id, user_id) on delete cascade,
  constraint notifications_dedupe_key_length check (char_length(dedupe_key) between 1 and 300),
  constraint notifications_kind_form check (kind ~ '^[a-z][a-z_]{0,49}$'),
  constraint notifications_title_length check (char_length(title) between 1 and 300),
  constraint notifications_body_length check (char_length(body) <= 2000),
  constraint notifications_link_form check (link ~ '^/[^/\\]' and char_length(link) <= 500),
  constraint notifications_delivery_known check (delivery in ('now', 'digest', 'off'))
);

create index notifications_firm_id_user_id_created_at_idx
on public.notifications (firm_id, user_id, created_at desc, id);

create index notifications_digest_idx on public.notifications (firm_id, user_id, created_at)
where delivery = 'digest' and digested_at is null;

alter table public.notifications enable row level security;

create policy notifications_select on public.notifications for select to authenticated
using (
  user_id = (select auth.uid())
  and firm_id = any (array(select private.firm_ids('viewer')))
);

create policy notifications_update on public.notifications for update to authenticated
using (
  user_id = (select auth.uid())
  and firm_id = any (array(select private.firm_ids('viewer')))
)
with check (
  user_id = (select auth.uid())
  and firm_id = any (array(select private.firm_ids('viewer')))
);

revoke all on public.notifications from public, anon, authenticated, service_role;
grant select on public.notifications to authenticated, service_role;
grant update (read_at) on public.notifications to authenticated;

alter publication supabase_realtime add table public.notifications;

comment on table public.notifications is
  'What one member of a firm was told in the app. Written by private.notify only; the member '
  'reads it and marks it read.';
comment on column public.notifications.dedupe_key is
  'The fact; each user hears of it once.';
comment on column public.notifications.link is
  'Path in the app, such as /contracts/….';
comment on column public.notifications.delivery is
  'By mail as well: at once (now), with the next daily digest, or not at all.';
comment on column public.notifications.digested_at is
  'When a digest took it up, or passed over it because it had been read.';
