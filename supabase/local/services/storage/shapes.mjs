/** Rows as clients see them. An owner that is null reads as an empty text, as on hosted. */

export function toBucket(row) {
  return {
    id: row.id,
    name: row.name,
    owner: row.owner ?? "",
    public: row.public,
    type: row.type,
    file_size_limit: row.file_size_limit === null ? null : Number(row.file_size_limit),
    allowed_mime_types: row.allowed_mime_types,
    created_at: instant(row.created_at),
    updated_at: instant(row.updated_at),
  };
}

export function toObject(row) {
  return {
    name: row.name,
    bucket_id: row.bucket_id,
    owner: row.owner ?? "",
    owner_id: row.owner_id ?? "",
    version: row.version,
    id: row.id,
    updated_at: instant(row.updated_at),
    created_at: instant(row.created_at),
    last_accessed_at: instant(row.last_accessed_at),
    metadata: row.metadata,
    user_metadata: row.user_metadata,
  };
}

export function toInfo(row) {
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    bucket_id: row.bucket_id,
    size: row.metadata?.size ?? null,
    content_type: row.metadata?.mimetype ?? null,
    cache_control: row.metadata?.cacheControl ?? null,
    etag: row.metadata?.eTag ?? null,
    metadata: row.user_metadata,
    last_modified: instant(row.updated_at),
    created_at: instant(row.created_at),
  };
}

/** A file or, with a null id, a folder. */
export function toEntry(row) {
  return {
    name: row.name,
    id: row.id,
    updated_at: instant(row.updated_at),
    created_at: instant(row.created_at),
    last_accessed_at: instant(row.last_accessed_at),
    metadata: row.metadata,
  };
}

function instant(value) {
  return value === null ? null : new Date(value).toISOString();
}
