insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('reports', 'reports', false, 52428800, array['application/pdf', 'text/csv'])
on conflict (id) do update set
  public = excluded.public,
  file_size_limit = excluded.file_size_limit,
  allowed_mime_types = excluded.allowed_mime_types;

-- Whoever sees the row may read the document: the rule is written once, on the table.
create policy reports_objects_select on storage.objects for select to authenticated
using (
  bucket_id = 'reports'
  and exists (select from public.reports as r where r.path = objects.name)
);
