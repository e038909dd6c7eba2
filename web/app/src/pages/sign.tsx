import type { SigningRequest } from "@firmbase/services";
import { useState } from "preact/hooks";
import { asServiceError, useLoad } from "../load.ts";
import { useServices } from "../session.ts";
import { Facts } from "../ui/facts.tsx";
import { Field, Form } from "../ui/form.tsx";
import { ErrorNote, Loading } from "../ui/states.tsx";
import { money, period, rate, word } from "../words.ts";
import { Entrance } from "./entrance.tsx";

/** Where the mail to a signer leads: no account, and a token behind the # that no server sees. */
export function SignPage() {
  const { signing } = useServices();
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  const { data, error, reload } = useLoad(() => signing.view(token), [token]);
  const [outcome, setOutcome] = useState<"signed" | "declined" | null>(null);
  const [isDeclining, setDeclining] = useState(false);

  if (error && !outcome) {
    return (
      <Entrance title="Nothing to sign here">
        <ErrorNote error={error} {...(error.code === "link_invalid" ? {} : { retry: reload })} />
      </Entrance>
    );
  }
  if (!data) {
    return (
      <Entrance title="One moment …">
        <Loading />
      </Entrance>
    );
  }
  const { terms, name } = data;
  if (outcome === "declined") {
    return (
      <Entrance
        title="You declined"
        lead={`${terms.firm} hears why. You can close this page.`}
        children={null}
      />
    );
  }
  if (outcome === "signed" || data.status === "signed") {
    return (
      <Entrance title="Signed" lead="Thank you. You can close this page.">
        <Terms terms={terms} />
      </Entrance>
    );
  }
  return (
    <Entrance title={terms.title} lead={`${terms.firm} asks for your signature.`}>
      <Terms terms={terms} />
      {isDeclining ? (
        <Form
          key="decline"
          submit="Decline to sign"
          onCancel={() => setDeclining(false)}
          onSubmit={async ({ reason = "" }) => {
            await signing.decline(token, reason);
            setOutcome("declined");
          }}
        >
          <Field name="reason" label="Why" maxLength={1000} required />
        </Form>
      ) : (
        <Form
          key="sign"
          submit="Sign"
          onSubmit={async (values) => {
            try {
              await signing.sign(token, values.name ?? "");
            } catch (reason) {
              // What is signed is what was seen.
              if (asServiceError(reason).code === "terms_changed") reload();
              throw reason;
            }
            setOutcome("signed");
          }}
        >
          <Field
            name="name"
            label="Your name"
            autocomplete="name"
            maxLength={200}
            hint={`You sign as ${name}, by typing your name.`}
            required
          />
        </Form>
      )}
      {!isDeclining && (
        <p class="entrance-end">
          <button type="button" class="link" onClick={() => setDeclining(true)}>
            I do not sign this
          </button>
        </p>
      )}
    </Entrance>
  );
}

function Terms({ terms }: Pick<SigningRequest, "terms">) {
  const { currency, value_cap } = terms;
  return (
    <Facts
      facts={[
        ["Contract", `No. ${terms.number}, ${word(terms.kind)}`],
        ["With", [terms.company, terms.consultant].filter(Boolean).join(", ")],
        ["Runs", period(terms.starts_on, terms.ends_on)],
        ["Rate", rate(terms)],
        ["At most", value_cap !== null && money(value_cap, currency)],
      ]}
    />
  );
}
