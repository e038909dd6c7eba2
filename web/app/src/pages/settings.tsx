import { atLeast, type Firm } from "@firmbase/services";
import { useState } from "preact/hooks";
import { asServiceError, useLoad } from "../load.ts";
import { isLocked, useSession } from "../session.ts";
import { Facts } from "../ui/facts.tsx";
import { Field, Form, NewPasswordField } from "../ui/form.tsx";
import { ErrorNote, Loading, Page } from "../ui/states.tsx";
import { word } from "../words.ts";
import { Exports } from "./exports.tsx";
import { Mails } from "./mails.tsx";
import { RequireTwoStep, TwoStep } from "./two-step.tsx";

/** What mails are coloured with where the firm has no colour. */
const HOUSE_COLOR = "#14233c";

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
      <Password />
      <TwoStep />
      {!isLocked(firm) && (
        <>
          <Mails />
          {atLeast(role, "admin") && <FirmSettings />}
          {role === "owner" && <Exports />}
        </>
      )}
    </Page>
  );
}

/** Where a forgotten password leads while the new one is not kept yet. */
export const PasswordPage = () => (
  <Page title="A new password" kicker={<a href="/settings">Settings</a>}>
    <Password />
  </Page>
);

function Password() {
  const { services, say } = useSession();
  const [changes, setChanges] = useState(0);
  return (
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
        <NewPasswordField label="New password" />
      </Form>
    </section>
  );
}

function FirmSettings() {
  const { services, firm } = useSession();
  const { data, error, reload, setData } = useLoad(
    () => services.firms.get(firm.firm_id),
    [firm.firm_id],
  );
  if (error) return <ErrorNote error={error} retry={reload} />;
  if (!data) return <Loading lines={2} />;
  const change = (changed: Firm) => setData(() => changed);
  return (
    <>
      <RequireTwoStep firm={data} onChange={change} />
      <BrandColor firm={data} onChange={change} />
    </>
  );
}

/** The firm's face in the mails that leave in its name. */
function BrandColor({ firm, onChange }: { firm: Firm; onChange: (firm: Firm) => void }) {
  const { services, say } = useSession();
  const save = async (color: string | null, said: string) => {
    onChange(await services.firms.setBrandColor(firm.id, color));
    say(said);
  };
  return (
    <section class="panel narrow" aria-labelledby="color-title">
      <header class="panel-head">
        <h2 id="color-title">Colour of the firm</h2>
      </header>
      <p class="lead">
        The head and the button of its mails. What is written on them stays readable with any
        colour.
      </p>
      <Form
        key={firm.brand_color}
        submit="Save the colour"
        onSubmit={({ brand_color = "" }) => save(brand_color, "The colour is saved.")}
      >
        <Field
          name="brand_color"
          label="Colour"
          type="color"
          value={firm.brand_color ?? HOUSE_COLOR}
          required
        />
      </Form>
      {firm.brand_color && (
        <div class="steps">
          <button
            type="button"
            class="button"
            onClick={() =>
              save(null, "Its mails have the colours of the house again.").catch((reason) =>
                say(asServiceError(reason).message),
              )
            }
          >
            Back to the colours of the house
          </button>
        </div>
      )}
    </section>
  );
}
