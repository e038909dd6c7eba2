/** Who one is: accounts, firms, the mails one gets. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fails, firmOf, newEmail, newSlug, PASSWORD, people, textFile } from "./people.ts";
import { eventually, STAGES } from "./stages.ts";

for (const stage of STAGES) {
  describe(stage.name, { concurrency: true }, () => {
    test("an account: from sign-up to a new password", async () => {
      const { auth } = stage.device();
      const seen: (string | null)[] = [];
      const stop = auth.watch((account) => seen.push(account?.name ?? null));
      const email = newEmail("ada");
      await auth.signUp({ name: "Ada Lindqvist", email, password: PASSWORD });
      await fails("email_not_confirmed", auth.signIn(email, PASSWORD));
      await fails("otp_expired", auth.confirm(email, "000000"));
      assert.equal(await auth.account(), null);
      const ada = await auth.confirm(email, await stage.secret(email, "Confirm"));
      assert.deepEqual(await auth.account(), ada);
      assert.deepEqual([ada.name, ada.email], ["Ada Lindqvist", email]);

      await eventually(() => seen.at(-1) === "Ada Lindqvist");
      await auth.signOut();
      assert.equal(await auth.account(), null);
      await eventually(() => seen.at(-1) === null);
      stop();
      await fails("invalid_credentials", auth.signIn(email, "another passphrase"));
      await fails("invalid_credentials", auth.signIn(newEmail("nobody"), PASSWORD));
      await auth.forgotPassword(email.toUpperCase());
      const code = await stage.secret(email, "Reset");
      assert.equal((await auth.resetPassword(email, code, "a new passphrase")).id, ada.id);
      await fails("invalid_credentials", stage.device().auth.signIn(email, PASSWORD));
      assert.equal((await stage.device().auth.signIn(email, "a new passphrase")).id, ada.id);
      await fails("same_password", auth.changePassword("a new passphrase"));
      await fails("weak_password", auth.changePassword("short"));
      await auth.changePassword("a newer passphrase");
      await stage.device().auth.signIn(email, "a newer passphrase");
      // Who gave no name is called by the address.
      const nameless = stage.device().auth;
      const other = newEmail("nameless");
      await nameless.signUp({ name: "", email: other, password: PASSWORD });
      const { name } = await nameless.confirm(other, await stage.secret(other, "Confirm"));
      assert.equal(name, other);
      await fails("weak_password", auth.signUp({ name: "A", email: newEmail("a"), password: "x" }));
    });

    test("a firm: made, invited to, joined", async () => {
      const [ada, ben, cleo] = await people(stage, "Ada", "Ben", "Cleo");
      const slug = newSlug();
      const firm = await ada.firms.create({ name: "Northlight Advisory", slug });
      const [mine] = await ada.firms.mine();
      assert.deepEqual(
        [mine?.firm_id, mine?.name, mine?.slug, mine?.role, mine?.needs_mfa],
        [firm.id, "Northlight Advisory", slug, "owner", false],
      );
      await fails("slug_taken", ben.firms.create({ name: "Another", slug }));
      const wrong = await fails(
        "bad_value",
        ben.firms.create({ name: "Another", slug: "No spaces" }),
      );
      assert.equal(wrong.field, "slug");

      await ada.firms.invite(firm.id, ben.email, "viewer");
      await fails("already_invited", ada.firms.invite(firm.id, ben.email, "viewer"));
      assert.deepEqual(
        (await ada.firms.invitations(firm.id)).map(({ email, role }) => [email, role]),
        [[ben.email, "viewer"]],
      );
      const token = await stage.secret(ben.email, "invites you to Northlight Advisory");
      await fails("invitation_not_found", cleo.firms.acceptInvitation(token));
      const other = newEmail("dora");
      await ada.firms.invite(firm.id, other, "viewer");
      await stage.secret(other, "invites you");
      const stop = await stage.unsubscribeToken(other, "invites you");
      const { notifications } = stage.device();
      for (const _ of [1, 2]) {
        assert.deepEqual(await notifications.unsubscribe(stop), {
          firm: "Northlight Advisory",
          kind: "invitation",
        });
      }
      const [unwanted] = await ada.firms.invitations(firm.id);
      assert.ok(unwanted);
      await ada.firms.revokeInvitation(unwanted.id);
      await fails("address_suppressed", ada.firms.invite(firm.id, other, "viewer"));
      const joined = await ben.firms.acceptInvitation(token);
      assert.deepEqual([joined.firm_id, joined.role], [firm.id, "viewer"]);
      await fails("invitation_used", ben.firms.acceptInvitation(token));
      assert.deepEqual(await ada.firms.invitations(firm.id), []);
      assert.deepEqual(
        (await ben.firms.members(firm.id)).map(({ name, role, status }) => [name, role, status]),
        [
          ["Ada", "owner", "active"],
          ["Ben", "viewer", "active"],
        ],
      );
      await fails("already_member", ada.firms.invite(firm.id, ben.email, "viewer"));
      await fails("not_allowed", ben.firms.invite(firm.id, cleo.email, "viewer"));

      await ada.firms.invite(firm.id, cleo.email, "owner");
      const [open] = await ada.firms.invitations(firm.id);
      assert.ok(open);
      await fails("not_allowed", ben.firms.revokeInvitation(open.id));
      await ada.firms.revokeInvitation(open.id);
      assert.deepEqual(await ada.firms.invitations(firm.id), []);

      const plain = {
        ...{ id: firm.id, name: "Northlight Advisory", brand_color: null, require_mfa: false },
      };
      assert.deepEqual(await ben.firms.get(firm.id), plain);
      await fails("not_found", ben.firms.setBrandColor(firm.id, "#0b6e4f"));
      await fails("not_found", cleo.firms.get(firm.id));
      const unreadable = await fails("bad_value", ada.firms.setBrandColor(firm.id, "green"));
      assert.equal(unreadable.field, "brand_color");
      const green = { ...plain, brand_color: "#0b6e4f" };
      assert.deepEqual(await ada.firms.setBrandColor(firm.id, "#0b6e4f"), green);
      assert.deepEqual(await ada.firms.setBrandColor(firm.id, null), plain);

      // What a viewer may not.
      await fails("not_allowed", ben.companies.add(firm.id, { name: "Helios" }));
      const helios = await ada.companies.add(firm.id, { name: "Helios" });
      assert.equal((await ben.companies.get(helios.id)).name, "Helios");
      await fails("not_found", ben.companies.change(helios.id, { name: "Mine" }));
      await fails("not_allowed", ben.files.upload(firm.id, textFile("Notes.txt")));
      await fails("not_allowed", ben.reports.request(firm.id, "csv"));
    });

    test("mails: each member chooses, kind by kind", async () => {
      const { ada, firmId } = await firmOf(stage);
      const [ben] = await people(stage, "Ben");
      const { notifications } = ada;
      const before = await notifications.settings(firmId);
      assert.deepEqual(
        before.map(({ kind, delivery, standard, what }) => [kind, delivery, standard, what]),
        [
          ["contract_declined", "now", "now", "Somebody does not sign a contract."],
          ["contract_ending", "now", "now", "A contract ends soon."],
          [
            ...["contract_renewing", "now", "now"],
            "A contract renews itself unless somebody cancels it soon.",
          ],
          ["contract_signed", "now", "now", "Everybody has signed a contract."],
          ["digest", "digest", "digest", "The daily mail with what was gathered."],
          ["export_ready", "now", "now", "The export of the firm you asked for is ready."],
          ["file_quarantined", "now", "now", "A file of yours was locked away."],
          ["file_rejected", "digest", "digest", "A file of yours could not be used."],
          ["report_ready", "now", "now", "A report you asked for is ready."],
          [...["signer_unreachable", "now", "now"], "A request to sign a contract did not arrive."],
        ],
      );
      await notifications.choose(firmId, "contract_signed", "digest");
      await notifications.choose(firmId, "contract_signed", "off");
      await notifications.choose(firmId, "digest", "off");
      const changed = (await notifications.settings(firmId)).filter(
        ({ delivery, standard }) => delivery !== standard,
      );
      assert.deepEqual(
        changed.map(({ kind, delivery }) => [kind, delivery]),
        [
          ["contract_signed", "off"],
          ["digest", "off"],
        ],
      );
      await fails("unknown_kind", notifications.choose(firmId, "weather", "now"));
      await fails("unknown_delivery", notifications.choose(firmId, "digest", "now"));
      await fails("unknown_delivery", notifications.choose(firmId, "digest", "daily" as "now"));

      // One's own only.
      await fails("firm_not_found", ben.notifications.settings(firmId));
      await fails("firm_not_found", ben.notifications.choose(firmId, "digest", "off"));
      await ada.firms.invite(firmId, ben.email, "viewer");
      await ben.firms.acceptInvitation(await stage.secret(ben.email, "invites"));
      assert.deepEqual(await ben.notifications.settings(firmId), before);
    });

    test("nobody is signed in", async () => {
      const { auth, firms, companies } = stage.device();
      await fails("not_allowed", firms.mine());
      await fails("not_allowed", firms.create({ name: "Mine", slug: newSlug() }));
      await fails("not_allowed", companies.add(crypto.randomUUID(), { name: "Mine" }));
      await fails("signed_out", auth.changePassword("a new passphrase"));
    });
  });
}
