import type { Notification } from "@firmbase/services";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { asServiceError, useLoad, useWatch } from "../load.ts";
import { go } from "../router.ts";
import { useSession } from "../session.ts";
import { initials, moment, word } from "../words.ts";
import { Icon, type IconName } from "./icons.tsx";
import { ErrorNote } from "./states.tsx";

const NAVIGATION: { path: string; label: string; icon: IconName }[] = [
  { path: "/contracts", label: "Contracts", icon: "contracts" },
  { path: "/companies", label: "Companies", icon: "companies" },
  { path: "/consultants", label: "Consultants", icon: "consultants" },
  { path: "/reports", label: "Reports", icon: "reports" },
  { path: "/members", label: "People", icon: "members" },
];

/** What is around every page: the firm, the ways to go, what is new. */
export function Shell({ path, children }: { path: string; children: ComponentChildren }) {
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="top">
        <FirmSwitcher />
        <nav aria-label="Main">
          <ul>
            {NAVIGATION.map(({ path: to, label, icon }) => (
              <li key={to}>
                <a href={to} aria-current={path.startsWith(to) ? "page" : undefined}>
                  <Icon name={icon} />
                  <span>{label}</span>
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="top-end">
          <Bell />
          <You />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <Offline />
        {children}
      </main>
    </div>
  );
}

function FirmSwitcher() {
  const { firm, firms, role, selectFirm } = useSession();
  return (
    <div class="firm">
      <button type="button" class="firm-button" popovertarget="firms">
        <span class="mark" aria-hidden="true">
          {initials(firm.name)}
        </span>
        <span class="firm-name">
          <strong>{firm.name}</strong>
          <small>{word(role)}</small>
        </span>
        <Icon name="chevron" />
        <span class="visually-hidden">Switch firm</span>
      </button>
      <div id="firms" class="menu" popover="auto">
        <ul>
          {firms.map((one) => (
            <li key={one.firm_id}>
              <button
                type="button"
                popovertarget="firms"
                aria-current={one.firm_id === firm.firm_id ? "true" : undefined}
                onClick={() => {
                  selectFirm(one.firm_id);
                  go("/contracts");
                }}
              >
                <span>{one.name}</span>
                {one.firm_id === firm.firm_id && <Icon name="check" />}
              </button>
            </li>
          ))}
        </ul>
        <a class="menu-end" href="/firms/new" onClick={() => closePopover("firms")}>
          <Icon name="plus" /> Create a firm
        </a>
      </div>
    </div>
  );
}

function You() {
  const { account, services } = useSession();
  return (
    <div class="you">
      <button type="button" class="you-button" popovertarget="you">
        <span class="avatar" aria-hidden="true">
          {initials(account.name)}
        </span>
        <span class="you-name">{account.name}</span>
        <span class="visually-hidden">Your account</span>
      </button>
      <div id="you" class="menu" popover="auto">
        <p class="menu-head">
          <strong>{account.name}</strong>
          <small>{account.email}</small>
        </p>
        <ul>
          <li>
            <a href="/settings" onClick={() => closePopover("you")}>
              <Icon name="settings" /> Settings
            </a>
          </li>
          <li>
            <button type="button" onClick={() => services.auth.signOut()}>
              Sign out
            </button>
          </li>
        </ul>
      </div>
    </div>
  );
}

function Bell() {
  const { services, firm, say } = useSession();
  const firmId = firm.firm_id;
  const { data, error, reload, setData } = useLoad(
    () => services.notifications.list(firmId),
    [firmId],
  );
  useWatch(services.notifications.watch, firmId, {
    ready: reload,
    changed: (news) => {
      const isNew = news.read_at === null && !data?.some((one) => one.id === news.id);
      setData((seen) => [news, ...(seen ?? []).filter((one) => one.id !== news.id)].sort(newest));
      if (isNew) say(news.title);
    },
  });
  const unread = data?.filter((one) => one.read_at === null).length ?? 0;
  const read = async (ids: string[], write: () => Promise<void>) => {
    const read_at = new Date().toISOString();
    setData((seen) => seen?.map((one) => (ids.includes(one.id) ? { ...one, read_at } : one)));
    await write().catch((reason) => {
      say(asServiceError(reason).message);
      reload();
    });
  };

  return (
    <div class="bell">
      <button type="button" class="bell-button" popovertarget="news">
        <Icon name="bell" />
        <span class="bell-word">Notifications</span>
        {unread > 0 && (
          <span class="count">
            {unread}
            <span class="visually-hidden"> unread</span>
          </span>
        )}
      </button>
      <div id="news" class="menu wide" popover="auto">
        <div class="menu-head row-head">
          <strong>Notifications</strong>
          {unread > 0 && (
            <button
              type="button"
              class="button small ghost"
              onClick={() =>
                read(data?.map((one) => one.id) ?? [], () =>
                  services.notifications.markAllRead(firmId),
                )
              }
            >
              Mark all as read
            </button>
          )}
        </div>
        {error && <ErrorNote error={error} retry={reload} />}
        {data?.length === 0 && (
          <p class="menu-empty">Nothing yet. What needs you will be told here.</p>
        )}
        <ul>
          {data?.map((one) => (
            <li key={one.id} data-unread={one.read_at === null ? "" : undefined}>
              <a
                href={one.link}
                onClick={() => {
                  closePopover("news");
                  void read([one.id], () => services.notifications.markRead(one.id));
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
      </div>
    </div>
  );
}

const newest = (a: Notification, b: Notification): number =>
  b.created_at.localeCompare(a.created_at);

function closePopover(id: string): void {
  document.getElementById(id)?.hidePopover();
}

export function Offline() {
  const [isOffline, setOffline] = useState(!navigator.onLine);
  useEffect(() => {
    const changed = () => setOffline(!navigator.onLine);
    addEventListener("online", changed);
    addEventListener("offline", changed);
    return () => {
      removeEventListener("online", changed);
      removeEventListener("offline", changed);
    };
  }, []);
  if (!isOffline) return null;
  return (
    <div class="note warn" role="status">
      <Icon name="warning" />
      <p>
        <strong>You are offline.</strong> What you see may be old, and nothing can be saved until
        you are back.
      </p>
    </div>
  );
}
