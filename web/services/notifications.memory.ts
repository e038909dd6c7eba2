import { ServiceError } from "./errors.ts";
import type { StoredNotification } from "./memory/backend.ts";
import { newestFirst } from "./memory/backend.ts";
import type { Caller } from "./memory/caller.ts";
import {
  DELIVERIES,
  type Delivery,
  type Notification,
  type NotificationsService,
} from "./notifications.ts";

/** As `private.notification_kinds()` has them, in their order by name. */
const KINDS: [kind: string, standard: Delivery, what: string][] = [
  ["contract_declined", "now", "Somebody does not sign a contract."],
  ["contract_ending", "now", "A contract ends soon."],
  ["contract_renewing", "now", "A contract renews itself unless somebody cancels it soon."],
  ["contract_signed", "now", "Everybody has signed a contract."],
  ["digest", "digest", "The daily mail with what was gathered."],
  ["export_ready", "now", "The export of the firm you asked for is ready."],
  ["file_quarantined", "now", "A file of yours was locked away."],
  ["file_rejected", "digest", "A file of yours could not be used."],
  ["report_ready", "now", "A report you asked for is ready."],
];

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
      return KINDS.map(([kind, standard, what]) => {
        const delivery = backend.deliveries.get(`${firmId} ${id} ${kind}`) ?? standard;
        return { kind, delivery, standard, what };
      });
    },

    async choose(firmId, kind, delivery) {
      caller.require(firmId, "viewer");
      if (!KINDS.some(([known]) => known === kind)) {
        throw new ServiceError("unknown_kind", `There is no kind of notification "${kind}".`);
      }
      if (!DELIVERIES.includes(delivery) || (kind === "digest" && delivery === "now")) {
        throw new ServiceError("unknown_delivery", "That is no way to be told of it.");
      }
      backend.deliveries.set(`${firmId} ${caller.signedIn.id} ${kind}`, delivery);
    },
  };
}

function publicly({ firm_id: _, user_id: __, ...row }: StoredNotification): Notification {
  return { ...row };
}
