import {
  atLeast,
  CONSULTANT_KINDS,
  CONSULTANT_STATUSES,
  type Consultant,
  type ConsultantKind,
  type ConsultantStatus,
} from "@firmbase/services";
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
import { day, word } from "../words.ts";

export function ConsultantsPage() {
  const { services, firm, role } = useSession();
  const [isAdding, setAdding] = useState(false);
  const add = atLeast(role, "manager") && (
    <button type="button" class="button primary" onClick={() => setAdding(true)}>
      <Icon name="plus" /> Add a consultant
    </button>
  );
  return (
    <Page
      title="Consultants"
      actions={
        <>
          {add && <ImportLink kind="consultants" />}
          {add}
        </>
      }
    >
      <Listing<Consultant, ConsultantStatus>
        noun="consultants"
        icon="consultants"
        columns={["Name", "Headline", "Kind", "Status"]}
        statuses={CONSULTANT_STATUSES}
        load={(query) => services.consultants.list(firm.firm_id, query)}
        row={(consultant) => (
          <a class="row" href={`/consultants/${consultant.id}`}>
            <strong>{consultant.name}</strong>
            <span>{consultant.headline}</span>
            <span>{word(consultant.kind)}</span>
            <Badge status={consultant.status} />
          </a>
        )}
        empty={<p>The people the firm sends to its clients.</p>}
      />
      {isAdding && (
        <Dialog title="Add a consultant" onClose={() => setAdding(false)}>
          <ConsultantForm
            submit="Add consultant"
            onCancel={() => setAdding(false)}
            onSubmit={async (values) => {
              const { id } = await services.consultants.add(firm.firm_id, values);
              go(`/consultants/${id}`);
            }}
          />
        </Dialog>
      )}
    </Page>
  );
}

export function ConsultantPage({ id }: { id: string }) {
  const { services, role, say } = useSession();
  const [isEditing, setEditing] = useState(false);
  const {
    data: consultant,
    error,
    reload,
    setData,
  } = useLoad(() => services.consultants.get(id), [id]);
  useFirmOf(consultant?.firm_id);
  if (error) {
    return (
      <NotShown
        title="Consultant"
        kicker={<a href="/consultants">Consultants</a>}
        error={error}
        retry={reload}
      />
    );
  }
  if (!consultant) return <Loading />;

  const archive = async (change: (id: string) => Promise<Consultant>) => {
    try {
      const changed = await change(id);
      setData(() => changed);
      say(changed.archived_at ? `${changed.name} is archived.` : `${changed.name} is back.`);
    } catch (reason) {
      say(asServiceError(reason).message);
    }
  };
  const { consultants } = services;
  const actions = atLeast(role, "manager") && (
    <>
      <button
        type="button"
        class="button"
        onClick={() => archive(consultant.archived_at ? consultants.restore : consultants.archive)}
      >
        {consultant.archived_at ? "Restore" : "Archive"}
      </button>
      {!consultant.archived_at && (
        <button type="button" class="button primary" onClick={() => setEditing(true)}>
          Edit
        </button>
      )}
    </>
  );
  return (
    <Page
      title={consultant.name}
      kicker={<a href="/consultants">Consultants</a>}
      badge={<Badge status={consultant.archived_at ? "archived" : consultant.status} />}
      actions={actions}
    >
      <div class="columns">
        <section class="panel" aria-label="Facts">
          <Facts
            facts={[
              ["Headline", consultant.headline],
              ["Kind", word(consultant.kind)],
              [
                "E-mail",
                consultant.email && <a href={`mailto:${consultant.email}`}>{consultant.email}</a>,
              ],
              ["Phone", consultant.phone],
              ["Free from", consultant.available_from && day(consultant.available_from)],
              ["Skills", consultant.skills.join(", ")],
            ]}
          />
        </section>
        <Files parent={{ consultant_id: id }} />
      </div>
      {isEditing && (
        <Dialog title={`Edit ${consultant.name}`} onClose={() => setEditing(false)}>
          <ConsultantForm
            submit="Save"
            consultant={consultant}
            onCancel={() => setEditing(false)}
            onSubmit={async (values) => {
              const changed = await consultants.change(id, values);
              setData(() => changed);
              setEditing(false);
            }}
          />
        </Dialog>
      )}
    </Page>
  );
}

function ConsultantForm(props: {
  submit: string;
  consultant?: Consultant;
  onCancel: () => void;
  onSubmit: (values: ReturnType<typeof valuesOf>) => Promise<void>;
}) {
  const { consultant } = props;
  return (
    <Form
      submit={props.submit}
      onCancel={props.onCancel}
      onSubmit={(values) => props.onSubmit(valuesOf(values))}
    >
      <Field name="name" label="Name" value={consultant?.name} maxLength={200} required />
      <Field name="headline" label="Headline" value={consultant?.headline} maxLength={300} />
      <div class="fields">
        <Choice
          name="kind"
          label="Kind"
          options={CONSULTANT_KINDS}
          value={consultant?.kind ?? "employee"}
        />
        <Choice
          name="status"
          label="Status"
          options={CONSULTANT_STATUSES}
          value={consultant?.status ?? "active"}
        />
      </div>
      <div class="fields">
        <Field name="email" label="E-mail" value={consultant?.email} inputmode="email" />
        <Field name="phone" label="Phone" value={consultant?.phone} type="tel" />
      </div>
      <Field
        name="skills"
        label="Skills"
        value={consultant?.skills.join(", ")}
        hint="With commas in between."
      />
      <Field
        name="available_from"
        label="Free from"
        value={consultant?.available_from}
        type="date"
      />
    </Form>
  );
}

function valuesOf({
  name = "",
  headline,
  kind,
  status,
  email,
  phone,
  skills = "",
  ...more
}: Values) {
  return {
    name,
    headline: orNull(headline),
    kind: kind as ConsultantKind,
    status: status as ConsultantStatus,
    email: orNull(email),
    phone: orNull(phone),
    skills: skills
      .split(",")
      .map((skill) => skill.trim())
      .filter(Boolean),
    available_from: orNull(more.available_from),
  };
}
