import { ServiceError } from "./errors.ts";
import type { StoredNotification } from "./memory/backend.ts";
import { KINDS, newestFirst } from "./memory/backend.ts";
import type { Caller } from "./memory/caller.ts";
import { DELIVERIES, type Notification, type NotificationsService } from "./notifications.ts";

export function memoryNotifications(caller: Caller): NotificationsService {
  const { backend } = caller;
  const isMine = (row: StoredNotification) =>
    row.user_id === caller.account?.id && caller.has(row.firm_id, "viewer");
  const mine = () => backend.notifications.filter(isMine);
  const markRead = (rows: StoredNotification[]) => {
    for (const row of rows.filter((one) => one.read_at === null)) {
      row.read_at = new Date().toISOString();
      backend.changed("notifications", row);
    }
  };

  return {
    async list(firmId, limit = 30) {
      return mine()
        .filter((row) => row.firm_id === firmId)
        .sort(newestFirst)
        .slice(0, limit)
        .map(publicly);
    },
    markRead: async (id) => markRead(mine().filter((row) => row.id === id)),
    markAllRead: async (firmId) => markRead(mine().filter((row) => row.firm_id === firmId)),
    watch: (firmId, watcher) =>
      backend.watch(
        "notifications",
        (row) => row.firm_id === firmId && isMine(row),
        publicly,
        watcher,
      ),

    async settings(firmId) {
      caller.require(firmId, "viewer");
      const { id } = caller.signedIn;
      return KINDS.map((one) => ({ ...one, delivery: backend.delivery(firmId, id, one.kind) }));
    },

    async choose(firmId, kind, delivery) {
      caller.require(firmId, "viewer");
      if (!KINDS.some((known) => known.kind === kind)) {
        throw new ServiceError("unknown_kind", `There is no kind of notification "${kind}".`);
      }
      if (!DELIVERIES.includes(delivery) || (kind === "digest" && delivery === "now")) {
        throw new ServiceError("unknown_delivery", "That is no way to be told of it.");
      }
      backend.deliveries.set(`${firmId} ${caller.signedIn.id} ${kind}`, delivery);
    },

    async unsubscribe(token) {
      const about = backend.mailTokens.get(token);
      if (!about) {
        throw new ServiceError("unknown_token", "This link is not valid.", {
          hint: "Use the whole link of the mail.",
        });
      }
      const { address, firm_id, kind } = about;
      const account = backend.accounts.find((one) => one.email === address);
      if (!KINDS.some((known) => known.kind === kind)) about.isStopped = true;
      else if (account) backend.deliveries.set(`${firm_id} ${account.id} ${kind}`, "off");
      return { firm: backend.firms.find((one) => one.id === firm_id)?.name ?? "", kind };
    },
  };
}

function publicly({ firm_id: _, user_id: __, ...row }: StoredNotification): Notification {
  return { ...row };
}
