create function private.my_firms()
returns table (
  firm_id uuid, name text, slug text, role text, status text, needs_mfa boolean
)
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
declare
  v_user constant uuid := auth.uid();
begin
  return query
  select
    f.id, f.name, f.slug, coalesce(m.role, 'consultant'), coalesce(m.status, 'active'),
    f.require_mfa and not private.has_second_factor()
  from public.firms f
  left join public.firm_members m on m.firm_id = f.id and m.user_id = v_user
  where f.id in (
      select firm_id from public.firm_members where user_id = v_user
      union
      select firm_id
      from public.consultants
      where user_id = v_user and status <> 'inactive' and archived_at is null
    )
    and f.status = 'active'
    and f.archived_at is null
  order by f.name, f.id;
end
$$;

create function public.my_firms()
returns table (
  firm_id uuid, name text, slug text, role text, status text, needs_mfa boolean
)
language sql stable security invoker set search_path = '' as $$
  select * from private.my_firms()
$$;

revoke execute on function private.my_firms() from public, anon, authenticated;
revoke execute on function public.my_firms() from public, anon, authenticated;
grant execute on function private.my_firms() to authenticated;
grant execute on function public.my_firms() to authenticated;

comment on function private.my_firms() is
  'Definer of public.my_firms: row security hides a firm from whoever has no right in it yet.';
comment on function public.my_firms() is
  'The active firms the caller belongs to, also while suspended or without the second factor that '
  'the firm requires (needs_mfa); with the role consultant those whose portal is all they have.';
