import { atLeast, ROLES, type Role } from "@firmbase/services";
import { useState } from "preact/hooks";
import { asServiceError, useFocusAfter, useLoad } from "../load.ts";
import { useSession } from "../session.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Choice, Field, Form } from "../ui/form.tsx";
import { Icon } from "../ui/icons.tsx";
import { Badge, ErrorNote, Loading, Page } from "../ui/states.tsx";
import { dayOf, initials, word } from "../words.ts";

export function MembersPage() {
  const { services, firm, role, say } = useSession();
  const [isInviting, setInviting] = useState(false);
  const { firms } = services;
  const { data, error, reload } = useLoad(async () => {
    const [members, invitations] = await Promise.all([
      firms.members(firm.firm_id),
      firms.invitations(firm.firm_id),
    ]);
    return { members, invitations };
  }, [firm.firm_id]);
  const { heading, expect } = useFocusAfter(data);
  const isAdmin = atLeast(role, "admin");
  const mayGive = ROLES.filter((one) => atLeast(role, one)).reverse();

  const revoke = async (id: string, email: string) => {
    try {
      await firms.revokeInvitation(id);
      say(`The invitation of ${email} is withdrawn.`);
      expect();
    } catch (reason) {
      say(asServiceError(reason).message);
    }
    reload();
  };
  return (
    <Page
      title="People"
      heading={heading}
      actions={
        isAdmin && (
          <button type="button" class="button primary" onClick={() => setInviting(true)}>
            <Icon name="plus" /> Invite somebody
          </button>
        )
      }
    >
      {error && <ErrorNote error={error} retry={reload} />}
      {!data && !error && <Loading />}
      {data && (
        <section class="panel" aria-label="Members">
          <ul class="people">
            {data.members.map((member) => (
              <li key={member.user_id}>
                <span class="avatar" aria-hidden="true">
                  {initials(member.name)}
                </span>
                <p>
                  <strong>{member.name}</strong>
                  <small>{member.email}</small>
                </p>
                {member.status === "suspended" ? (
                  <Badge status="suspended" />
                ) : (
                  <span class="role">{word(member.role)}</span>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
      {data && data.invitations.length > 0 && (
        <section class="panel" aria-labelledby="invited-title">
          <header class="panel-head">
            <h2 id="invited-title">Invited</h2>
          </header>
          <ul class="people">
            {data.invitations.map(({ id, email, role: given, expires_at }) => (
              <li key={id}>
                <span class="avatar faint" aria-hidden="true">
                  {initials(email)}
                </span>
                <p>
                  <strong>{email}</strong>
                  <small>
                    {word(given)} · until {dayOf(expires_at)}
                  </small>
                </p>
                {isAdmin && (
                  <button
                    type="button"
                    class="button small ghost"
                    aria-label={`Withdraw the invitation of ${email}`}
                    onClick={() => revoke(id, email)}
                  >
                    Withdraw
                  </button>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
      {isInviting && (
        <Dialog title="Invite somebody" onClose={() => setInviting(false)}>
          <Form
            submit="Send the invitation"
            onCancel={() => setInviting(false)}
            onSubmit={async ({ email = "", role: given }) => {
              await firms.invite(firm.firm_id, email, given as Role);
              setInviting(false);
              say(`${email} gets a mail with a link.`);
              reload();
            }}
          >
            <Field name="email" label="E-mail address" type="email" required />
            <Choice
              name="role"
              label="Role"
              options={mayGive}
              value="member"
              hint="Viewers read; members write; managers move contracts; admins invite."
            />
          </Form>
        </Dialog>
      )}
    </Page>
  );
}
