import { RULES } from "./companies.memory.ts";
import type { Company, CompanyValues } from "./companies.ts";
import { notFound, ServiceError } from "./errors.ts";
import { firstOf, type Import, type ImportKind, type ImportsService, parseCsv } from "./imports.ts";
import { newestFirst, type StoredImport, stamped } from "./memory/backend.ts";
import type { Caller } from "./memory/caller.ts";
import { check } from "./memory/rows.ts";

const FIELDS = ["name", "industry", "country", "website", "address", "status"];

/** Companies by their name, out of CSV: enough to see what a page does. */
export function memoryImports(caller: Caller): ImportsService {
  const { backend } = caller;
  const { imports, companies } = backend;
  const leastRole = (kind: ImportKind) => (kind === "consultants" ? "manager" : "member");
  const mayRead = (row: StoredImport) => caller.has(row.firm_id, leastRole(row.kind));
  const find = (id: string) => {
    const row = imports.find((one) => one.id === id);
    if (!row || !mayRead(row)) throw notFound();
    return row;
  };
  const isOver = ({ status }: Import) => !["uploading", "queued", "running"].includes(status);

  const start = (row: StoredImport, dry_run: boolean) => {
    if (row.status === "queued" || row.status === "running") {
      throw new ServiceError("import_running", "This import is running already.");
    }
    Object.assign(row, { dry_run, status: "queued", progress: 0, reason: null, detail: null });
    backend.changed("imports", row);
    const by = caller.signedIn.id;
    backend.enqueue(() => {
      if (row.status === "queued") void run(row, by);
    });
    return publicly(row);
  };

  return {
    async list(firmId) {
      const rows = imports.filter((row) => row.firm_id === firmId && mayRead(row));
      return rows.sort(newestFirst).map(publicly);
    },

    get: async (id) => publicly(find(id)),

    async tryOut(firmId, { kind, name, body, onProgress }) {
      caller.require(firmId, leastRole(kind));
      if (!/\.(csv|xlsx)$/i.test(name)) {
        throw new ServiceError("type_not_allowed", "Only CSV and XLSX files are imported.", {
          hint: "The name ends in .csv or .xlsx.",
        });
      }
      if (body.size === 0) throw new ServiceError("file_empty", "The file is empty.");
      onProgress?.(1);
      const row: StoredImport = {
        ...stamped(),
        ...{ firm_id: firmId, kind, name, body, dry_run: true, status: "uploading", columns: [] },
        ...{ reason: null, detail: null, progress: 0, row_count: null, errors_path: null },
        ...{ created_count: 0, updated_count: 0, unchanged_count: 0, failed_count: 0 },
        refused: null,
      };
      imports.push(row);
      return start(row, true);
    },

    start: async (id, { dryRun }) => start(find(id), dryRun),

    async cancel(id) {
      const row = find(id);
      if (isOver(row)) throw new ServiceError("import_over", "This import is over.");
      row.status = "cancelled";
      backend.changed("imports", row);
    },

    async refusals({ id }) {
      const { refused } = find(id);
      return refused && { file: refused, first: await firstOf(refused) };
    },

    watch: (firmId, watcher) =>
      backend.watch("imports", (row) => row.firm_id === firmId && mayRead(row), publicly, watcher),
  };

  async function run(row: StoredImport, by: string): Promise<void> {
    const [header = [], ...lines] = parseCsv(await row.body.text());
    const counts = { created_count: 0, updated_count: 0, unchanged_count: 0, failed_count: 0 };
    const refused: string[] = [];
    const refuse = (n: number, column: string, value: string, code: string, reason: string) => {
      counts.failed_count++;
      refused.push(`${n + 2},${column},"${value.replaceAll('"', '""')}",${code},${reason}`);
    };
    if (row.kind !== "companies") {
      const detail = "Without a server only companies are imported.";
      Object.assign(row, { status: "failed", reason: "type_not_allowed", detail });
      backend.changed("imports", row);
      return;
    }
    for (const [n, cells] of lines.entries()) {
      if (cells.length !== header.length) {
        const told = `The row has ${cells.length} cells, and there are ${header.length} columns.`;
        refuse(n, "", "", "column_count", `"${told}"`);
        continue;
      }
      const values = Object.fromEntries(
        header.map((field, at) => [field, cells[at] ?? ""]).filter(([, value]) => value),
      ) as CompanyValues & Record<string, string>;
      for (const field of Object.keys(values)) if (!FIELDS.includes(field)) delete values[field];
      const { name } = values;
      if (!name) {
        refuse(n, "name", "", "key_missing", "Nothing says which entry is meant.");
        continue;
      }
      try {
        check(values, RULES);
      } catch (error) {
        const { field } = error as ServiceError;
        refuse(n, field ?? "", values[field ?? ""] ?? "", "bad_form", `This is no ${field}.`);
        continue;
      }
      const known = companies.find(
        (one) => one.firm_id === row.firm_id && one.name === name && !one.archived_at,
      );
      const isSame = Object.entries(values).every(([f, v]) => known?.[f as keyof Company] === v);
      if (!known) counts.created_count++;
      else if (isSame) counts.unchanged_count++;
      else counts.updated_count++;
      if (row.dry_run) continue;
      if (known) Object.assign(known, values);
      else {
        const nothing = { industry: null, country: null, website: null, address: null };
        const kept = { ...stamped(), firm_id: row.firm_id, archived_at: null };
        companies.push({ ...nothing, status: "lead", ...values, name, ...kept });
      }
    }
    Object.assign(row, counts, {
      status: "done",
      progress: 100,
      row_count: lines.length,
      columns: header.map((column) => ({
        column,
        field: FIELDS.includes(column) ? column : null,
      })),
      refused: refused.length
        ? new Blob([["line,column,value,code,reason", ...refused, ""].join("\r\n")])
        : null,
      errors_path: refused.length ? `${row.firm_id}/${row.id}/errors-1.csv` : null,
    });
    backend.changed("imports", row);
    if (row.dry_run) return;
    backend.notify(row.firm_id, by, {
      kind: "import_finished",
      title: `“${row.name}” was imported`,
      body:
        `${counts.created_count} created, ${counts.updated_count} updated, ` +
        `${counts.unchanged_count} unchanged, ${counts.failed_count} refused.`,
      link: `/imports/${row.id}`,
    });
  }
}

function publicly({ body: _, refused: __, ...row }: StoredImport): Import {
  return structuredClone(row);
}
