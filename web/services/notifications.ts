import type { Client, Row } from "./client.ts";
import { ask } from "./errors.ts";
import { type Stop, type Watcher, watchRows } from "./live.ts";

export type Notification = Pick<
  Row<"notifications">,
  "id" | "kind" | "title" | "body" | "link" | "read_at" | "created_at"
>;

export interface NotificationsService {
  /** What the caller was told in a firm, newest first. `link` is a path in the app. */
  list(firmId: string, limit?: number): Promise<Notification[]>;
  markRead(id: string): Promise<void>;
  markAllRead(firmId: string): Promise<void>;
  watch(firmId: string, watcher: Watcher<Notification>): Stop;
}

const COLUMNS = "id, kind, title, body, link, read_at, created_at";

export function supabaseNotifications(client: Client): NotificationsService {
  const notifications = () => client.from("notifications");
  const now = () => ({ read_at: new Date().toISOString() });
  const get = async (id: string) =>
    ask(notifications().select(COLUMNS).eq("id", id).single()) as Promise<Notification>;

  return {
    list: (firmId, limit = 30) =>
      ask(
        notifications()
          .select(COLUMNS)
          .eq("firm_id", firmId)
          .order("created_at", { ascending: false })
          .order("id")
          .limit(limit),
      ),

    async markRead(id) {
      await ask(notifications().update(now()).eq("id", id).is("read_at", null));
    },

    async markAllRead(firmId) {
      await ask(notifications().update(now()).eq("firm_id", firmId).is("read_at", null));
    },

    watch: (firmId, watcher) => watchRows(client, "notifications", firmId, get, watcher),
  };
}
