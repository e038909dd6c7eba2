/** What a firm writes down: companies, consultants, contracts, signatures. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fails, firmOf, newEmail, watching } from "./people.ts";
import { eventually, STAGES } from "./stages.ts";

for (const stage of STAGES) {
  describe(stage.name, { concurrency: true }, () => {
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
        // As in a link that was cut.
        await fails("not_found", service.get(cafe.id.slice(0, -1)));
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

    test("a contract is found by its party among many of like names", async () => {
      const { ada, firmId } = await firmOf(stage);
      const { id: company_id } = await ada.companies.add(firmId, { name: "Kraken" });
      const names = Array.from({ length: 100 }, (_, n) => `Kraken ${n}`);
      await Promise.all(names.map((name) => ada.companies.add(firmId, { name })));
      const audit = await ada.contracts.add(firmId, { title: "Audit", kind: "nda", company_id });
      assert.deepEqual((await ada.contracts.list(firmId, { search: "kraken" })).rows, [audit]);
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
  });
}
