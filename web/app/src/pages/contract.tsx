import {
  atLeast,
  type Contract,
  type ContractEvent,
  type ContractStatus,
  offered,
} from "@firmbase/services";
import { useState } from "preact/hooks";
import { useLoad, useWatch } from "../load.ts";
import { useFirmOf, useSession } from "../session.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Facts } from "../ui/facts.tsx";
import { Files } from "../ui/files.tsx";
import { Form } from "../ui/form.tsx";
import { Signers } from "../ui/signers.tsx";
import { Badge, ErrorNote, Loading, NotShown, Page } from "../ui/states.tsx";
import { day, moment, money, period, rate, word } from "../words.ts";
import { ContractForm } from "./contracts.tsx";

export function ContractPage({ id }: { id: string }) {
  const { services, role, firm, say } = useSession();
  const [isEditing, setEditing] = useState(false);
  const {
    data: contract,
    error,
    reload,
    setData,
  } = useLoad(() => services.contracts.get(id), [id]);
  useFirmOf(contract?.firm_id);
  const history = useLoad(() => services.contracts.history(id), [id]);
  useWatch(services.contracts.watch, firm.firm_id, {
    ready: () => {
      reload();
      history.reload();
    },
    changed: (changed) => {
      if (changed.id !== id) return;
      setData(() => changed);
      history.reload();
    },
  });
  if (error && !contract) {
    return (
      <NotShown
        title="Contract"
        kicker={<a href="/contracts">Contracts</a>}
        error={error}
        retry={reload}
      />
    );
  }
  if (!contract) return <Loading />;

  const mayEdit = contract.status === "draft" && atLeast(role, "member");
  return (
    <Page
      title={contract.title}
      kicker={
        <>
          <a href="/contracts">Contracts</a> · No. {contract.number}
        </>
      }
      badge={<Badge status={contract.status} />}
      actions={
        mayEdit && (
          <button type="button" class="button" onClick={() => setEditing(true)}>
            Edit
          </button>
        )
      }
    >
      <Life status={contract.status} />
      <div class="columns">
        <div class="stack">
          <section class="panel" aria-label="Terms">
            <Terms contract={contract} />
          </section>
          <Steps
            contract={contract}
            onMoved={(moved) => {
              setData(() => moved);
              history.reload();
              say(`The contract is ${word(moved.status).toLowerCase()}.`);
            }}
          />
          <Signers contract={contract} />
          <section class="panel" aria-labelledby="history-title">
            <header class="panel-head">
              <h2 id="history-title">History</h2>
            </header>
            {history.error && <ErrorNote error={history.error} retry={history.reload} />}
            <ol class="history">
              {history.data?.map((event) => (
                <li key={event.id}>
                  <p>
                    <strong>{event.actor_name ?? "Firmbase"}</strong> {sentence(event)}
                  </p>
                  <small>{moment(event.at)}</small>
                </li>
              ))}
            </ol>
          </section>
        </div>
        <Files parent={{ contract_id: id }} onChanged={history.reload} />
      </div>
      {isEditing && (
        <Dialog title="Edit the draft" onClose={() => setEditing(false)}>
          <ContractForm
            submit="Save"
            contract={contract}
            onCancel={() => setEditing(false)}
            onSubmit={async (values) => {
              const changed = await services.contracts.change(id, values);
              setData(() => changed);
              setEditing(false);
            }}
          />
        </Dialog>
      )}
    </Page>
  );
}

function Terms({ contract }: { contract: Contract }) {
  const { company, consultant, currency, value_cap } = contract;
  return (
    <Facts
      facts={[
        ["Kind", word(contract.kind)],
        ["Company", company && <a href={`/companies/${company.id}`}>{company.name}</a>],
        ...((consultant
          ? [["Consultant", <a href={`/consultants/${consultant.id}`}>{consultant.name}</a>]]
          : []) as [string, preact.JSX.Element][]),
        ["Runs", period(contract.starts_on, contract.ends_on)],
        ["Cancel by", contract.cancel_by && day(contract.cancel_by)],
        ["Rate", rate(contract)],
        ["At most", value_cap !== null && money(value_cap, currency)],
        ...((contract.reason ? [["Ended because", contract.reason]] : []) as [string, string][]),
      ]}
    />
  );
}

const ROAD: ContractStatus[] = ["draft", "in_review", "sent", "signed", "active"];

/** How far it is on the usual way; what left the way says so. */
function Life({ status }: { status: ContractStatus }) {
  const at = ROAD.indexOf(status);
  if (at < 0) return null;
  return (
    <ol class="life" aria-label="How far it is">
      {ROAD.map((step, n) => (
        <li key={step} class={n < at ? "done" : ""} aria-current={n === at ? "step" : undefined}>
          {word(step)}
        </li>
      ))}
    </ol>
  );
}

const DEEDS: Partial<Record<ContractStatus, { label: string; says: string; main?: boolean }>> = {
  in_review: {
    label: "Send to review",
    says: "Its terms stay as they are from now on.",
    main: true,
  },
  sent: { label: "Mark as sent", says: "Whoever has to sign it gets a mail.", main: true },
  signed: { label: "Mark as signed", says: "Everybody has signed it.", main: true },
  draft: { label: "Back to draft", says: "Its terms can be changed again." },
  cancelled: { label: "Cancel it", says: "It will never be in force. This cannot be undone." },
  terminated: { label: "Terminate", says: "It ends at once. This cannot be undone." },
};

function Steps(props: { contract: Contract; onMoved: (contract: Contract) => void }) {
  const { services, role } = useSession();
  const [to, setTo] = useState<ContractStatus | null>(null);
  const steps = offered(props.contract.status, role);
  const deed = to && DEEDS[to];
  if (steps.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="steps-title">
      <header class="panel-head">
        <h2 id="steps-title">Next step</h2>
      </header>
      <div class="steps">
        {steps.map((step) => (
          <button
            key={step}
            type="button"
            class={`button ${DEEDS[step]?.main ? "primary" : ""}`}
            onClick={() => setTo(step)}
          >
            {DEEDS[step]?.label ?? word(step)}
          </button>
        ))}
      </div>
      {to && deed && (
        <Dialog title={deed.label} onClose={() => setTo(null)}>
          <Form
            submit={deed.label}
            onCancel={() => setTo(null)}
            onSubmit={async ({ note }) => {
              const moved = await services.contracts.transition(props.contract.id, to, note);
              setTo(null);
              props.onMoved(moved);
            }}
          >
            <p>{deed.says}</p>
            <div class="field">
              <label for="note">
                Note {to !== "terminated" && <span class="optional">optional</span>}
              </label>
              <textarea
                id="note"
                name="note"
                rows={3}
                maxLength={2000}
                required={to === "terminated"}
              />
              <p class="field-hint">It stands in the history.</p>
            </div>
          </Form>
        </Dialog>
      )}
    </section>
  );
}

/** “draft → in_review: As agreed.” in the words of people. */
function sentence({ kind, detail, subject, title }: ContractEvent): string {
  const step = /^(\w+) → (\w+)(?:: (.*))?$/s.exec(detail ?? "");
  if (kind === "moved" && step?.[2]) {
    return `moved it to ${word(step[2]).toLowerCase()}${step[3] ? ` – “${step[3]}”` : ""}`;
  }
  if (subject !== "contract") {
    return `${kind === "created" ? "added" : word(kind).toLowerCase()} “${title}”`;
  }
  if (kind === "created") return "made the draft";
  return `${word(kind).toLowerCase()} it${detail ? ` – ${detail}` : ""}`;
}
