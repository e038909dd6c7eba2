import { useSession } from "../session.ts";
import { Icon } from "./icons.tsx";
import { NewsList, useNews } from "./news.tsx";
import { closePopover } from "./popover.ts";
import { ErrorNote } from "./states.tsx";

const MOST = 30;

export function Bell() {
  const { say } = useSession();
  const news = useNews(MOST, (one) => say(one.title));
  return (
    <div class="bell">
      <button type="button" class="bell-button" popovertarget="news">
        <Icon name="bell" />
        <span class="bell-word">Notifications</span>
        {news.unread > 0 && (
          <span class="count">
            {news.unread}
            <span class="visually-hidden"> unread</span>
          </span>
        )}
      </button>
      <div id="news" class="menu wide" popover="auto">
        <div class="menu-head row-head">
          <strong>Notifications</strong>
          {news.unread > 0 && (
            <button type="button" class="button small ghost" onClick={news.readAll}>
              Mark all as read
            </button>
          )}
        </div>
        {news.error && <ErrorNote error={news.error} retry={news.reload} />}
        {news.data?.length === 0 && (
          <p class="menu-empty">Nothing yet. What needs you will be told here.</p>
        )}
        <NewsList news={news} onFollow={() => closePopover("news")} />
        <a class="menu-end" href="/notifications" onClick={() => closePopover("news")}>
          All notifications
        </a>
      </div>
    </div>
  );
}
