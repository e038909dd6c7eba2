import type { User } from "@supabase/supabase-js";
import type { Client } from "./client.ts";
import { ask } from "./errors.ts";
import type { Stop } from "./live.ts";

export interface Account {
  id: string;
  email: string;
  name: string;
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
  signOut(): Promise<void>;
  /** Sends a code for `resetPassword`. Says nothing about whether the address has an account. */
  forgotPassword(email: string): Promise<void>;
  /** A new password by the code of the mail, which signs in. Errors: otp_expired, weak_password. */
  resetPassword(email: string, code: string, password: string): Promise<Account>;
  /** Also for who came by the link of that mail. Errors: weak_password, same_password. */
  changePassword(password: string): Promise<void>;
  /** Calls back at once, and whenever somebody signs in or out, in another tab too. */
  watch(changed: (account: Account | null) => void): Stop;
}

export function supabaseAuth({ auth }: Client): AuthService {
  const verify = async (email: string, token: string, type: "signup" | "recovery") => {
    const { user } = await ask(auth.verifyOtp({ email, token, type }));
    return accountOf(user as User);
  };
  return {
    async account() {
      const { session } = await ask(auth.getSession());
      return session ? accountOf(session.user) : null;
    },

    async signUp({ name, email, password }) {
      await ask(auth.signUp({ email, password, options: { data: { full_name: name } } }));
    },

    confirm: (email, code) => verify(email, code, "signup"),

    async resendCode(email) {
      await ask(auth.resend({ type: "signup", email }));
    },

    async signIn(email, password) {
      const { user } = await ask(auth.signInWithPassword({ email, password }));
      return accountOf(user as User);
    },

    async signOut() {
      await ask(auth.signOut({ scope: "local" }).then(({ error }) => ({ data: null, error })));
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

    watch(changed) {
      const { data } = auth.onAuthStateChange((_event, session) => {
        changed(session ? accountOf(session.user) : null);
      });
      return () => data.subscription.unsubscribe();
    },
  };
}

function accountOf({ id, email, user_metadata }: User): Account {
  return { id, email: email ?? "", name: String(user_metadata.full_name ?? email ?? "") };
}
