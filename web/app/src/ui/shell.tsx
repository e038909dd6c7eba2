import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { go } from "../router.ts";
import { useSession } from "../session.ts";
import { initials, word } from "../words.ts";
import { Bell } from "./bell.tsx";
import { Icon, type IconName } from "./icons.tsx";
import { closePopover } from "./popover.ts";

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
                <span>
                  {one.name}
                  {one.needs_mfa && <small>Requires two-step sign-in</small>}
                </span>
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
