import type { Account, AuthService } from "./auth.ts";
import { ServiceError, serviceError, signedOut } from "./errors.ts";
import type { StoredAccount } from "./memory/backend.ts";
import type { Caller } from "./memory/caller.ts";

const MIN_PASSWORD = 8;

export function memoryAuth(caller: Caller): AuthService {
  const { backend } = caller;
  const codes = new Map<string, string>();
  const find = (email: string) =>
    backend.accounts.find((one) => one.email === email.trim().toLowerCase());
  const refuse = (code: string) => serviceError({ name: "AuthApiError", code });

  const sendCode = (email: string, subject: string) => {
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
  const useCode = (email: string, code: string): StoredAccount => {
    const account = find(email);
    if (!account || codes.get(account.email) !== code) throw refuse("otp_expired");
    codes.delete(account.email);
    account.confirmed = true;
    return account;
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
      const account = { id: crypto.randomUUID(), email: address, name, password, confirmed: false };
      backend.accounts.push(account);
      sendCode(address, "Confirm your email address");
    },

    async confirm(email, code) {
      return enter(useCode(email, code));
    },

    async resendCode(email) {
      if (find(email)?.confirmed === false) sendCode(email, "Confirm your email address");
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
      if (find(email)) sendCode(email, "Reset your password");
    },

    async resetPassword(email, code, password) {
      checkPassword(password);
      const account = useCode(email, code);
      account.password = password;
      return enter(account);
    },

    async changePassword(password) {
      if (!caller.account) throw signedOut();
      checkPassword(password);
      if (caller.account.password === password) throw refuse("same_password");
      caller.account.password = password;
    },

    watch(changed) {
      const tell = () => changed(caller.account && publicly(caller.account));
      queueMicrotask(tell);
      return caller.onChange(tell);
    },
  };
}

function publicly({ id, email, name }: StoredAccount): Account {
  return { id, email, name };
}
