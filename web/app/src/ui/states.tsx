import type { ServiceError } from "@firmbase/services";
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { cameFromInside } from "../router.ts";
import { word } from "../words.ts";
import { Icon, type IconName } from "./icons.tsx";

/** One page: its heading gets the focus when one comes from another page. */
export function Page(props: {
  title: string;
  kicker?: ComponentChildren;
  badge?: ComponentChildren;
  actions?: ComponentChildren;
  /** For who gives it the focus. */
  heading?: RefObject<HTMLHeadingElement | null>;
  children: ComponentChildren;
}) {
  const own = useRef<HTMLHeadingElement>(null);
  const heading = props.heading ?? own;
  useEffect(() => {
    document.title = `${props.title} · Firmbase`;
  }, [props.title]);
  useEffect(() => {
    const isLost = document.activeElement === document.body;
    if (isLost && cameFromInside()) heading.current?.focus();
  }, []);
  return (
    <>
      <header class="page-head">
        <div>
          {props.kicker && <p class="kicker">{props.kicker}</p>}
          <h1 tabIndex={-1} ref={heading}>
            {props.title} {props.badge}
          </h1>
        </div>
        {props.actions && <div class="actions">{props.actions}</div>}
      </header>
      {props.children}
    </>
  );
}

export function Loading({ lines = 4 }: { lines?: number }) {
  return (
    <div class="loading" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, n) => (
        <span key={n} />
      ))}
    </div>
  );
}

export function Empty(props: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={props.icon} />
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

/** What went wrong, and what to do now. */
export function ErrorNote(props: { error: ServiceError; retry?: () => void }) {
  const { message, hint } = props.error;
  return (
    <div class="note error" role="alert">
      <Icon name="warning" />
      <p>
        <strong>{message}</strong> {hint}
      </p>
      {props.retry && (
        <button type="button" class="button small" onClick={props.retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** In place of a page about something that cannot be read: what is not there cannot be tried again. */
export function NotShown(props: {
  title: string;
  kicker?: ComponentChildren;
  error: ServiceError;
  retry: () => void;
}) {
  const { title, kicker, error, retry } = props;
  return (
    <Page title={title} kicker={kicker}>
      <ErrorNote error={error} {...(error.code === "not_found" ? {} : { retry })} />
    </Page>
  );
}

const TONES: Record<string, string> = {
  active: "good",
  ready: "good",
  signed: "good",
  sent: "info",
  in_review: "info",
  processing: "info",
  rendering: "info",
  running: "info",
  tried_out: "info",
  imported: "good",
  working: "info",
  queued: "info",
  candidate: "info",
  lead: "info",
  viewed: "info",
  on_leave: "warn",
  quarantined: "bad",
  failed: "bad",
  terminated: "bad",
  suspended: "bad",
  declined: "bad",
};

export function Badge({ status }: { status: string }) {
  return <span class={`badge ${TONES[status] ?? ""}`}>{word(status)}</span>;
}
