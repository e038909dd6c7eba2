import {
  atLeast,
  CONTRACT_KINDS,
  CONTRACT_STATUSES,
  type Contract,
  type ContractKind,
  type ContractStatus,
  type ContractValues,
  RATE_UNITS,
  type RateUnit,
} from "@firmbase/services";
import { useState } from "preact/hooks";
import { useLoad, useWatch } from "../load.ts";
import { go } from "../router.ts";
import { useSession } from "../session.ts";
import { Choice, Field, Form, orNull, orNumber, type Values } from "../ui/form.tsx";
import { Icon } from "../ui/icons.tsx";
import { ImportLink, Listing } from "../ui/listing.tsx";
import { Badge, ErrorNote, Loading, Page } from "../ui/states.tsx";
import { period, rate } from "../words.ts";

export function ContractsPage() {
  const { services, firm, role } = useSession();
  const [version, setVersion] = useState(0);
  const [changed, setChanged] = useState<Contract | null>(null);
  useWatch(services.contracts.watch, firm.firm_id, {
    // The first time too: what changed since the list was read, nobody told.
    ready: () => setVersion((n) => n + 1),
    changed: setChanged,
  });
  const add = atLeast(role, "member") && (
    <a class="button primary" href="/contracts/new">
      <Icon name="plus" /> New contract
    </a>
  );
  return (
    <Page
      title="Contracts"
      actions={
        <>
          {add && <ImportLink kind="contracts" />}
          {add}
        </>
      }
    >
      <Listing<Contract, ContractStatus>
        noun="contracts"
        icon="contracts"
        columns={["Title", "With", "Runs", "Rate", "Status"]}
        statuses={CONTRACT_STATUSES}
        version={version}
        changed={changed}
        load={(query) => services.contracts.list(firm.firm_id, query)}
        row={(contract) => (
          <a class="row" href={`/contracts/${contract.id}`}>
            <strong>
              <span class="number">{contract.number}</span> {contract.title}
            </strong>
            <span>{contract.company?.name ?? contract.consultant?.name}</span>
            <span>{period(contract.starts_on, contract.ends_on)}</span>
            <span class="amount">{rate(contract)}</span>
            <Badge status={contract.status} />
          </a>
        )}
        empty={<p>A contract begins as a draft, and is with a company or a consultant.</p>}
      />
    </Page>
  );
}

export function NewContractPage() {
  const { services, firm } = useSession();
  return (
    <Page title="New contract" kicker={<a href="/contracts">Contracts</a>}>
      <section class="panel narrow">
        <ContractForm
          submit="Create draft"
          onCancel={() => go("/contracts")}
          onSubmit={async (values) => {
            const { id } = await services.contracts.add(firm.firm_id, values);
            go(`/contracts/${id}`);
          }}
        />
      </section>
    </Page>
  );
}

const MOST_PARTIES = 200;

export function ContractForm(props: {
  submit: string;
  contract?: Contract;
  onCancel: () => void;
  onSubmit: (values: ContractValues & { title: string; kind: ContractKind }) => Promise<void>;
}) {
  const { contract } = props;
  const { services, firm } = useSession();
  const [kind, setKind] = useState<ContractKind>(contract?.kind ?? "client_services");
  const { data, error, reload } = useLoad(async () => {
    const query = { limit: MOST_PARTIES };
    const [companies, consultants] = await Promise.all([
      services.companies.list(firm.firm_id, query),
      services.consultants.list(firm.firm_id, query),
    ]);
    return { companies: companies.rows, consultants: consultants.rows };
  }, [firm.firm_id]);
  if (error) return <ErrorNote error={error} retry={reload} />;
  if (!data) return <Loading />;

  const options = (
    rows: { id: string; name: string }[],
    kept: { id: string; name: string } | null,
  ) => [
    { value: "", label: "Nobody" },
    ...(kept && !rows.some((row) => row.id === kept.id)
      ? [{ value: kept.id, label: kept.name }]
      : []),
    ...rows.map(({ id, name }) => ({ value: id, label: name })),
  ];
  return (
    <Form
      submit={props.submit}
      onCancel={props.onCancel}
      onSubmit={(values) => props.onSubmit(valuesOf(values))}
    >
      <Field name="title" label="Title" value={contract?.title} maxLength={200} required />
      <Choice
        name="kind"
        label="Kind"
        options={CONTRACT_KINDS}
        value={kind}
        onChange={(value) => setKind(value as ContractKind)}
      />
      {(kind !== "consultant" || contract?.company) && (
        <Choice
          name="company_id"
          label="Company"
          options={options(data.companies, contract?.company ?? null)}
          value={contract ? contract.company?.id : data.companies[0]?.id}
          {...(data.companies.length
            ? {}
            : { hint: "There is none yet: add one under Companies." })}
        />
      )}
      {(kind === "consultant" || kind === "nda" || contract?.consultant) && (
        <Choice
          name="consultant_id"
          label="Consultant"
          options={options(data.consultants, contract?.consultant ?? null)}
          value={
            contract
              ? contract.consultant?.id
              : kind === "consultant"
                ? data.consultants[0]?.id
                : null
          }
        />
      )}
      <div class="fields">
        <Field name="starts_on" label="First day" value={contract?.starts_on} type="date" />
        <Field name="ends_on" label="Last day" value={contract?.ends_on} type="date" />
      </div>
      <div class="fields">
        <Field
          name="rate"
          label="Rate"
          value={contract?.rate?.toString()}
          type="number"
          min="0"
          step="0.01"
        />
        <Choice
          name="rate_unit"
          label="Per"
          options={RATE_UNITS}
          value={contract?.rate_unit ?? "day"}
        />
      </div>
      <div class="fields">
        <Field
          name="value_cap"
          label="At most in all"
          value={contract?.value_cap?.toString()}
          type="number"
          min="0"
          step="0.01"
        />
        <Field
          name="notice_days"
          label="Days of notice"
          value={contract?.notice_days?.toString()}
          type="number"
          min="0"
          step="1"
        />
      </div>
    </Form>
  );
}

function valuesOf({ title = "", kind, ...more }: Values) {
  const rate = orNumber(more.rate);
  return {
    title,
    kind: kind as ContractKind,
    company_id: orNull(more.company_id),
    consultant_id: orNull(more.consultant_id),
    starts_on: orNull(more.starts_on),
    ends_on: orNull(more.ends_on),
    rate,
    rate_unit: rate === null ? null : (more.rate_unit as RateUnit),
    value_cap: orNumber(more.value_cap),
    notice_days: orNumber(more.notice_days),
  };
}
