import type { Account, MyFirm, ServiceError, Services } from "@firmbase/services";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { asServiceError } from "./load.ts";
import { AcceptInvitation } from "./pages/accept-invitation.tsx";
import { CodePage } from "./pages/code.tsx";
import { CompaniesPage, CompanyPage } from "./pages/companies.tsx";
import { ConsultantPage, ConsultantsPage } from "./pages/consultants.tsx";
import { ContractPage } from "./pages/contract.tsx";
import { ContractsPage, NewContractPage } from "./pages/contracts.tsx";
import { Entrance, ForgotPassword, SignIn, SignUp } from "./pages/entrance.tsx";
import { ExportPage } from "./pages/exports.tsx";
import { FilePage } from "./pages/file.tsx";
import { FirstFirm, Locked, NewFirmPage } from "./pages/firms.tsx";
import { ImportPage, ImportsPage } from "./pages/imports.tsx";
import { MailsPage } from "./pages/mails.tsx";
import { MembersPage } from "./pages/members.tsx";
import { NotFound } from "./pages/not-found.tsx";
import { NotificationsPage } from "./pages/notifications.tsx";
import { ReportsPage } from "./pages/reports.tsx";
import { PasswordPage, SettingsPage } from "./pages/settings.tsx";
import { SignPage } from "./pages/sign.tsx";
import { UnsubscribePage } from "./pages/unsubscribe.tsx";
import { go, match, usePath } from "./router.ts";
import { isLocked, LAST_FIRM, ServicesContext, type Session, SessionContext } from "./session.ts";
import { Shell } from "./ui/shell.tsx";
import { ErrorNote, Loading } from "./ui/states.tsx";
import { Uploads } from "./uploads.ts";

const SAID_MS = 5000;

export function App({ services }: { services: Services }) {
  const path = usePath();
  const account = useAccount(services);
  return (
    <ServicesContext.Provider value={services}>
      {path === "/sign" ? (
        <SignPage />
      ) : path === "/unsubscribe" ? (
        <UnsubscribePage />
      ) : account === undefined ? (
        <Waiting />
      ) : account && account.level !== account.nextLevel ? (
        <CodePage key={account.id} />
      ) : path === "/invitations/accept" ? (
        <AcceptInvitation account={account} />
      ) : account === null ? (
        <Outside path={path} />
      ) : (
        <Inside key={account.id} account={account} services={services} path={path} />
      )}
    </ServicesContext.Provider>
  );
}

const Waiting = () => (
  <main>
    <Loading />
  </main>
);

/** Who is signed in; undefined until that is known. What is the same stays the same object. */
function useAccount(services: Services): Account | null | undefined {
  const [account, setAccount] = useState<Account | null | undefined>(undefined);
  useEffect(
    () =>
      services.auth.watch((next) =>
        setAccount((known) => (known && next && isSame(known, next) ? known : next)),
      ),
    [services],
  );
  return account;
}

const isSame = (one: Account, other: Account): boolean =>
  one.id === other.id && one.level === other.level && one.nextLevel === other.nextLevel;

/** Whoever comes by a link signs in on its page, and stays there. */
function Outside({ path }: { path: string }) {
  if (path === "/sign-up") return <SignUp />;
  if (path === "/forgot-password") return <ForgotPassword />;
  return <SignIn />;
}

