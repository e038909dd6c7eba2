import type { Level } from "../auth.ts";
import { notAllowed, notFound, ServiceError } from "../errors.ts";
import { atLeast, type Role } from "../firms.ts";
import type { MemoryBackend, StoredAccount } from "./backend.ts";

export const mfaRequired = (message: string): ServiceError =>
  new ServiceError("mfa_required", message, {
    hint: "Verify a second factor, then refresh the session.",
  });

/** Who is signed in on one set of services, and what they may do. */
export class Caller {
  readonly backend: MemoryBackend;
  #account: StoredAccount | null = null;
  /** The factor that raised the session. */
  #factorId: string | null = null;
  readonly #listeners = new Set<() => void>();

  constructor(backend: MemoryBackend) {
    this.backend = backend;
  }

  get account(): StoredAccount | null {
    return this.#account;
  }

  /** With a factor: in two steps. */
  become(account: StoredAccount | null, factorId: string | null = null): void {
    this.#account = account;
    this.#factorId = factorId;
    this.tell();
  }

  /** Says that something about whoever is signed in is different now. */
  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  get level(): Level {
    return this.#account?.factors.some((one) => one.id === this.#factorId) ? "aal2" : "aal1";
  }

  needsFactor(firmId: string): boolean {
    const firm = this.backend.firms.find((one) => one.id === firmId);
    return firm?.require_mfa === true && this.level !== "aal2";
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get signedIn(): StoredAccount {
    if (!this.#account) throw notAllowed();
    return this.#account;
  }

  roleIn(firmId: string): Role | null {
    return this.needsFactor(firmId) ? null : this.#roleIn(firmId);
  }

  #roleIn(firmId: string): Role | null {
    const { members } = this.backend;
    const mine = members.find((m) => m.firm_id === firmId && m.user_id === this.#account?.id);
    return mine?.status === "active" ? mine.role : null;
  }

  has(firmId: string, role: Role): boolean {
    const mine = this.roleIn(firmId);
    return mine !== null && atLeast(mine, role);
  }

  /** For what the server does through a function: it tells a stranger from too low a role. */
  require(firmId: string, role: Role): void {
    if (this.#roleIn(firmId) && this.needsFactor(firmId)) {
      throw mfaRequired("This firm requires a second factor.");
    }
    if (!this.roleIn(firmId)) {
      throw new ServiceError(
        "firm_not_found",
        "There is no such firm, or you are not an active member of it.",
      );
    }
    if (!this.has(firmId, role)) throw notAllowed();
  }

  /** For a row of a table: who may not write it does not find it to write. */
  find<T extends { id: string; firm_id: string }>(rows: T[], id: string, role: Role = "viewer"): T {
    const row = rows.find((one) => one.id === id);
    if (!row || !this.has(row.firm_id, role)) throw notFound();
    return row;
  }
}
