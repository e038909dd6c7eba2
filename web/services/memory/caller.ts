import { notAllowed, notFound, ServiceError } from "../errors.ts";
import { atLeast, type Role } from "../firms.ts";
import type { MemoryBackend, StoredAccount } from "./backend.ts";

/** Who is signed in on one set of services, and what they may do. */
export class Caller {
  readonly backend: MemoryBackend;
  #account: StoredAccount | null = null;
  readonly #listeners = new Set<() => void>();

  constructor(backend: MemoryBackend) {
    this.backend = backend;
  }

  get account(): StoredAccount | null {
    return this.#account;
  }

  become(account: StoredAccount | null): void {
    this.#account = account;
    for (const listener of this.#listeners) listener();
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
