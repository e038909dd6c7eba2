import { notAllowed, notFound, ServiceError } from "./errors.ts";
import { atLeast, type Firm, type FirmsService, type Role } from "./firms.ts";
import { stamped } from "./memory/backend.ts";
import { type Caller, mfaRequired } from "./memory/caller.ts";
import { check, isLine } from "./memory/rows.ts";

const WEEK_MS = 7 * 86_400_000;

export function memoryFirms(caller: Caller): FirmsService {
  const { backend } = caller;
  const { accounts, firms, members, invitations } = backend;
  const find = (id: string, role: Role) => {
    const firm = firms.find((one) => one.id === id);
    if (!firm || !caller.has(id, role)) throw notFound();
    return firm;
  };

  return {
    async mine() {
      const { id } = caller.signedIn;
      return members
        .filter((member) => member.user_id === id)
        .map(({ firm_id, role, status }) => {
          const { name = "", slug = "" } = firms.find((firm) => firm.id === firm_id) ?? {};
          return { firm_id, name, slug, role, status, needs_mfa: caller.needsFactor(firm_id) };
        });
    },

    get: async (id) => publicly(find(id, "viewer")),

    async setBrandColor(id, brand_color) {
      const firm = find(id, "admin");
      check({ brand_color }, { brand_color: (value) => /^#[0-9a-f]{6}$/.test(value) });
      return publicly(Object.assign(firm, { brand_color }));
    },

    async setRequireMfa(id, require_mfa) {
      const firm = find(id, "admin");
      if (require_mfa && !firm.require_mfa && caller.level !== "aal2") {
        throw mfaRequired("Only who has verified a second factor can require one of everybody.");
      }
      return publicly(Object.assign(firm, { require_mfa }));
    },

    async create({ name, slug, currency = "EUR" }) {
      const { id: user_id } = caller.signedIn;
      check({ name, slug }, { name: isLine, slug: (v) => /^[a-z0-9](-?[a-z0-9]){1,62}$/.test(v) });
      if (firms.some((firm) => firm.slug === slug)) {
        throw new ServiceError("slug_taken", "Another firm has this short name.", {
          hint: "Choose another slug.",
        });
      }
      const look = { brand_color: null, require_mfa: false };
      const firm = { id: stamped().id, name, slug, currency, ...look };
      firms.push(firm);
      members.push({ firm_id: firm.id, user_id, role: "owner", status: "active" });
      return { id: firm.id, name };
    },

    async members(firmId) {
      if (!caller.has(firmId, "viewer")) return [];
      return members
        .filter((member) => member.firm_id === firmId)
        .map(({ user_id, role, status }) => {
          const { name = "", email = "" } = accounts.find((one) => one.id === user_id) ?? {};
          return { user_id, role, status, name, email };
        });
    },

    async invitations(firmId) {
      if (!caller.has(firmId, "viewer")) return [];
      return invitations
        .filter((one) => one.firm_id === firmId && one.state === "open")
        .map(({ id, email, role, expires_at }) => ({ id, email, role, expires_at }))
        .reverse();
    },

    async invite(firmId, email, role) {
      caller.require(firmId, "admin");
      if (!atLeast(caller.roleIn(firmId) ?? "viewer", role)) throw notAllowed();
      const address = email.trim().toLowerCase();
      const account = accounts.find((one) => one.email === address);
      if (members.some((m) => m.firm_id === firmId && m.user_id === account?.id)) {
        throw new ServiceError("already_member", "This person is a member of the firm already.");
      }
      const open = (one: (typeof invitations)[number]) =>
        one.firm_id === firmId && one.email === address && one.state === "open";
      if (invitations.some(open)) {
        throw new ServiceError("already_invited", "This address has an open invitation.");
      }
      const about = { address, firm_id: firmId, kind: "invitation" };
      if (backend.isStopped(about)) {
        throw new ServiceError(
          "address_suppressed",
          "This address takes no more mails of this kind.",
          {
            hint: "Its owner unsubscribed, or mails to it came back: reach them another way.",
          },
        );
      }
      const { id, created_at } = stamped();
      const token = crypto.randomUUID().replaceAll("-", "");
      const expires_at = new Date(Date.parse(created_at) + WEEK_MS).toISOString();
      invitations.push({
        id,
        firm_id: firmId,
        email: address,
        role,
        expires_at,
        token,
        state: "open",
      });
      const { name = "" } = firms.find((firm) => firm.id === firmId) ?? {};
      const subject = `${caller.signedIn.name} invites you to ${name}`;
      backend.mailOf(about, subject, token);
    },

    async revokeInvitation(id) {
      const invitation = invitations.find(
        (one) => one.id === id && caller.has(one.firm_id, "viewer"),
      );
      if (!invitation) {
        throw new ServiceError("invitation_not_found", "There is no such invitation.");
      }
      caller.require(invitation.firm_id, "admin");
      invitation.state = "revoked";
    },

    async acceptInvitation(token) {
      const { id, email } = caller.signedIn;
      const invitation = invitations.find((one) => one.token === token && one.email === email);
      if (!invitation) {
        throw new ServiceError(
          "invitation_not_found",
          "This invitation does not exist, or it was sent to another address.",
          { hint: "Sign in with the address that was invited, and confirm it." },
        );
      }
      if (invitation.state === "accepted") {
        throw new ServiceError("invitation_used", "This invitation has been accepted already.");
      }
      if (invitation.state === "revoked" || invitation.expires_at < new Date().toISOString()) {
        throw new ServiceError("invitation_expired", "This invitation is no longer valid.", {
          hint: "Ask the firm for a new one.",
        });
      }
      const { firm_id, role } = invitation;
      invitation.state = "accepted";
      members.push({ firm_id, user_id: id, role, status: "active" });
      return { firm_id, role };
    },
  };
}

function publicly({ id, name, brand_color, require_mfa }: Firm): Firm {
  return { id, name, brand_color, require_mfa };
}
