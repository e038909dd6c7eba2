import type { Session } from "@supabase/supabase-js";
import type { Client } from "./client.ts";
import { ask } from "./errors.ts";
import type { Stop } from "./live.ts";

/** What a session rests on: aal1, a password or a mail; aal2, the code of a device besides. */
export type Level = "aal1" | "aal2";

export interface Account {
  id: string;
  email: string;
  name: string;
  level: Level;
  /** The level the account asks for: where it is another one, ask for a code and `verifyFactor`. */
  nextLevel: Level;
}

/** A device whose authenticator app shows codes for the account. */
export interface Factor {
  id: string;
  name: string;
  created_at: string;
}

/** A device that counts once `verifyFactor` had a code of it. */
export interface NewFactor {
  id: string;
  /** The QR code as a data: address, for an <img>. */
  qr: string;
  /** The same for typing. */
  secret: string;
  /** The same as a link, which opens the app on the device it stands on. */
  uri: string;
}

export interface AuthService {
  /** Who is signed in on this device. */
  account(): Promise<Account | null>;
  /** Makes an account; a mail brings a code for `confirm`. */
  signUp(who: { name: string; email: string; password: string }): Promise<void>;
  /** Confirms the address, which signs in. Error: otp_expired. */
  confirm(email: string, code: string): Promise<Account>;
  /** Sends the mail of `signUp` once more. */
  resendCode(email: string): Promise<void>;
  /** Errors: invalid_credentials, email_not_confirmed. */
  signIn(email: string, password: string): Promise<Account>;
  /** On this device, also where the server cannot be reached. */
  signOut(): Promise<void>;
  /** Sends a code for `resetPassword`. Says nothing about whether the address has an account. */
  forgotPassword(email: string): Promise<void>;
  /**
   * A new password by the code of the mail, which signs in. Errors: otp_expired, weak_password, and
   * insufficient_aal where that is only the first step: then `changePassword` after the second.
   */
  resetPassword(email: string, code: string, password: string): Promise<Account>;
  /**
   * Also for who came by the link of that mail. Errors: weak_password, same_password,
   * insufficient_aal.
   */
  changePassword(password: string): Promise<void>;
  /** The devices that may be asked for a code. */
  factors(): Promise<Factor[]>;
  /**
   * Begins to set up a device; what was begun before and left is dropped. Errors: insufficient_aal
   * beside another device, mfa_factor_name_conflict, too_many_enrolled_mfa_factors.
   */
  enrolFactor(name: string): Promise<NewFactor>;
  /**
   * Takes a code of a device: the second step of signing in, and the last one of setting a device
   * up, which ends the sessions elsewhere that lack it. Each code counts once. Errors:
   * mfa_verification_failed, mfa_factor_not_found, over_request_rate_limit.
   */
  verifyFactor(id: string, code: string): Promise<void>;
  /** The sessions that rest on the device fall back to aal1. Error: insufficient_aal. */
  removeFactor(id: string): Promise<void>;
  /** Calls back at once, and whenever somebody signs in, out or up a level, in another tab too. */
  watch(changed: (account: Account | null) => void): Stop;
}

export function supabaseAuth({ auth }: Client): AuthService {
  const verify = async (email: string, token: string, type: "signup" | "recovery") => {
    const { session } = await ask(auth.verifyOtp({ email, token, type }));
    return accountOf(session as Session);
  };
  return {
    async account() {
      const { session } = await ask(auth.getSession());
      return session && accountOf(session);
    },

    async signUp({ name, email, password }) {
      await ask(auth.signUp({ email, password, options: { data: { full_name: name } } }));
    },

    confirm: (email, code) => verify(email, code, "signup"),

    async resendCode(email) {
      await ask(auth.resend({ type: "signup", email }));
    },

    async signIn(email, password) {
      const { session } = await ask(auth.signInWithPassword({ email, password }));
      return accountOf(session);
    },

    async signOut() {
      // The device has forgotten the session before the server is told, which may be out of reach.
      await auth.signOut({ scope: "local" });
    },

    async forgotPassword(email) {
      await ask(auth.resetPasswordForEmail(email));
    },

    async resetPassword(email, code, password) {
      const account = await verify(email, code, "recovery");
      await ask(auth.updateUser({ password }));
      return account;
    },

    async changePassword(password) {
      await ask(auth.updateUser({ password }));
    },

    async factors() {
      const { totp } = await ask(auth.mfa.listFactors());
      return totp.map(({ id, friendly_name, created_at }) => ({
        ...{ id, name: friendly_name || "Authenticator app", created_at },
      }));
    },

    async enrolFactor(friendlyName) {
      const { all } = await ask(auth.mfa.listFactors());
      for (const { id: factorId, status } of all) {
        if (status === "unverified") await ask(auth.mfa.unenroll({ factorId }));
      }
      const { id, totp } = await ask(auth.mfa.enroll({ factorType: "totp", friendlyName }));
      return { id, qr: totp.qr_code, secret: totp.secret, uri: totp.uri };
    },

    async verifyFactor(factorId, code) {
      await ask(auth.mfa.challengeAndVerify({ factorId, code }));
    },

    async removeFactor(factorId) {
      await ask(auth.mfa.unenroll({ factorId }));
      // The token at hand still has the level it was made with.
      await ask(auth.refreshSession());
    },

    watch(changed) {
      const { data } = auth.onAuthStateChange((_event, session) => {
        changed(session && accountOf(session));
      });
      return () => data.subscription.unsubscribe();
    },
  };
}

function accountOf({ user, access_token }: Session): Account {
  const { id, email = "", user_metadata, factors = [] } = user;
  // At once, and not by supabase-js, which must not be asked while it tells what changed.
  const [, claims = ""] = access_token.split(".");
  const { aal: level } = JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/")));
  const hasFactor = factors.some(({ status }) => status === "verified");
  const name = String(user_metadata.full_name || email);
  return { id, email, name, level, nextLevel: hasFactor ? "aal2" : level };
}