function Inside(props: { account: Account; services: Services; path: string }) {
  const { account, services, path } = props;
  const [firms, setFirms] = useState<MyFirm[]>();
  const [error, setError] = useState<ServiceError | null>(null);
  const [firmId, setFirmId] = useState(() => localStorage.getItem(LAST_FIRM));
  const uploads = useMemo(() => new Uploads(services), [services]);
  // They are of whoever chose the files.
  useEffect(() => () => uploads.removeAll(), [uploads]);
  // As is what they searched for.
  useEffect(() => () => history.replaceState(null, "", location.pathname + location.hash), []);
  const { said, say } = useSaid();

  const asked = useRef(0);
  const reloadFirms = useCallback(async () => {
    const turn = ++asked.current;
    try {
      const mine = await services.firms.mine();
      // A late answer does not count.
      if (turn === asked.current) setFirms(mine);
      setError(null);
    } catch (reason) {
      setError(asServiceError(reason));
    }
  }, [services]);
  // With every page: a firm that began to require a second factor would seem empty otherwise.
  useEffect(() => void reloadFirms(), [reloadFirms, path, account.level]);
  const selectFirm = useCallback((id: string) => {
    localStorage.setItem(LAST_FIRM, id);
    setFirmId(id);
  }, []);

  useEffect(() => {
    if (["/", "/sign-in", "/sign-up", "/forgot-password"].includes(path)) {
      go("/contracts", { replace: true });
    }
  }, [path]);

  if (!firms && error) {
    return (
      <Entrance title="Your firms cannot be shown">
        <ErrorNote error={error} retry={reloadFirms} />
      </Entrance>
    );
  }
  if (!firms) return <Waiting />;
  const firm = firms.find((one) => one.firm_id === firmId) ?? firms[0];
  if (!firm) return <FirstFirm account={account} onCreated={reloadFirms} />;

  const { role } = firm;
  const session: Session = {
    ...{ services, uploads, account, firms, firm, role, selectFirm, reloadFirms, say },
  };
  return (
    <SessionContext.Provider value={session}>
      <Shell path={path}>
        <Routes path={path} firm={firm} key={firm.firm_id} />
      </Shell>
      <p class="said" role="status">
        {said && <span>{said}</span>}
      </p>
    </SessionContext.Provider>
  );
}

type Route = [string, (parts: Record<string, string>) => preact.JSX.Element];

/** About oneself: they are there whatever the firm allows. */
const OWN_ROUTES: Route[] = [
  ["/firms/new", () => <NewFirmPage />],
  ["/settings", () => <SettingsPage />],
  ["/settings/password", () => <PasswordPage />],
];
const ROUTES: Route[] = [
  ...OWN_ROUTES,
  ["/contracts", () => <ContractsPage />],
  ["/contracts/new", () => <NewContractPage />],
  ["/contracts/:id", ({ id = "" }) => <ContractPage id={id} />],
  ["/companies", () => <CompaniesPage />],
  ["/companies/:id", ({ id = "" }) => <CompanyPage id={id} />],
  ["/consultants", () => <ConsultantsPage />],
  ["/consultants/:id", ({ id = "" }) => <ConsultantPage id={id} />],
  ["/files/:id", ({ id = "" }) => <FilePage id={id} />],
  ["/reports", () => <ReportsPage />],
  ["/reports/:id", ({ id = "" }) => <ReportsPage highlight={id} />],
  ["/imports", () => <ImportsPage />],
  ["/imports/:id", ({ id = "" }) => <ImportPage id={id} />],
  ["/members", () => <MembersPage />],
  ["/notifications", () => <NotificationsPage />],
  ["/settings/notifications", () => <MailsPage />],
  ["/settings/exports/:id", ({ id = "" }) => <ExportPage id={id} />],
];

function Routes({ path, firm }: { path: string; firm: MyFirm }) {
  const routes = isLocked(firm) ? OWN_ROUTES : ROUTES;
  for (const [pattern, page] of routes) {
    const parts = match(pattern, path);
    if (parts) return <div key={path}>{page(parts)}</div>;
  }
  return isLocked(firm) ? <Locked firm={firm} /> : <NotFound />;
}

/** The last thing that was said, for a moment. */
function useSaid() {
  const [said, setSaid] = useState("");
  const timer = useRef(0);
  const say = useCallback((sentence: string) => {
    setSaid(sentence);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setSaid(""), SAID_MS) as unknown as number;
  }, []);
  return { said, say };
}
