import type { Account, Factor } from "../auth.ts";
import type { Company } from "../companies.ts";
import type { Consultant } from "../consultants.ts";
import type { Contract, ContractEvent, ContractStatus } from "../contracts.ts";
import type { FirmExport } from "../exports.ts";
import type { FileEntry } from "../files.ts";
import type { Member, MyFirm, Role } from "../firms.ts";
import type { Import } from "../imports.ts";
import type { Stop, Watcher } from "../live.ts";
import type { Delivery, Notification, NotificationSetting } from "../notifications.ts";
import type { Report } from "../reports.ts";
import type { Signer } from "../signing.ts";

export interface StoredAccount extends Pick<Account, "id" | "email" | "name"> {
  password: string;
  confirmed: boolean;
  factors: StoredFactor[];
}
export interface StoredFactor extends Factor {
  secret: string;
  isVerified: boolean;
  usedCodes: string[];
  /** When wrong codes came. */
  wrongAt: number[];
}
export interface StoredFirm {
  id: string;
  name: string;
  slug: string;
  currency: string;
  brand_color: string | null;
  require_mfa: boolean;
}
export interface StoredMember {
  firm_id: string;
  user_id: string;
  role: Role;
  status: Member["status"] & MyFirm["status"];
}
export interface StoredInvitation {
  id: string;
  firm_id: string;
  email: string;
  role: Role;
  expires_at: string;
  token: string;
  state: "open" | "accepted" | "revoked";
}
export type StoredEvent = ContractEvent & { contract_id: string };
export type StoredSigner = Signer & { contract_id: string; token: string | null };
export type StoredFile = FileEntry & { created_by: string; sha256: string | null; body: Blob };
export type StoredNotification = Notification & { firm_id: string; user_id: string };
export type StoredImport = Import & { body: Blob; refused: Blob | null };
export type StoredReport = Report & { requested_by: string; body: Blob | null };

/** A mail that a real project would have sent. */
export interface Mail {
  to: string;
  subject: string;
  /** The code or the token in it, if there is one. */
  secret: string | null;
  /** What ends mails like it: those of Auth have none. */
  unsubscribe: string | null;
}
/** What the token of a mail names. */
export interface About {
  address: string;
  firm_id: string;
  kind: string;
}

/** What members are told, as `private.notification_kinds()` has it, by name. */
export const KINDS: Omit<NotificationSetting, "delivery">[] = [
  { kind: "contract_declined", standard: "now", what: "Somebody does not sign a contract." },
  { kind: "contract_ending", standard: "now", what: "A contract ends soon." },
  {
    kind: "contract_renewing",
    standard: "now",
    what: "A contract renews itself unless somebody cancels it soon.",
  },
  { kind: "contract_signed", standard: "now", what: "Everybody has signed a contract." },
  { kind: "digest", standard: "digest", what: "The daily mail with what was gathered." },
  {
    kind: "export_ready",
    standard: "now",
    what: "The export of the firm you asked for is ready.",
  },
  { kind: "file_quarantined", standard: "now", what: "A file of yours was locked away." },
  { kind: "file_rejected", standard: "digest", what: "A file of yours could not be used." },
  { kind: "report_ready", standard: "now", what: "A report you asked for is ready." },
  {
    kind: "signer_unreachable",
    standard: "now",
    what: "A request to sign a contract did not arrive.",
  },
];

interface Live {
  contracts: Contract;
  exports: FirmExport;
  files: StoredFile;
  imports: StoredImport;
  notifications: StoredNotification;
  reports: StoredReport;
}

/**
 * A Firmbase in memory, for as many people as there are services on it: what one does, the others
 * see. It keeps the rules that a frontend can feel (rights, firms apart, statuses, codes of errors),
 * not those that keep a server safe.
 */
export class MemoryBackend {
  readonly accounts: StoredAccount[] = [];
  readonly firms: StoredFirm[] = [];
  readonly members: StoredMember[] = [];
  readonly invitations: StoredInvitation[] = [];
  readonly companies: Company[] = [];
  readonly consultants: Consultant[] = [];
  readonly contracts: Contract[] = [];
  readonly events: StoredEvent[] = [];
  readonly signers: StoredSigner[] = [];
  readonly files: StoredFile[] = [];
  readonly notifications: StoredNotification[] = [];
  readonly reports: StoredReport[] = [];
  readonly exports: FirmExport[] = [];
  readonly imports: StoredImport[] = [];
  /** What members chose, by firm, member and kind. */
  readonly deliveries = new Map<string, Delivery>();
  /** Tokens of mails, and whether whoever is no member used theirs. */
  readonly mailTokens = new Map<string, About & { isStopped: boolean }>();

