import type { Client, Narrow, Row } from "./client.ts";
import { ask } from "./errors.ts";

export const ROLES = ["viewer", "member", "manager", "admin", "owner"] as const;
export type Role = (typeof ROLES)[number];

/** Whether a role includes the rights of another. The server decides; this is for what to show. */
export function atLeast(role: Role | "consultant", needed: Role): boolean {
  return ROLES.indexOf(role as Role) >= ROLES.indexOf(needed);
}

/** A firm as somebody in it sees it; `consultant` where the portal is all they have. */
export interface MyFirm {
  firm_id: string;
  name: string;
  slug: string;
  role: Role | "consultant";
  status: "active" | "suspended";
  /** The firm requires a second factor that this session lacks: nothing of it can be read. */
  needs_mfa: boolean;
}

export interface Member {
  user_id: string;
  role: Role;
  status: "active" | "suspended";
  name: string;
  email: string;
}

export type Invitation = Narrow<
  Pick<Row<"invitations">, "id" | "email" | "role" | "expires_at">,
  { role: Role }
>;

export interface NewFirm {
  name: string;
  /** Short name, unique among all firms: a–z, 0–9 and single dashes. */
  slug: string;
  currency?: string;
  timezone?: string;
}

export type Firm = Pick<Row<"firms">, "id" | "name" | "brand_color" | "require_mfa">;

export interface FirmsService {
  mine(): Promise<MyFirm[]>;
  get(id: string): Promise<Firm>;
  /** The colour of its mails, such as #14233c; null: that of the house. Admins. */
  setBrandColor(id: string, color: string | null): Promise<Firm>;
  /**
   * Whether nobody without a second factor has a right in the firm. Admins, and only whoever has
   * one turns it on. Error: mfa_required.
   */
  setRequireMfa(id: string, require_mfa: boolean): Promise<Firm>;
  /** Whoever creates a firm owns it. Errors: slug_taken, firm_limit, bad_value. */
  create(firm: NewFirm): Promise<{ id: string; name: string }>;
  members(firmId: string): Promise<Member[]>;
  /** The open ones. */
  invitations(firmId: string): Promise<Invitation[]>;
  /** Mails a link. Admins. Errors: already_member, already_invited, seat_limit. */
  invite(firmId: string, email: string, role: Role): Promise<void>;
  revokeInvitation(id: string): Promise<void>;
  /** Joins a firm by the token of the mail. Errors: invitation_not_found, invitation_used, … */
  acceptInvitation(token: string): Promise<{ firm_id: string; role: Role }>;
}

const COLUMNS = "id, name, brand_color, require_mfa";

export function supabaseFirms(client: Client): FirmsService {
  const change = (id: string, values: Partial<Firm>) =>
    ask(client.from("firms").update(values).eq("id", id).select(COLUMNS).single());
  return {
    async mine() {
      return (await ask(client.rpc("my_firms"))) as MyFirm[];
    },

    get: (id) => ask(client.from("firms").select(COLUMNS).eq("id", id).single()),

    setBrandColor: (id, brand_color) => change(id, { brand_color }),

    setRequireMfa: (id, require_mfa) => change(id, { require_mfa }),

    async create(firm) {
      return ask(client.rpc("create_firm", { ...firm }));
    },

    async members(firmId) {
      const rows = await ask(
        client
          .from("firm_members")
          .select("user_id, role, status, profiles(full_name, email)")
          .eq("firm_id", firmId)
          .order("created_at"),
      );
      return rows.map(({ profiles, ...row }) => ({
        ...(row as Pick<Member, "user_id" | "role" | "status">),
        name: profiles?.full_name || profiles?.email || "",
        email: profiles?.email ?? "",
      }));
    },

    async invitations(firmId) {
      const rows = await ask(
        client
          .from("invitations")
          .select("id, email, role, expires_at")
          .eq("firm_id", firmId)
          .is("accepted_at", null)
          .is("revoked_at", null)
          .order("created_at", { ascending: false }),
      );
      return rows as Invitation[];
    },

    async invite(firmId, email, role) {
      await ask(client.rpc("invite_member", { firm_id: firmId, email, role }));
    },

    async revokeInvitation(id) {
      await ask(client.rpc("revoke_invitation", { invitation_id: id }));
    },

    async acceptInvitation(token) {
      const { firm_id, role } = await ask(client.rpc("accept_invitation", { token }));
      return { firm_id, role: role as Role };
    },
  };
}
