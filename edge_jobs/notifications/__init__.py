"""Who hears what: e-mail beside the notifications that the database writes itself."""
