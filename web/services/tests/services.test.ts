/** One suite for both: what holds on Supabase holds in memory. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ServiceError, type Services, type Watcher } from "../index.ts";
import { eventually, STAGES, type Stage } from "./stages.ts";

const PASSWORD = "a long passphrase";
const PDF = "application/pdf";

interface Person extends Services {
  id: string;
  email: string;
}

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

      await auth.signOut();
      assert.equal(await auth.account(), null);
      await fails("invalid_credentials", auth.signIn(email, "another passphrase"));
      await fails("invalid_credentials", auth.signIn(newEmail("nobody"), PASSWORD));
      await auth.forgotPassword(email);
      const code = await stage.secret(email, "Reset");
      assert.equal((await auth.resetPassword(email, code, "a new passphrase")).id, ada.id);
      await fails("invalid_credentials", stage.device().auth.signIn(email, PASSWORD));
      assert.equal((await stage.device().auth.signIn(email, "a new passphrase")).id, ada.id);
      await fails("same_password", auth.changePassword("a new passphrase"));
      await fails("weak_password", auth.changePassword("short"));
      await auth.changePassword("a newer passphrase");
      await stage.device().auth.signIn(email, "a newer passphrase");
      await eventually(() => seen.includes("Ada Lindqvist") && seen.includes(null));
      stop();
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

      const plain = { id: firm.id, name: "Northlight Advisory", brand_color: null };
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

    for (const noun of ["companies", "consultants"] as const) {
      test(`${noun}: listed, found, changed, archived`, async () => {
        const { ada, firmId } = await firmOf(stage);
        const service = ada[noun];
        const names = ["Aurora Foods", "Bluewater Partners", "Café Zürich"];
        for (const name of names) await service.add(firmId, { name });
        const first = await service.list(firmId, { limit: 2 });
        const second = await service.list(firmId, { limit: 2, after: first.next });
        assert.deepEqual(
          [...first.rows, ...second.rows].map((row) => row.name),
          names.toReversed(),
        );
        assert.equal(second.next, null);
        const found = async (search: string) =>
          (await service.list(firmId, { search })).rows.map((row) => row.name);
        assert.deepEqual(await found("blue"), ["Bluewater Partners"]);
        assert.deepEqual(await found("cafe zur"), ["Café Zürich"]);
        assert.deepEqual(await found("nothing of the kind"), []);

        const [cafe] = first.rows;
        assert.ok(cafe);
        assert.equal(cafe.firm_id, firmId);
        const changed = await service.change(cafe.id, { name: "Café Genève", status: "inactive" });
        assert.deepEqual(await service.get(cafe.id), changed);
        const inactive = await service.list(firmId, { status: "inactive" });
        assert.deepEqual(inactive.rows, [changed]);
        assert.equal((await fails("bad_value", service.add(firmId, { name: " " }))).field, "name");
        assert.equal(
          (await fails("bad_value", service.change(cafe.id, { name: "" }))).field,
          "name",
        );

        assert.notEqual((await service.archive(cafe.id)).archived_at, null);
        assert.deepEqual((await service.list(firmId, { status: "inactive" })).rows, []);
        assert.equal((await service.restore(cafe.id)).archived_at, null);
        await fails("not_found", service.get(crypto.randomUUID()));
      });
    }

    test("values that a field cannot have", async () => {
      const { ada, firmId } = await firmOf(stage);
      const refused = async (attempt: Promise<unknown>) =>
        (await fails("bad_value", attempt)).field;
      const { companies, consultants, contracts } = ada;
      const name = "Helios";
      assert.equal(await refused(companies.add(firmId, { name, country: "Germany" })), "country");
      assert.equal(await refused(companies.add(firmId, { name, website: "helios" })), "website");
      assert.equal(await refused(consultants.add(firmId, { name, email: "noor" })), "email");
      assert.equal(await refused(consultants.add(firmId, { name, phone: "none" })), "phone");
      const nda = { title: "Mutual NDA", kind: "nda" as const };
      assert.equal(await refused(contracts.add(firmId, nda)), "parties");
      const { id: company_id } = await companies.add(firmId, { name });
      const terms = { ...nda, company_id, starts_on: "2027-01-01" };
      const backwards = { ...terms, ends_on: "2026-12-31" };
      assert.equal(await refused(contracts.add(firmId, backwards)), "ends_on");
      assert.equal(await refused(contracts.add(firmId, { ...terms, rate: 950 })), "rate");
    });

    test("a contract: from draft to sent, live", async () => {
      const { ada, firmId } = await firmOf(stage);
      const helios = await ada.companies.add(firmId, { name: "Helios Energy" });
      const live = await watching(ada.contracts.watch, firmId);
      const draft = await ada.contracts.add(firmId, {
        title: "Grid transition",
        kind: "client_services",
        company_id: helios.id,
        ends_on: "2027-12-31",
        rate: 1450.5,
        rate_unit: "day",
      });
      assert.deepEqual(
        [draft.number, draft.status, draft.currency, draft.rate, draft.company],
        [1, "draft", "EUR", 1450.5, { id: helios.id, name: "Helios Energy" }],
      );
      await fails("start_required", ada.contracts.transition(draft.id, "in_review"));
      await ada.contracts.change(draft.id, { starts_on: "2027-01-01" });
      const illegal = await fails(
        "illegal_transition",
        ada.contracts.transition(draft.id, "signed"),
      );
      assert.equal(illegal.hint, "It can become: in_review, cancelled.");
      await ada.contracts.transition(draft.id, "in_review");
      const sent = await ada.contracts.transition(draft.id, "sent", "As agreed.");
      assert.deepEqual(await ada.contracts.get(draft.id), sent);
      await fails("terms_frozen", ada.contracts.change(draft.id, { title: "Another" }));
      await eventually(() => live.rows.at(-1)?.status === "sent");
      assert.equal(live.rows.at(-1)?.company?.name, "Helios Energy");
      live.stop();

      const history = await ada.contracts.history(draft.id);
      assert.deepEqual(
        history.map(({ kind, actor_name, detail }) => [kind, actor_name, detail]).slice(0, 2),
        [
          ["moved", "Ada", "in_review → sent: As agreed."],
          ["moved", "Ada", "draft → in_review"],
        ],
      );
      assert.equal(history.at(-1)?.kind, "created");
      const { rows } = await ada.contracts.list(firmId, { search: "grid" });
      assert.deepEqual(rows, [sent]);
      assert.deepEqual((await ada.contracts.list(firmId, { search: "helios" })).rows, [sent]);
      assert.deepEqual((await ada.contracts.list(firmId, { status: "draft" })).rows, []);
      await fails("contract_not_found", ada.contracts.transition(crypto.randomUUID(), "sent"));
    });

    test("signing, without an account", async () => {
      const { ada, firmId } = await firmOf(stage);
      const { id: company_id } = await ada.companies.add(firmId, { name: "Helios Energy" });
      const contract = await ada.contracts.add(firmId, {
        ...{ title: "Grid transition", kind: "nda", company_id, starts_on: "2099-01-01" },
      });
      const clara = { name: "Clara Weiss", email: newEmail("clara"), role: "company" as const };
      const added = await ada.signing.addSigner(contract, clara);
      assert.deepEqual(await ada.signing.signers(contract.id), [added]);
      assert.deepEqual([added.name, added.status], ["Clara Weiss", "pending"]);
      const unknown = { ...clara, email: "nobody" };
      const wrong = await fails("bad_value", ada.signing.addSigner(contract, unknown));
      assert.equal(wrong.field, "email");
      for (const to of ["in_review", "sent"] as const)
        await ada.contracts.transition(contract.id, to);
      await fails("signers_pending", ada.contracts.transition(contract.id, "signed"));

      const { signing } = stage.device();
      const token = await stage.secret(clara.email, "please sign");
      const { name, status, terms } = await signing.view(token);
      assert.deepEqual([name, status, terms.title], ["Clara Weiss", "viewed", "Grid transition"]);
      assert.deepEqual([terms.firm, terms.company], ["Northlight Advisory", "Helios Energy"]);
      await fails("name_required", signing.sign(token, " "));
      await fails("reason_required", signing.decline(token, ""));
      assert.equal(await signing.sign(token, "Clara Weiss"), "signed");
      assert.equal(await signing.sign(token, "Clara Weiss"), "signed");
      await fails("link_invalid", signing.view("no such token"));
      assert.deepEqual(await signing.signers(contract.id).catch(() => []), []);
      assert.equal((await ada.contracts.get(contract.id)).status, "signed");
      assert.equal((await ada.signing.signers(contract.id))[0]?.status, "signed");
      const [last] = await ada.contracts.history(contract.id);
      assert.ok(last?.kind === "moved" || last?.kind === "signed", last?.kind);
    });

    test("files, reports and notifications: two people at once, an outsider", async () => {
      const { ada, firmId } = await firmOf(stage);
      const [ben, outsider] = await people(stage, "Ben", "Sam");
      await ada.firms.invite(firmId, ben.email, "manager");
      await ben.firms.acceptInvitation(await stage.secret(ben.email, "invites"));
      const company_id = (await ada.companies.add(firmId, { name: "Helios" })).id;
      const parent = { company_id };
      const seenByBen = await watching(ben.files.watch, firmId);
      const seenBySam = await watching(outsider.files.watch, firmId);
      const told = await watching(ada.notifications.watch, firmId);
      const reports = await watching(ada.reports.watch, firmId);

      const shares: number[] = [];
      const offer = { ...textFile("Offer.txt"), parent, onProgress: (n: number) => shares.push(n) };
      const uploaded = await ada.files.upload(firmId, offer);
      assert.deepEqual(
        [uploaded.name, uploaded.status, uploaded.company_id],
        ["Offer.txt", "processing", company_id],
      );
      assert.equal(shares.at(-1), 1);
      const twin = await fails(
        "duplicate_file",
        ada.files.upload(firmId, { ...offer, name: "Again.txt" }),
      );
      assert.equal(twin.message, "This file is there already, as “Offer.txt”.");
      await fails("not_ready", ada.files.open(uploaded.id));
      await fails(
        "type_not_allowed",
        ada.files.upload(firmId, { name: "run.exe", body: new Blob(["MZ"]) }),
      );
      await fails(
        "bad_name",
        ada.files.upload(firmId, { ...offer, name: "../offer.txt", parent: {} }),
      );

      const stopped = new AbortController();
      const begun = ada.files.upload(firmId, {
        ...textFile("Late.txt"),
        parent,
        signal: stopped.signal,
      });
      stopped.abort();
      await fails("cancelled", begun);

      const script = new Blob(["<script>alert(1)</script>"], { type: PDF });
      const invoice = await ada.files.upload(firmId, { name: "Invoice.pdf", body: script, parent });
      const report = await ada.reports.request(firmId, "csv", company_id);
      assert.deepEqual([report.status, report.format], ["queued", "csv"]);
      const exported = await watching(ada.exports.watch, firmId);
      const asked = await ada.exports.request(firmId);
      assert.deepEqual([asked.status, asked.parts], ["queued", []]);
      await fails("export_running", ada.exports.request(firmId));
      await fails("not_allowed", ben.exports.request(firmId));
      await fails("not_found", ben.exports.get(asked.id));
      assert.deepEqual(await ben.exports.list(firmId), []);
      const rows = "name,country,colour\nHelios,,\nMeridian,GB,blue\nNordwind,Germany,\nShort\n";
      const seenImports = await watching(ben.imports.watch, firmId);
      const trial = await ben.imports.tryOut(firmId, {
        ...{ kind: "companies", name: "Clients.csv", body: new Blob([rows]) },
      });
      assert.deepEqual([trial.status, trial.dry_run], ["queued", true]);
      await fails("import_running", ben.imports.start(trial.id, { dryRun: false }));
      const wrongFile = { kind: "companies" as const, name: "Clients.pdf", body: new Blob(["x"]) };
      await fails("type_not_allowed", ben.imports.tryOut(firmId, wrongFile));
      await fails("firm_not_found", outsider.imports.tryOut(firmId, wrongFile));
      await fails("not_found", outsider.imports.get(trial.id));
      await stage.work();

      const outcome = (id: string) => seenByBen.rows.findLast((file) => file.id === id)?.status;
      await eventually(
        () => outcome(uploaded.id) === "ready" && outcome(invoice.id) === "quarantined",
      );
      const kept = await ben.files.list(firmId, parent);
      assert.deepEqual(
        kept.map(({ name, status, reason }) => [name, status, reason]),
        [
          ["Invoice.pdf", "quarantined", "type_not_allowed"],
          ["Offer.txt", "ready", null],
        ],
      );
      assert.equal(kept[0]?.detail, "“Invoice.pdf” is of a kind that is not kept here.");
      const opened = await ben.files.open(uploaded.id);
      assert.equal(opened.name, "Offer.txt");
      assert.equal(await (await fetch(opened.url)).text(), "1,450 euros a day, as Offer.txt says.");
      await fails("not_allowed", ben.files.open(invoice.id));

      const ready = await eventually(() => reports.rows.findLast((row) => row.status === "ready"));
      assert.match(await (await ada.reports.download(ready)).text(), /^\uFEFF?number,title,/);
      const tried = await eventually(() => seenImports.rows.findLast((r) => r.status === "done"));
      assert.deepEqual(await ada.imports.list(firmId), [tried]);
      const counts = (row: typeof tried) => [
        ...[row.created_count, row.updated_count, row.unchanged_count, row.failed_count],
      ];
      assert.deepEqual(counts(tried), [1, 0, 1, 2]);
      assert.deepEqual(
        tried.columns.map(({ column, field }) => [column, field]),
        [
          ["name", "name"],
          ["country", "country"],
          ["colour", null],
        ],
      );
      const list = await ben.imports.refusals(tried);
      assert.deepEqual(
        list?.first.map(({ line, column, value, code }) => [line, column, value, code]),
        [
          ["4", "country", "Germany", "bad_form"],
          ["5", "", "", "column_count"],
        ],
      );
      assert.match((await list?.file.text()) ?? "", /^\uFEFF?line,column,value,code,reason/);
      assert.deepEqual((await ben.companies.list(firmId, { search: "meridian" })).rows, []);
      await ben.imports.start(tried.id, { dryRun: false });
      await ben.imports.cancel(tried.id);
      await fails("import_over", ben.imports.cancel(tried.id));
      assert.equal((await ben.imports.get(tried.id)).status, "cancelled");
      const copy = await eventually(() => exported.rows.findLast((row) => row.status === "ready"));
      assert.deepEqual(await ada.exports.list(firmId), [copy]);
      const [part] = copy.parts;
      assert.ok(part);
      const zip = await ada.exports.open(part);
      assert.equal(zip.name, "part-001.zip");
      assert.equal((await (await fetch(zip.url)).text()).slice(0, 2), "PK");
      await fails("not_found", ben.exports.open(part));
      await eventually(() => told.rows.length >= 3 || undefined);
      const news = await ada.notifications.list(firmId);
      assert.deepEqual(news.map(({ kind, title, link }) => [kind, title, link]).sort(), [
        ["export_ready", "The export of your firm is ready", `/settings/exports/${asked.id}`],
        ["file_quarantined", "“Invoice.pdf” is in quarantine", `/files/${invoice.id}`],
        ["report_ready", "Your report is ready", `/reports/${report.id}`],
      ]);
      const [first] = news;
      assert.ok(first);
      const unread = async () =>
        (await ada.notifications.list(firmId)).filter((one) => one.read_at === null).length;
      await ada.notifications.markRead(first.id);
      assert.equal(await unread(), 2);
      await ada.notifications.markAllRead(firmId);
      assert.equal(await unread(), 0);
      assert.deepEqual(await ben.notifications.list(firmId), []);

      // A member's kind is off by one click, without a session, until they choose otherwise.
      const stop = await stage.unsubscribeToken(ada.email, "Your report is ready");
      assert.deepEqual(await stage.device().notifications.unsubscribe(stop), {
        firm: "Northlight Advisory",
        kind: "report_ready",
      });
      await fails("unknown_token", stage.device().notifications.unsubscribe(`${stop}0`));
      const off = (await ada.notifications.settings(firmId)).filter(
        ({ delivery }) => delivery === "off",
      );
      assert.deepEqual(
        off.map(({ kind }) => kind),
        ["report_ready"],
      );

      const next = await ada.files.upload(firmId, {
        ...textFile("Offer 2.txt"),
        replaces: uploaded.id,
      });
      assert.deepEqual(
        [next.version, next.series_id, next.company_id],
        [2, uploaded.id, company_id],
      );
      await ada.files.archive(invoice.id);
      assert.deepEqual(
        (await ada.files.list(firmId, parent)).map((f) => f.name),
        ["Offer.txt"],
      );

      // Nothing of it is there for somebody else.
      assert.deepEqual(await outsider.firms.mine(), []);
      assert.deepEqual(await outsider.firms.members(firmId), []);
      assert.deepEqual((await outsider.companies.list(firmId)).rows, []);
      assert.deepEqual(await outsider.files.list(firmId, parent), []);
      assert.deepEqual(await outsider.reports.list(firmId), []);
      assert.deepEqual(await outsider.notifications.list(firmId), []);
      await fails("not_found", outsider.companies.get(company_id));
      await fails("not_found", outsider.files.get(uploaded.id));
      await fails("firm_not_found", outsider.files.upload(firmId, textFile("Mine.txt")));
      await fails("firm_not_found", outsider.reports.request(firmId, "csv"));
      await fails("not_allowed", outsider.companies.add(firmId, { name: "Mine" }));
      assert.deepEqual(seenBySam.rows, []);
      for (const live of [seenByBen, seenBySam, told, reports, exported, seenImports]) live.stop();
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

async function people<Names extends string[]>(
  stage: Stage,
  ...names: Names
): Promise<{ [Name in keyof Names]: Person }> {
  const join = async (name: string): Promise<Person> => {
    const services = stage.device();
    const email = newEmail(name.toLowerCase());
    await services.auth.signUp({ name, email, password: PASSWORD });
    const { id } = await services.auth.confirm(email, await stage.secret(email, "Confirm"));
    return { ...services, id, email };
  };
  return Promise.all(names.map(join)) as Promise<{ [Name in keyof Names]: Person }>;
}

async function firmOf(stage: Stage): Promise<{ ada: Person; firmId: string }> {
  const [ada] = await people(stage, "Ada");
  const { id } = await ada.firms.create({ name: "Northlight Advisory", slug: newSlug() });
  return { ada, firmId: id };
}

/** Everything a watcher was told; returns once it is told things. */
async function watching<T>(
  watch: (firmId: string, watcher: Watcher<T>) => () => void,
  firmId: string,
): Promise<{ rows: T[]; stop: () => void }> {
  const rows: T[] = [];
  return new Promise((resolve) => {
    const stop = watch(firmId, {
      ready: () => resolve({ rows, stop: () => stop() }),
      changed: (row) => rows.push(row),
    });
  });
}

async function fails(code: string, attempt: Promise<unknown>): Promise<ServiceError> {
  const outcome = await attempt.then(
    (value) => `nothing failed: ${JSON.stringify(value)}`,
    (error) => error,
  );
  assert.ok(outcome instanceof ServiceError, String(outcome.stack ?? outcome));
  assert.equal(outcome.code, code, `${outcome.code}: ${outcome.message}`);
  return outcome;
}

function textFile(name: string) {
  const text = `1,450 euros a day, as ${name} says.`;
  return { name, body: new Blob([text], { type: "text/plain" }) };
}

const newEmail = (name: string): string => `${name}-${crypto.randomUUID().slice(0, 8)}@example.com`;
const newSlug = (): string => `firm-${crypto.randomUUID().slice(0, 8)}`;
