import { ServiceError, type Stop, type Watcher } from "@firmbase/services";
import type { RefObject } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export interface Loaded<T> {
  /** What was read last; it stays while it is read anew. */
  data: T | undefined;
  error: ServiceError | null;
  reload: () => void;
  setData: (change: (data: T | undefined) => T | undefined) => void;
}

/** Reads something when the page opens and whenever `deps` change. Late answers do not count. */
export function useLoad<T>(load: () => Promise<T>, deps: unknown[]): Loaded<T> {
  const [data, setData] = useState<T>();
  const [error, setError] = useState<ServiceError | null>(null);
  const asked = useRef(0);
  const wasChanged = useRef(false);
  const reload = useCallback(() => {
    const turn = ++asked.current;
    wasChanged.current = false;
    load().then(
      (answer) => {
        if (turn !== asked.current) return;
        setData(() => answer);
        setError(null);
        // What came in between may be newer than this answer.
        if (wasChanged.current) reload();
      },
      (reason) => {
        if (turn === asked.current) setError(asServiceError(reason));
      },
    );
  }, deps);
  useEffect(() => {
    setData(undefined);
    setError(null);
    reload();
    return () => {
      asked.current++;
    };
  }, [reload]);
  const change = useCallback((by: (data: T | undefined) => T | undefined) => {
    wasChanged.current = true;
    setData(by);
  }, []);
  return { data, error, reload, setData: change };
}

/**
 * The heading for who acts on something that is gone by it: after `expect` it has the focus, once
 * `data` was read anew and what had the focus is not there any more.
 */
export function useFocusAfter(data: unknown): {
  heading: RefObject<HTMLHeadingElement | null>;
  expect: () => void;
} {
  const heading = useRef<HTMLHeadingElement>(null);
  const isExpected = useRef(false);
  useEffect(() => {
    if (data === undefined || !isExpected.current) return;
    isExpected.current = false;
    if (document.activeElement === document.body) heading.current?.focus();
  }, [data]);
  return {
    heading,
    expect: () => {
      isExpected.current = true;
    },
  };
}

/** Hears what happens in a firm as long as the page is open; says whether the line is up. */
export function useWatch<T>(
  watch: (firmId: string, watcher: Watcher<T>) => Stop,
  firmId: string,
  watcher: Pick<Watcher<T>, "ready" | "changed">,
): boolean {
  const [isUp, setUp] = useState(true);
  const current = useRef(watcher);
  current.current = watcher;
  useEffect(
    () =>
      watch(firmId, {
        ready: () => {
          setUp(true);
          current.current.ready();
        },
        changed: (row) => current.current.changed(row),
        lost: () => setUp(false),
      }),
    [watch, firmId],
  );
  return isUp;
}

export function asServiceError(reason: unknown): ServiceError {
  if (reason instanceof ServiceError) return reason;
  console.error(reason);
  return new ServiceError("unexpected", "Something went wrong in this page.", {
    hint: "Load it again; if it stays, tell whoever runs the service.",
  });
}