  readonly #listeners = new Set<(table: keyof Live, row: Live[keyof Live]) => void>();
  readonly #jobs: (() => void)[] = [];
  readonly #workAfterMs: number | null;
  readonly #onMail: (mail: Mail) => void;

  /**
   * `workAfterMs`: how long files and reports take; null: until `work` is called.
   * `onMail`: who gets the mails, such as the console.
   */
  constructor(options: { workAfterMs?: number | null; onMail?: (mail: Mail) => void } = {}) {
    this.#workAfterMs = options.workAfterMs === undefined ? 1200 : options.workAfterMs;
    this.#onMail = options.onMail ?? (() => {});
  }

  /** A mail of Auth. */
  mail(to: string, subject: string, secret: string): void {
    this.#onMail({ to, subject, secret, unsubscribe: null });
  }

  /** A mail in the name of a firm, unless its receiver wants no more of them. */
  mailOf(about: About, subject: string, secret: string | null): void {
    if (this.isStopped(about)) return;
    const unsubscribe = crypto.randomUUID();
    this.mailTokens.set(unsubscribe, { ...about, isStopped: false });
    this.#onMail({ to: about.address, subject, secret, unsubscribe });
  }

  isStopped({ address, firm_id, kind }: About): boolean {
    const isSame = (one: About) =>
      one.address === address && one.firm_id === firm_id && one.kind === kind;
    return [...this.mailTokens.values()].some((one) => one.isStopped && isSame(one));
  }

  /** Something a job runner would do. */
  enqueue(job: () => void): void {
    this.#jobs.push(job);
    if (this.#workAfterMs !== null) setTimeout(() => this.work(), this.#workAfterMs);
  }

  /** Does all that waits, as the job runner does. */
  work(): void {
    for (const job of this.#jobs.splice(0)) job();
  }

  changed<Table extends keyof Live>(table: Table, row: Live[Table]): void {
    for (const listener of this.#listeners) listener(table, row);
  }

  /** Watches a table as far as `mayRead` allows. `ready` comes later, as from a server. */
  watch<Table extends keyof Live, T>(
    table: Table,
    mayRead: (row: Live[Table]) => boolean,
    show: (row: Live[Table]) => T,
    watcher: Watcher<T>,
  ): Stop {
    let stopped = false;
    const soon = (call: () => void) => queueMicrotask(() => stopped || call());
    const listener = (changed: keyof Live, row: Live[keyof Live]) => {
      if (changed !== table || !mayRead(row as Live[Table])) return;
      soon(() => watcher.changed(show(row as Live[Table])));
    };
    this.#listeners.add(listener);
    soon(() => watcher.ready());
    return () => {
      stopped = true;
      this.#listeners.delete(listener);
    };
  }

  notify(
    firm_id: string,
    user_id: string,
    facts: Pick<Notification, "kind" | "title" | "body" | "link">,
  ) {
    const row = { ...stamped(), ...facts, firm_id, user_id, read_at: null };
    this.notifications.push(row);
    this.changed("notifications", row);
    const { email = "" } = this.accounts.find((one) => one.id === user_id) ?? {};
    if (this.delivery(firm_id, user_id, facts.kind) === "now") {
      this.mailOf({ address: email, firm_id, kind: facts.kind }, facts.title, null);
    }
  }

  delivery(firmId: string, userId: string, kind: string): Delivery {
    const standard = KINDS.find((one) => one.kind === kind)?.standard ?? "off";
    return this.deliveries.get(`${firmId} ${userId} ${kind}`) ?? standard;
  }

  /** What a contract becomes, who made it so (nobody in the firm: null), and why. */
  move(contract: Contract, to: ContractStatus, by: string | null, note: string | undefined): void {
    this.record(contract.id, {
      kind: "moved",
      actor_name: by,
      detail: `${contract.status} → ${to}${note ? `: ${note}` : ""}`,
      subject: "contract",
      title: contract.title,
    });
    contract.status = to;
    this.changed("contracts", contract);
  }

  record(contract_id: string, event: Omit<ContractEvent, "id" | "at">): void {
    const { id, created_at: at } = stamped();
    this.events.push({ id, at, ...event, contract_id });
  }
}

let lastMoment = 0;

/** The id and the time of a new row; never the same time twice, so that lists have an order. */
export function stamped(): { id: string; created_at: string } {
  lastMoment = Math.max(Date.now(), lastMoment + 1);
  return { id: crypto.randomUUID(), created_at: new Date(lastMoment).toISOString() };
}

/** Newest first. */
export const newestFirst = (a: { created_at: string }, b: { created_at: string }): number =>
  b.created_at.localeCompare(a.created_at);
