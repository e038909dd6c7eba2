import { useState } from "preact/hooks";
import { useSession } from "../session.ts";
import { Facts } from "../ui/facts.tsx";
import { Field, Form } from "../ui/form.tsx";
import { Page } from "../ui/states.tsx";
import { word } from "../words.ts";

export function SettingsPage() {
  const { account, firm, role, services, say } = useSession();
  const [changes, setChanges] = useState(0);
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
      <section class="panel narrow" aria-labelledby="password-title">
        <header class="panel-head">
          <h2 id="password-title">Password</h2>
        </header>
        {/* Empty again once it was changed. */}
        <Form
          key={changes}
          submit="Change the password"
          onSubmit={async ({ password = "" }) => {
            await services.auth.changePassword(password);
            setChanges((n) => n + 1);
            say("Your password is changed.");
          }}
        >
          <Field
            name="password"
            label="New password"
            type="password"
            autocomplete="new-password"
            minLength={8}
            required
          />
        </Form>
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
