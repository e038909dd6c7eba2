/** What the job runner does and others see at once; alone, so that nobody else does its jobs. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mappingOf } from "../index.ts";
import { fails, firmOf, people, textFile, watching } from "./people.ts";
import { eventually, STAGES } from "./stages.ts";

const PDF = "application/pdf";
const ODD = "Firma,__proto__,country,name\nOdin,https://odin.example,NO,O\n";

for (const stage of STAGES) {
  describe(stage.name, () => {
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

      // It is told before it is read: no browser has room for a film.
      const film = new Blob([new Uint8Array(50_000_001)], { type: PDF });
      film.arrayBuffer = () => Promise.reject(new Error("There is no room for it."));
      await fails("file_too_large", ada.files.upload(firmId, { name: "Film.pdf", body: film }));

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
      const odd = await Promise.all(
        ["a.csv", "b.csv", "c.csv"].map((name) =>
          ben.imports.tryOut(firmId, { kind: "companies", name, body: new Blob([ODD]) }),
        ),
      );
      await fails("import_running", ben.imports.start(trial.id, { dryRun: false }));
      const wrongFile = { kind: "companies" as const, name: "Clients.pdf", body: new Blob(["x"]) };
      await fails("type_not_allowed", ben.imports.tryOut(firmId, wrongFile));
      const given = { ...wrongFile, name: "Clients.csv", signal: AbortSignal.abort() };
      await fails("cancelled", ben.imports.tryOut(firmId, given));
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
      const tried = await eventually(() =>
        seenImports.rows.findLast((row) => row.id === trial.id && row.status === "done"),
      );
      const counts = (row: typeof tried) => [
        ...[row.created_count, row.updated_count, row.unchanged_count, row.failed_count],
      ];
      assert.deepEqual(counts(tried), [1, 0, 1, 2]);
      const fieldsOf = (row: typeof tried) => row.columns.map(({ field }) => field);
      assert.deepEqual(
        tried.columns.map(({ column, field }) => [column, field]),
        [
          ["name", "name"],
          ["country", "country"],
          ["colour", null],
        ],
      );
      const kin = (await ada.imports.list(firmId)).filter(({ name }) => name === tried.name);
      assert.deepEqual(kin, [tried]);
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

      // What the columns mean is said by people, and stays said.
      const over = (id: string) =>
        eventually(async () => {
          const row = await ben.imports.get(id);
          return row.status === "done" || row.status === "failed" ? row : undefined;
        });
      for (const [n, fields] of [
        [null, "website", null, null],
        ["name", "name", "country", null],
        ["name", null, "country", null],
      ].entries()) {
        const row = await over(odd[n]?.id ?? "");
        assert.deepEqual(fieldsOf(row), [null, null, "country", "name"]);
        const mapping = mappingOf(row, fields);
        const unknown = { ...mapping, name: "archived_at" };
        await fails("unknown_field", ben.imports.start(row.id, { dryRun: true, mapping: unknown }));
        const started = await ben.imports.start(row.id, { dryRun: true, mapping });
        assert.deepEqual([started.mapping, started.columns], [mapping, []]);
      }
      await stage.work();
      const [keyless, twice, mapped] = await Promise.all(odd.map(({ id }) => over(id)));
      assert.ok(keyless && twice && mapped);
      const nothing = '{"__proto__": "website", "country": null, "name": null}';
      assert.deepEqual(keyless.mapping, JSON.parse(nothing));
      assert.deepEqual([keyless.status, keyless.reason], ["failed", "no_key_column"]);
      assert.match(keyless.detail ?? "", /“a\.csv” .* needs external_ref or tax_id or name\.$/);
      assert.deepEqual(fieldsOf(keyless), [null, "website", null, null]);
      assert.deepEqual([twice.status, twice.reason], ["failed", "duplicate_column"]);
      assert.match(twice.detail ?? "", /: Firma, __proto__ \(name\)\.$/);
      assert.deepEqual([mapped.status, ...counts(mapped)], ["done", 1, 0, 0, 0]);
      const real = await ben.imports.start(mapped.id, { dryRun: false });
      assert.deepEqual([real.dry_run, real.mapping], [false, mapped.mapping]);
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
  });
}
