"""The schema's two forms, `sql/` and `supabase/migrations/`, and the tools that keep them equal."""
