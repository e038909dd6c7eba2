import { useSession } from "../session.ts";
import { Facts } from "../ui/facts.tsx";
import { Page } from "../ui/states.tsx";
import { word } from "../words.ts";

export function SettingsPage() {
  const { account, firm, role, services } = useSession();
  return (
    <Page title="Settings">
      <section class="panel narrow" aria-labelledby="you-title">
        <header class="panel-head">
          <h2 id="you-title">You</h2>
        </header>
        <Facts
          facts={[
            ["Name", account.name],
            ["E-mail", account.email],
            ["Firm", firm.name],
            ["Role", word(role)],
          ]}
        />
        <div class="steps">
          <button type="button" class="button" onClick={() => services.auth.signOut()}>
            Sign out on this device
          </button>
        </div>
      </section>
      <section class="panel narrow" aria-labelledby="mails-title">
        <header class="panel-head">
          <h2 id="mails-title">Mails</h2>
        </header>
        <p class="lead">
          You get mails about contracts you look after: when one ends or renews soon, is signed or
          is declined. Everything else is told under the bell. Which mails you want cannot be chosen
          yet; an owner can change your role.
        </p>
      </section>
    </Page>
  );
}
