import type { Account, MyFirm } from "@firmbase/services";
import { useState } from "preact/hooks";
import { go } from "../router.ts";
import { useServices, useSession } from "../session.ts";
import { Choice, Field, Form, type Values } from "../ui/form.tsx";
import { Empty, Page } from "../ui/states.tsx";
import { Entrance } from "./entrance.tsx";
import { AddDevice } from "./two-step.tsx";

const CURRENCIES = ["EUR", "GBP", "USD", "CHF", "SEK", "NOK", "DKK", "PLN", "CAD", "AUD"].map(
  (code) => ({ value: code, label: code }),
);

/** For somebody who belongs to no firm yet. */
export function FirstFirm(props: { account: Account; onCreated: () => Promise<void> }) {
  const { auth } = useServices();
  return (
    <Entrance
      title="Create your firm"
      lead={`Welcome, ${props.account.name}. If a firm has invited you, open the link of that mail instead.`}
    >
      <FirmForm
        onCreated={async () => {
          await props.onCreated();
          go("/contracts", { replace: true });
        }}
      />
      <p class="entrance-end">
        <button type="button" class="link" onClick={() => auth.signOut()}>
          Sign out
        </button>
      </p>
    </Entrance>
  );
}

export function NewFirmPage() {
  const { reloadFirms, selectFirm } = useSession();
  return (
    <Page title="Create a firm">
      <section class="panel narrow">
        <FirmForm
          onCreated={async (id) => {
            await reloadFirms();
            selectFirm(id);
            go("/contracts");
          }}
        />
      </section>
    </Page>
  );
}

function FirmForm({ onCreated }: { onCreated: (id: string) => Promise<void> }) {
  const { firms } = useServices();
  const [slug, setSlug] = useState("");
  const [isChosen, setChosen] = useState(false);
  const create = async ({ name = "", slug: short = "", currency = "EUR" }: Values) => {
    const { timeZone: timezone } = Intl.DateTimeFormat().resolvedOptions();
    const { id } = await firms.create({ name, slug: short, currency, timezone });
    await onCreated(id);
  };
  return (
    <Form submit="Create firm" onSubmit={create}>
      {/* The name suggests the short name, until somebody writes one. */}
      <div
        onInput={(event) => isChosen || setSlug(slugOf((event.target as HTMLInputElement).value))}
      >
        <Field name="name" label="Name" autocomplete="organization" maxLength={200} required />
      </div>
      <div onInput={() => setChosen(true)}>
        <Field
          key={slug}
          name="slug"
          label="Short name"
          value={slug}
          pattern="[a-z0-9](-?[a-z0-9])+"
          maxLength={63}
          hint="Small letters, digits and single dashes; nobody else has it."
          required
        />
      </div>
      <Choice name="currency" label="Currency" options={CURRENCIES} value="EUR" />
    </Form>
  );
}

function slugOf(name: string): string {
  const plain = name.normalize("NFKD").replace(/\p{Mark}/gu, "");
  return plain
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 63)
    .replace(/^-|-$/g, "");
}

/** A firm whose pages cannot be shown, and what to do about it. */
export function Locked({ firm }: { firm: MyFirm }) {
  const [isAdding, setAdding] = useState(false);
  if (firm.role === "consultant") {
    return (
      <Page title={firm.name}>
        <Empty icon="contracts" title="This firm works with you as a consultant">
          <p>Your contracts with it come by mail. A page for them is not part of this app yet.</p>
        </Empty>
      </Page>
    );
  }
  return (
    <Page title={firm.name}>
      {firm.needs_mfa ? (
        <Empty icon="warning" title="This firm requires two-step sign-in">
          <p>
            Turn it on, and you see the firm: that takes a minute and a phone. Signing in then asks
            for a code as well as for your password.
          </p>
          <button type="button" class="button primary" onClick={() => setAdding(true)}>
            Turn on two-step sign-in
          </button>
        </Empty>
      ) : (
        <Empty icon="warning" title="Your membership is suspended">
          <p>Ask an owner or an admin of the firm.</p>
        </Empty>
      )}
      {isAdding && <AddDevice isFirst onClose={() => setAdding(false)} />}
    </Page>
  );
}
