import type { Account, AuthService } from "./auth.ts";
import { ServiceError, serviceError, signedOut } from "./errors.ts";
import { type StoredAccount, type StoredFactor, stamped } from "./memory/backend.ts";
import type { Caller } from "./memory/caller.ts";
import { isCode, newSecret } from "./memory/totp.ts";

const MIN_PASSWORD = 8;
const MOST_FACTORS = 10;
const WRONG_CODES_IN_A_MINUTE = 15;

export function memoryAuth(caller: Caller): AuthService {
  const { backend } = caller;
  const codes = new Map<string, string>();
  const find = (email: string) =>
    backend.accounts.find((one) => one.email === email.trim().toLowerCase());
  const refuse = (code: string) => serviceError({ name: "AuthApiError", code });

  const sendCode = ({ email }: StoredAccount, subject: string) => {
    const code = String(crypto.getRandomValues(new Uint32Array(1))[0])
      .padStart(10, "0")
      .slice(-6);
    codes.set(email, code);
    backend.mail(email, subject, code);
  };
  const enter = (account: StoredAccount): Account => {
    caller.become(account);
    return publicly(account);
  };
  const publicly = (account: StoredAccount): Account => {
    const { id, email, name } = account;
    const { level } = caller;
    return { id, email, name, level, nextLevel: hasFactor(account) ? "aal2" : level };
  };
  const useCode = (email: string, code: string): StoredAccount => {
    const account = find(email);
    if (!account || codes.get(account.email) !== code) throw refuse("otp_expired");
    codes.delete(account.email);
    account.confirmed = true;
    return account;
  };
  /** Who is signed in, in both steps if the account has two. */
  const fully = (): StoredAccount => {
    if (!caller.account) throw signedOut();
    if (hasFactor(caller.account) && caller.level !== "aal2") throw refuse("insufficient_aal");
    return caller.account;
  };
  const findFactor = (id: string): StoredFactor => {
    const factor = caller.account?.factors.find((one) => one.id === id);
    if (!factor) throw refuse("mfa_factor_not_found");
    return factor;
  };
  const checkPassword = (password: string) => {
    if (password.length < MIN_PASSWORD) throw refuse("weak_password");
  };

  return {
    async account() {
      return caller.account && publicly(caller.account);
    },

    async signUp({ name, email, password }) {
      checkPassword(password);
      const address = email.trim().toLowerCase();
      // An address that has an account gets no second one, and nobody hears of it.
      if (find(address)?.confirmed) return;
      if (!/^[^\s@]+@[^\s@]+$/.test(address)) {
        throw new ServiceError("validation_failed", "This is no e-mail address.");
      }
      const who = { id: crypto.randomUUID(), email: address, name: name || address };
      const account = { ...who, password, confirmed: false, factors: [] };
      backend.accounts.push(account);
      sendCode(account, "Confirm your email address");
    },

    async confirm(email, code) {
      return enter(useCode(email, code));
    },

    async resendCode(email) {
      const account = find(email);
      if (account?.confirmed === false) sendCode(account, "Confirm your email address");
    },

    async signIn(email, password) {
      const account = find(email);
      if (account?.password !== password) throw refuse("invalid_credentials");
      if (!account.confirmed) throw refuse("email_not_confirmed");
      return enter(account);
    },

    async signOut() {
      caller.become(null);
    },

    async forgotPassword(email) {
      const account = find(email);
      if (account) sendCode(account, "Reset your password");
    },

    async resetPassword(email, code, password) {
      checkPassword(password);
      const account = enter(useCode(email, code));
      fully().password = password;
      return account;
    },

    async changePassword(password) {
      const account = fully();
      checkPassword(password);
      if (account.password === password) throw refuse("same_password");
      account.password = password;
    },

    async factors() {
      const { factors = [] } = caller.account ?? {};
      return factors
        .filter(({ isVerified }) => isVerified)
        .map(({ id, name, created_at }) => ({ id, name, created_at }));
    },

    async enrolFactor(name) {
      const account = fully();
      account.factors = account.factors.filter(({ isVerified }) => isVerified);
      if (account.factors.some((one) => one.name === name))
        throw refuse("mfa_factor_name_conflict");
      if (account.factors.length >= MOST_FACTORS) throw refuse("too_many_enrolled_mfa_factors");
      const secret = newSecret();
      const factor = { ...stamped(), name, secret, isVerified: false, usedCodes: [], wrongAt: [] };
      account.factors.push(factor);
      const uri = `otpauth://totp/${encodeURIComponent(account.email)}?secret=${secret}`;
      return { id: factor.id, qr: PICTURE, secret, uri };
    },

    async verifyFactor(id, code) {
      const factor = findFactor(id);
      factor.wrongAt = factor.wrongAt.filter((at) => at > Date.now() - 60_000);
      if (factor.wrongAt.length >= WRONG_CODES_IN_A_MINUTE) throw refuse("over_request_rate_limit");
      if (factor.usedCodes.includes(code) || !(await isCode(factor.secret, code))) {
        factor.wrongAt.push(Date.now());
        throw refuse("mfa_verification_failed");
      }
      factor.usedCodes.push(code);
      factor.isVerified = true;
      caller.become(caller.account, id);
    },

    async removeFactor(id) {
      const account = fully();
      const { id: factorId } = findFactor(id);
      account.factors = account.factors.filter((one) => one.id !== factorId);
      caller.tell();
    },

    watch(changed) {
      const tell = () => changed(caller.account && publicly(caller.account));
      queueMicrotask(tell);
      return caller.onChange(tell);
    },
  };
}

const hasFactor = ({ factors }: StoredAccount): boolean =>
  factors.some(({ isVerified }) => isVerified);

/** In place of a QR code: whoever develops types the secret. */
const PICTURE =
  'data:image/svg+xml;utf-8,<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">' +
  '<text x="50" y="53" text-anchor="middle" font-size="9">No code in memory</text></svg>';
