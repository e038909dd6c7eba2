import { atLeast, COMPANY_STATUSES, type Company, type CompanyStatus } from "@firmbase/services";
import { useState } from "preact/hooks";
import { asServiceError, useLoad } from "../load.ts";
import { go } from "../router.ts";
import { useFirmOf, useSession } from "../session.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Facts } from "../ui/facts.tsx";
import { Files } from "../ui/files.tsx";
import { Choice, Field, Form, orNull, type Values } from "../ui/form.tsx";
import { Icon } from "../ui/icons.tsx";
import { ImportLink, Listing } from "../ui/listing.tsx";
import { Badge, Loading, NotShown, Page } from "../ui/states.tsx";
import { dayOf } from "../words.ts";

export function CompaniesPage() {
  const { services, firm, role } = useSession();
  const [isAdding, setAdding] = useState(false);
  const add = atLeast(role, "member") && (
    <button type="button" class="button primary" onClick={() => setAdding(true)}>
      <Icon name="plus" /> Add a company
    </button>
  );
  return (
    <Page
      title="Companies"
      actions={
        <>
          {add && <ImportLink kind="companies" />}
          {add}
        </>
      }
    >
      <Listing<Company, CompanyStatus>
        noun="companies"
        icon="companies"
        columns={["Name", "Industry", "Country", "Status"]}
        statuses={COMPANY_STATUSES}
        load={(query) => services.companies.list(firm.firm_id, query)}
        row={(company) => (
          <a class="row" href={`/companies/${company.id}`}>
            <strong>{company.name}</strong>
            <span>{company.industry}</span>
            <span>{company.country}</span>
            <Badge status={company.status} />
          </a>
        )}
        empty={<p>Clients and prospects. Contracts and files belong to them.</p>}
      />
      {isAdding && (
        <Dialog title="Add a company" onClose={() => setAdding(false)}>
          <CompanyForm
            submit="Add company"
            onCancel={() => setAdding(false)}
            onSubmit={async (values) => {
              const { id } = await services.companies.add(firm.firm_id, values);
              go(`/companies/${id}`);
            }}
          />
        </Dialog>
      )}
    </Page>
  );
}

export function CompanyPage({ id }: { id: string }) {
  const { services, role, say } = useSession();
  const [isEditing, setEditing] = useState(false);
  const { data: company, error, reload, setData } = useLoad(() => services.companies.get(id), [id]);
  useFirmOf(company?.firm_id);
  if (error) {
    return (
      <NotShown
        title="Company"
        kicker={<a href="/companies">Companies</a>}
        error={error}
        retry={reload}
      />
    );
  }
  if (!company) return <Loading />;

  const archive = async (change: (id: string) => Promise<Company>) => {
    try {
      const changed = await change(id);
      setData(() => changed);
      say(changed.archived_at ? `${changed.name} is archived.` : `${changed.name} is back.`);
    } catch (reason) {
      say(asServiceError(reason).message);
    }
  };
  const actions = (
    <>
      {atLeast(role, "manager") && (
        <button
          type="button"
          class="button"
          onClick={() =>
            archive(company.archived_at ? services.companies.restore : services.companies.archive)
          }
        >
          {company.archived_at ? "Restore" : "Archive"}
        </button>
      )}
      {atLeast(role, "member") && !company.archived_at && (
        <button type="button" class="button primary" onClick={() => setEditing(true)}>
          Edit
        </button>
      )}
    </>
  );
  return (
    <Page
      title={company.name}
      kicker={<a href="/companies">Companies</a>}
      badge={<Badge status={company.archived_at ? "archived" : company.status} />}
      actions={actions}
    >
      <div class="columns">
        <section class="panel" aria-label="Facts">
          <Facts
            facts={[
              ["Industry", company.industry],
              ["Country", company.country],
              [
                "Website",
                company.website && (
                  <a href={company.website} target="_blank" rel="noopener noreferrer">
                    {company.website.replace(/^https?:\/\/(www\.)?/, "")}
                  </a>
                ),
              ],
              ["Address", company.address],
              ["Added", dayOf(company.created_at)],
            ]}
          />
        </section>
        <Files parent={{ company_id: id }} />
      </div>
      {isEditing && (
        <Dialog title={`Edit ${company.name}`} onClose={() => setEditing(false)}>
          <CompanyForm
            submit="Save"
            company={company}
            onCancel={() => setEditing(false)}
            onSubmit={async (values) => {
              const changed = await services.companies.change(id, values);
              setData(() => changed);
              setEditing(false);
            }}
          />
        </Dialog>
      )}
    </Page>
  );
}

function CompanyForm(props: {
  submit: string;
  company?: Company;
  onCancel: () => void;
  onSubmit: (values: ReturnType<typeof valuesOf>) => Promise<void>;
}) {
  const { company } = props;
  return (
    <Form
      submit={props.submit}
      onCancel={props.onCancel}
      onSubmit={(values) => props.onSubmit(valuesOf(values))}
    >
      <Field name="name" label="Name" value={company?.name} maxLength={200} required />
      <div class="fields">
        <Choice
          name="status"
          label="Status"
          options={COMPANY_STATUSES}
          value={company?.status ?? "lead"}
        />
        <Field
          name="country"
          label="Country"
          value={company?.country}
          maxLength={2}
          hint="Two letters, such as DE."
        />
      </div>
      <Field name="industry" label="Industry" value={company?.industry} maxLength={100} />
      <Field
        name="website"
        label="Website"
        value={company?.website}
        hint="With https:// in front."
        inputmode="url"
      />
      <Field name="address" label="Address" value={company?.address} maxLength={500} />
    </Form>
  );
}

function valuesOf({ name = "", status, country, industry, website, address }: Values) {
  return {
    name,
    status: status as CompanyStatus,
    country: orNull(country?.toUpperCase()),
    industry: orNull(industry),
    website: orNull(website),
    address: orNull(address),
  };
}
