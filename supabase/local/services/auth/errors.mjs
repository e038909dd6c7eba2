/** An answer of the Auth service that is not a success: `{code, error_code, msg}` on the wire. */
export class AuthError extends Error {
  /**
   * @param {number} status HTTP status
   * @param {string} code stable error code of the hosted service
   * @param {string} message sentence of the hosted service
   * @param {unknown} [cause]
   */
  constructor(status, code, message, cause) {
    super(message, { cause });
    this.status = status;
    this.code = code;
  }

  toJSON() {
    return { code: this.status, error_code: this.code, msg: this.message };
  }
}

export const invalid = (message, status = 400) =>
  new AuthError(status, "validation_failed", message);

export const badJson = (message) =>
  new AuthError(400, "bad_json", `Could not parse request body as JSON: ${message}`);

export const unauthorized = () =>
  new AuthError(401, "no_authorization", "This endpoint requires a valid Bearer token");

export const badToken = (reason) =>
  new AuthError(403, "bad_jwt", `invalid JWT: unable to parse or verify signature, ${reason}`);

export const notAdmin = () => new AuthError(403, "not_admin", "User not allowed");

export const userNotFound = (message = "User not found") =>
  new AuthError(404, "user_not_found", message);

export const emailExists = () =>
  new AuthError(422, "email_exists", "A user with this email address has already been registered");

export const userExists = () =>
  new AuthError(422, "user_already_exists", "User already registered");

export const userBanned = (status) => new AuthError(status, "user_banned", "User is banned");

export const invalidCredentials = () =>
  new AuthError(400, "invalid_credentials", "Invalid login credentials");

export const linkExpired = (message = "Email link is invalid or has expired") =>
  new AuthError(403, "otp_expired", message);

export const factorNotFound = (message, status) =>
  new AuthError(status, "mfa_factor_not_found", message);

export const wrongCode = () =>
  new AuthError(422, "mfa_verification_failed", "Invalid TOTP code entered");

export const tooManyAttempts = () =>
  new AuthError(429, "over_request_rate_limit", "Request rate limit reached");

export const unexpected = (message, cause) =>
  new AuthError(500, "unexpected_failure", message, cause);
