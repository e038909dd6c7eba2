import { NewsList, useNews } from "../ui/news.tsx";
import { Empty, ErrorNote, Loading, Page } from "../ui/states.tsx";

const MOST = 200;

/** Where the daily mail leads. */
export function NotificationsPage() {
  const news = useNews(MOST);
  return (
    <Page
      title="Notifications"
      actions={
        <>
          {news.unread > 0 && (
            <button type="button" class="button" onClick={news.readAll}>
              Mark all as read
            </button>
          )}
          <a class="button" href="/settings/notifications">
            Choose your mails
          </a>
        </>
      }
    >
      {news.error && <ErrorNote error={news.error} retry={news.reload} />}
      {!news.data && !news.error && <Loading />}
      {news.data?.length === 0 && (
        <section class="panel">
          <Empty icon="bell" title="Nothing yet">
            <p>What needs you will be told here.</p>
          </Empty>
        </section>
      )}
      {news.data && news.data.length > 0 && (
        <section class="panel" aria-label="What you were told">
          <NewsList news={news} />
          {news.data.length >= MOST && <p class="lead">These are the newest {MOST}.</p>}
        </section>
      )}
    </Page>
  );
}
