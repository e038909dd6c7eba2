import { atLeast, type Contract, SIGNER_ROLES, type SignerRole } from "@firmbase/services";
import { useState } from "preact/hooks";
import { useLoad } from "../load.ts";
import { useSession } from "../session.ts";
import { initials, word } from "../words.ts";
import { Dialog } from "./dialog.tsx";
import { Choice, Field, Form } from "./form.tsx";
import { Badge, ErrorNote } from "./states.tsx";

/** Who has to sign a contract, and whether they did. */
export function Signers({ contract }: { contract: Contract }) {
  const { services, role, say } = useSession();
  const [isAdding, setAdding] = useState(false);
  const { data, error, reload } = useLoad(
    () => services.signing.signers(contract.id),
    [contract.id, contract.status],
  );
  const mayAdd = atLeast(role, "manager") && ["draft", "in_review"].includes(contract.status);
  if (data?.length === 0 && !mayAdd) return null;
  return (
    <section class="panel" aria-labelledby="signers-title">
      <header class="panel-head">
        <h2 id="signers-title">Signatures</h2>
        {mayAdd && (
          <button type="button" class="button small" onClick={() => setAdding(true)}>
            Add a signer
          </button>
        )}
      </header>
      {error && <ErrorNote error={error} retry={reload} />}
      {data?.length === 0 && (
        <p class="lead">Nobody yet. Whoever is added is asked by mail once the contract is sent.</p>
      )}
      <ul class="people">
        {data?.map((signer) => (
          <li key={signer.id}>
            <span class="avatar" aria-hidden="true">
              {initials(signer.name)}
            </span>
            <p>
              <strong>{signer.name}</strong>
              <small>{signer.email}</small>
              {signer.unreachable_since && (
                <small class="field-wrong">Our mails do not reach them.</small>
              )}
            </p>
            <Badge status={signer.status} />
          </li>
        ))}
      </ul>
      {isAdding && (
        <Dialog title="Add a signer" onClose={() => setAdding(false)}>
          <Form
            submit="Add signer"
            onCancel={() => setAdding(false)}
            onSubmit={async ({ name = "", email = "", role: signs }) => {
              const signer = { name, email, role: signs as SignerRole };
              await services.signing.addSigner(contract, signer);
              setAdding(false);
              say(`${name} is asked once the contract is sent.`);
              reload();
            }}
          >
            <Field name="name" label="Name" maxLength={200} required />
            <Field name="email" label="E-mail address" type="email" required />
            <Choice
              name="role"
              label="Signs for"
              options={SIGNER_ROLES.map((one) => ({
                value: one,
                label: `The ${word(one).toLowerCase()}`,
              }))}
              value="company"
            />
          </Form>
        </Dialog>
      )}
    </section>
  );
}
