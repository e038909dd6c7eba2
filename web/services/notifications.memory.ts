import type { StoredNotification } from "./memory/backend.ts";
import { newestFirst } from "./memory/backend.ts";
import type { Caller } from "./memory/caller.ts";
import type { Notification, NotificationsService } from "./notifications.ts";

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
  };
}

function publicly({ firm_id: _, user_id: __, ...row }: StoredNotification): Notification {
  return { ...row };
}
