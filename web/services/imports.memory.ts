import { RULES } from "./companies.memory.ts";
import type { Company, CompanyValues } from "./companies.ts";
import { cancelled, notFound, ServiceError } from "./errors.ts";
import {
  firstOf,
  IMPORT_FIELDS,
  type Import,
  type ImportColumn,
  type ImportKind,
  type ImportMapping,
  type ImportsService,
  parseCsv,
} from "./imports.ts";
import { newestFirst, type StoredImport, stamped } from "./memory/backend.ts";
import type { Caller } from "./memory/caller.ts";
import { check } from "./memory/rows.ts";

/** What is kept of a company here. */
const FIELDS = ["name", "industry", "country", "website", "address", "status"];

const NO_COUNTS = { created_count: 0, updated_count: 0, unchanged_count: 0, failed_count: 0 };

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

  const start = (row: StoredImport, dry_run: boolean, mapping: ImportMapping = row.mapping) => {
    if (row.status === "queued" || row.status === "running") {
      throw new ServiceError("import_running", "This import is running already.");
    }
    for (const field of Object.values(mapping)) {
      if (field === null || IMPORT_FIELDS[row.kind].fields.includes(field)) continue;
      throw new ServiceError("unknown_field", `There is no field "${field}".`, {
        hint: `Use: ${IMPORT_FIELDS[row.kind].fields.join(", ")}.`,
      });
    }
    Object.assign(row, { dry_run, mapping, status: "queued", progress: 0 });
    Object.assign(row, { reason: null, detail: null, columns: [], row_count: null });
    Object.assign(row, { refused: null, errors_path: null, ...NO_COUNTS });
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

    async tryOut(firmId, { kind, name, body, onProgress, signal }) {
      if (signal?.aborted) throw cancelled();
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
        ...{ firm_id: firmId, kind, name, body, dry_run: true, status: "uploading" },
        ...{ reason: null, detail: null, progress: 0, row_count: null, errors_path: null },
        ...{ mapping: {}, columns: [], refused: null, ...NO_COUNTS },
      };
      imports.push(row);
      return start(row, true);
    },

    start: async (id, { dryRun, mapping }) => start(find(id), dryRun, mapping),

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
    const counts = { ...NO_COUNTS };
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
    const columns = match(header, row.mapping);
    const [reason, said] = fault(columns, row.mapping) ?? [];
    if (reason) {
      const detail = `“${row.name}” has ${said}`;
      Object.assign(row, { columns, status: "failed", reason, detail });
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
        columns
          .map(({ field }, at) => [field ?? "", cells[at] ?? ""] as const)
          .filter(([field, value]) => FIELDS.includes(field) && value),
      ) as CompanyValues & Record<string, string>;
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
      columns,
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

/** Columns by their field's own name, or by the mapping, which wins. */
function match(header: string[], mapping: ImportMapping): ImportColumn[] {
  const said = new Map(Object.entries(mapping));
  const taken = header.map((column) => said.get(column));
  return header.map((column) => {
    const field = FIELDS.includes(column) && !taken.includes(column) ? column : null;
    return { column, field: said.has(column) ? (said.get(column) ?? null) : field };
  });
}

/** Why the columns of a file are no good: a code, and how the sentence ends. */
function fault(columns: ImportColumn[], mapping: ImportMapping): [string, string] | null {
  const names = columns.map(({ column }) => column);
  const gone = Object.keys(mapping).find((column) => !names.includes(column));
  if (gone !== undefined) return ["unknown_column", `no column ${gone}, which the mapping names.`];
  const given = columns.flatMap(({ field }) => field ?? []);
  if (given.length === 0) {
    const first = names.slice(0, 5).join(", ");
    return ["no_known_column", `no column of a known name in its first line: ${first}.`];
  }
  const twice = given.find((field, n) => given.indexOf(field) < n);
  if (twice) {
    const both = columns.filter(({ field }) => field === twice).map(({ column }) => column);
    return ["duplicate_column", `two columns for the same: ${both.join(", ")} (${twice}).`];
  }
  const { keys } = IMPORT_FIELDS.companies;
  if (given.some((field) => keys.includes(field))) return null;
  const needs = keys.join(" or ");
  return ["no_key_column", `no column that says which row is meant: it needs ${needs}.`];
}

function publicly({ body: _, refused: __, ...row }: StoredImport): Import {
  return structuredClone(row);
}
