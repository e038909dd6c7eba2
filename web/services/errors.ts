/**
 * What went wrong, for a program (`code`, and `field` where one value is to blame) and for a person
 * (`message`, and `hint` for what to do). Every service throws this and nothing else.
 *
 * docs/frontend.md says which codes there are.
 */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: string;
  readonly hint: string | null;
  readonly field: string | null;

  constructor(
    code: string,
    message: string,
    more: { hint?: string | null; field?: string | null; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.code = code;
    this.hint = more.hint ?? null;
    this.field = more.field ?? null;
  }
}

export const offline = (cause?: unknown): ServiceError =>
  new ServiceError("offline", "The server cannot be reached.", {
    hint: "Check your connection, then try again.",
    cause,
  });

export const cancelled = (): ServiceError => new ServiceError("cancelled", "You cancelled it.");

export const signedOut = (): ServiceError =>
  new ServiceError("signed_out", "You are signed out.", { hint: "Sign in again." });

export const notFound = (): ServiceError =>
  new ServiceError("not_found", "There is no such entry.", {
    hint: "It may be archived, or belong to a firm that you are not in.",
  });

export const notAllowed = (): ServiceError =>
  new ServiceError("not_allowed", "Your role in this firm does not allow this.", {
    hint: "Ask a manager or an admin of the firm.",
  });

export const badValue = (field: string | null): ServiceError =>
  new ServiceError(
    "bad_value",
    field ? `This cannot be the ${field.replaceAll("_", " ")}.` : "A value cannot be used.",
    { hint: "Correct it, then try again.", field },
  );

/** The `data` of an answer of supabase-js; its error as a `ServiceError`. */
export async function ask<Answer extends { data: unknown; error: unknown }>(
  request: PromiseLike<Answer>,
): Promise<Extract<Answer, { error: null }>["data"]> {
  const { data, error } = await request;
  if (error) throw serviceError(error);
  return data;
}

/** Any error of supabase-js as ours. */
export function serviceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const { code, message, details, hint, name, statusCode } = error as {
    [part in "code" | "message" | "details" | "hint" | "name" | "statusCode"]?: string;
  };
  // What a rule of the project refused: private.fail puts its stable code into the details.
  if (code?.startsWith("PT") && details) {
    return new ServiceError(details, message ?? details, { hint: hint ?? null, cause: error });
  }
  if (name === "AuthSessionMissingError") return signedOut();
  if (name === "AuthRetryableFetchError" || isUnreachable(code, message)) return offline(error);
  switch (code) {
    case "23505":
      return new ServiceError("taken", "This is there already.", {
        hint: "Choose another value.",
        field: fieldOf(message),
        cause: error,
      });
    case "22P02":
      // What has no form of an id is the id of nothing.
      if (/type uuid/.test(message ?? "")) return notFound();
      return badValue(fieldOf(message));
    case "23514":
    case "22007":
    case "22008":
      return badValue(fieldOf(message));
    case "23503":
      return new ServiceError("no_such_row", "The firm has no such entry.", { cause: error });
    case "42501":
      return notAllowed();
    case "PGRST116":
      return notFound();
    case "PGRST301":
    case "PGRST303":
    case "session_not_found":
    case "refresh_token_not_found":
    case "bad_jwt":
      return signedOut();
  }
  if (name === "StorageApiError") return storageError(statusCode, message, error);
  if (name?.startsWith("Auth") && code) {
    return new ServiceError(code, AUTH_SENTENCES[code] ?? message ?? code, {
      field: AUTH_FIELDS[code] ?? null,
      cause: error,
    });
  }
  return new ServiceError("unexpected", "Something went wrong.", {
    hint: "Try again; if it stays, tell whoever runs the service.",
    cause: error,
  });
}

const AUTH_SENTENCES: Record<string, string> = {
  invalid_credentials: "Address and password do not match.",
  email_not_confirmed: "This address is not confirmed yet.",
  user_already_exists: "There is an account with this address already.",
  weak_password: "This password is too short.",
  same_password: "This is the password you have already.",
  otp_expired: "This code is wrong, or too old.",
  over_email_send_rate_limit: "A mail was sent a moment ago. Wait a little, then ask again.",
  over_request_rate_limit: "Too many attempts. Wait a minute, then try again.",
  insufficient_aal: "This needs a code of your authenticator app first.",
  mfa_verification_failed: "This code is wrong, or was used already.",
  mfa_challenge_expired: "This took too long. Enter a new code.",
  mfa_factor_not_found: "This device is no longer set up.",
  mfa_factor_name_conflict: "Another device has this name.",
  too_many_enrolled_mfa_factors: "There are ten devices already. Remove one first.",
};

const AUTH_FIELDS: Record<string, string> = {
  otp_expired: "code",
  mfa_verification_failed: "code",
  mfa_factor_name_conflict: "name",
};

function isUnreachable(code: string | undefined, message: string | undefined): boolean {
  return !code && /fetch failed|Failed to fetch|NetworkError|Load failed/.test(message ?? "");
}

/** What the Storage said, by its status as it stands in the body. */
export function storageError(
  status: string | undefined,
  message: string | undefined,
  cause: unknown,
): ServiceError {
  if (status === "404") return notFound();
  if (status === "403") return notAllowed();
  return new ServiceError("storage_refused", message || "The storage refused it.", {
    hint: "Try again.",
    cause,
  });
}

/** `companies_website_form` of the table `companies` is about `website`. */
function fieldOf(message = ""): string | null {
  const constraint = /constraint "(\w+)"/.exec(message)?.[1];
  const table = /relation "(\w+)"/.exec(message)?.[1] ?? constraint?.split("_")[0];
  if (!constraint || !table) return null;
  const field = constraint
    .slice(table.length + 1)
    .replace(/^firm_id_/, "")
    .replace(/_(form|length|line|known|range|order|complete|required|key|idx)$/, "");
  return field || null;
}
