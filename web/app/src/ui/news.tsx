import type { Notification } from "@firmbase/services";
import { asServiceError, type Loaded, useLoad, useWatch } from "../load.ts";
import { useSession } from "../session.ts";
import { moment } from "../words.ts";

export interface News extends Pick<Loaded<Notification[]>, "data" | "error" | "reload"> {
  unread: number;
  read: (id: string) => void;
  readAll: () => void;
}

/** What one is told in the firm, the newest first; `onNew` hears what comes while one looks. */
export function useNews(limit: number, onNew?: (news: Notification) => void): News {
  const { services, firm, say } = useSession();
  const { notifications } = services;
  const firmId = firm.firm_id;
  const { data, error, reload, setData } = useLoad(
    () => notifications.list(firmId, limit),
    [firmId],
  );
  useWatch(notifications.watch, firmId, {
    ready: reload,
    changed: (news) => {
      const isNew = news.read_at === null && !data?.some((one) => one.id === news.id);
      setData((seen) => [news, ...(seen ?? []).filter((one) => one.id !== news.id)].sort(newest));
      if (isNew) onNew?.(news);
    },
  });
  const mark = async (isMeant: (one: Notification) => boolean, write: () => Promise<void>) => {
    const read_at = new Date().toISOString();
    setData((seen) => seen?.map((one) => (isMeant(one) ? { ...one, read_at } : one)));
    await write().catch((reason) => {
      say(asServiceError(reason).message);
      reload();
    });
  };
  return {
    ...{ data, error, reload },
    unread: data?.filter((one) => one.read_at === null).length ?? 0,
    read: (id) =>
      mark(
        (one) => one.id === id,
        () => notifications.markRead(id),
      ),
    readAll: () =>
      mark(
        () => true,
        () => notifications.markAllRead(firmId),
      ),
  };
}

const newest = (a: Notification, b: Notification): number =>
  b.created_at.localeCompare(a.created_at);

export function NewsList({ news, onFollow }: { news: News; onFollow?: () => void }) {
  return (
    <ul class="news">
      {news.data?.map((one) => (
        <li key={one.id} data-unread={one.read_at === null ? "" : undefined}>
          <a
            href={one.link}
            onClick={() => {
              onFollow?.();
              news.read(one.id);
            }}
          >
            <strong>
              {one.read_at === null && <span class="visually-hidden">Unread: </span>}
              {one.title}
            </strong>
            {one.body && <span>{one.body}</span>}
            <small>{moment(one.created_at)}</small>
          </a>
        </li>
      ))}
    </ul>
  );
}
