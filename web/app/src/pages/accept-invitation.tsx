import type { Account, ServiceError } from "@firmbase/services";
import { useEffect, useState } from "preact/hooks";
import { asServiceError } from "../load.ts";
import { go } from "../router.ts";
import { LAST_FIRM, useServices } from "../session.ts";
import { ErrorNote } from "../ui/states.tsx";
import { Entrance, SignIn, SignUp } from "./entrance.tsx";

/** The token stands behind the #, which no server sees; the page keeps it while somebody signs up. */
const token = (): string => new URLSearchParams(location.hash.slice(1)).get("token") ?? "";

export function AcceptInvitation({ account }: { account: Account | null }) {
  const [hasAccount, setHasAccount] = useState(true);
  if (account) return <Accept account={account} />;
  const lead = "Use the address the invitation was sent to. Then you join.";
  return (
    // Its links lead to the other form, not away from the invitation.
    // biome-ignore lint/a11y/noStaticElementInteractions: the links inside are what is used
    // biome-ignore lint/a11y/useKeyWithClickEvents: a key on a link is a click
    <div
      onClick={(event) => {
        const path = (event.target as Element).closest("a")?.pathname;
        if (path !== "/sign-up" && path !== "/sign-in") return;
        event.preventDefault();
        setHasAccount(path === "/sign-in");
      }}
    >
      {hasAccount ? <SignIn lead={lead} /> : <SignUp lead={lead} />}
    </div>
  );
}

function Accept({ account }: { account: Account }) {
  const { firms, auth } = useServices();
  const [error, setError] = useState<ServiceError | null>(null);
  useEffect(() => {
    firms.acceptInvitation(token()).then(
      ({ firm_id }) => {
        localStorage.setItem(LAST_FIRM, firm_id);
        go("/contracts", { replace: true });
      },
      (reason) => setError(asServiceError(reason)),
    );
  }, [firms]);
  if (!error) return <Entrance title="You join …">{null}</Entrance>;
  return (
    <Entrance title="This invitation does not work">
      <ErrorNote error={error} />
      <p class="lead">You are signed in as {account.email}.</p>
      <div class="form-end">
        <a class="button primary" href="/contracts">
          To your firms
        </a>
        <button type="button" class="button" onClick={() => auth.signOut()}>
          Use another account
        </button>
      </div>
    </Entrance>
  );
}
