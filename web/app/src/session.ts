import type { Account, MyFirm, Role, Services } from "@firmbase/services";
import { createContext } from "preact";
import { useContext, useEffect } from "preact/hooks";
import type { Uploads } from "./uploads.ts";

/** What every page of somebody who is signed in may use. */
export interface Session {
  services: Services;
  uploads: Uploads;
  account: Account;
  firms: MyFirm[];
  firm: MyFirm;
  role: Role | "consultant";
  selectFirm(firmId: string): void;
  reloadFirms(): Promise<void>;
  /** Says something for a moment, on the screen and to a screen reader. */
  say(sentence: string): void;
}

/** Whether nothing of the firm can be shown. */
export const isLocked = ({ needs_mfa, status, role }: MyFirm): boolean =>
  needs_mfa || status === "suspended" || role === "consultant";

/** Where the browser keeps which firm one was in last. */
export const LAST_FIRM = "firmbase.firm";

export const SessionContext = createContext<Session | null>(null);
export const ServicesContext = createContext<Services | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("This page is for somebody who is signed in, and in a firm.");
  return session;
}

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (!services) throw new Error("The app was drawn without services.");
  return services;
}

/** A link may lead to a page of another firm of theirs: then that is the firm they are in. */
export function useFirmOf(firmId: string | undefined): void {
  const { firm, selectFirm } = useSession();
  useEffect(() => {
    if (firmId && firmId !== firm.firm_id) selectFirm(firmId);
  }, [firmId]);
}
