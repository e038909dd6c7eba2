import type { Client, Row } from "./client.ts";
import { ask } from "./errors.ts";
import { type Stop, type Watcher, watchRows } from "./live.ts";

export type Notification = Pick<
  Row<"notifications">,
  "id" | "kind" | "title" | "body" | "link" | "read_at" | "created_at"
>;

export const DELIVERIES = ["now", "digest", "off"] as const;
/** A mail at once, in the daily one, or none: in the app it is told in any case. */
export type Delivery = (typeof DELIVERIES)[number];

export interface NotificationSetting {
  /** `digest` is the daily mail itself: digest or off. */
  kind: string;
  delivery: Delivery;
  /** How it comes to those who chose nothing. */
  standard: Delivery;
  /** A sentence for people. */
  what: string;
}

export interface NotificationsService {
  /** What the caller was told in a firm, newest first. `link` is a path in the app. */
  list(firmId: string, limit?: number): Promise<Notification[]>;
  markRead(id: string): Promise<void>;
  markAllRead(firmId: string): Promise<void>;
  watch(firmId: string, watcher: Watcher<Notification>): Stop;
  /** How the caller gets each kind by mail in a firm. Error: firm_not_found. */
  settings(firmId: string): Promise<NotificationSetting[]>;
  /** Errors: firm_not_found, unknown_kind, unknown_delivery. */
  choose(firmId: string, kind: string, delivery: Delivery): Promise<void>;
  /**
   * Ends the mails of one kind of one firm to one address, by the token of such a mail, without an
   * account. Twice is harmless. Returns the firm's name. Error: unknown_token.
   */
  unsubscribe(token: string): Promise<{ firm: string; kind: string }>;
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

    async settings(firmId) {
      const all = client.rpc("notification_settings", { firm_id: firmId }).order("kind");
      return (await ask(all)) as NotificationSetting[];
    },

    async choose(firmId, kind, delivery) {
      await ask(client.rpc("set_notification", { firm_id: firmId, kind, delivery }));
    },

    async unsubscribe(token) {
      return (await ask(client.rpc("unsubscribe", { token }))) as { firm: string; kind: string };
    },
  };
}
