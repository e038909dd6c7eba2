import { supabaseAuth } from "./auth.ts";
import { connect, type Project } from "./client.ts";
import { supabaseCompanies } from "./companies.ts";
import { supabaseConsultants } from "./consultants.ts";
import { supabaseContracts } from "./contracts.ts";
import { supabaseExports } from "./exports.ts";
import { supabaseFiles } from "./files.ts";
import { supabaseFirms } from "./firms.ts";
import { supabaseImports } from "./imports.ts";
import { supabaseNotifications } from "./notifications.ts";
import { supabaseReports } from "./reports.ts";
import type { Services } from "./services.ts";
import { supabaseSigning } from "./signing.ts";

/** The services of a project on Supabase, local or hosted. */
export function createServices(project: Project): Services {
  const client = connect(project);
  return {
    auth: supabaseAuth(client),
    firms: supabaseFirms(client),
    companies: supabaseCompanies(client),
    consultants: supabaseConsultants(client),
    contracts: supabaseContracts(client),
    exports: supabaseExports(client),
    files: supabaseFiles(client, project),
    imports: supabaseImports(client, project),
    notifications: supabaseNotifications(client),
    reports: supabaseReports(client),
    signing: supabaseSigning(client),
  };
}

export type * from "./auth.ts";
export type { Project } from "./client.ts";
export * from "./companies.ts";
export * from "./consultants.ts";
export * from "./contracts.ts";
export { ServiceError } from "./errors.ts";
export type * from "./exports.ts";
export {
  FILE_PARENTS,
  type FileEntry,
  type FileParent,
  type FileStatus,
  type FilesService,
  type Upload,
  type Visibility,
} from "./files.ts";
export * from "./firms.ts";
export {
  IMPORT_FIELDS,
  IMPORT_KINDS,
  type Import,
  type ImportColumn,
  type ImportKind,
  type ImportMapping,
  type ImportStatus,
  type ImportsService,
  mappingOf,
  type NewImport,
  type Refusal,
} from "./imports.ts";
export { type ListQuery, PAGE, type Page } from "./lists.ts";
export type { Stop, Watcher } from "./live.ts";
export * from "./notifications.ts";
export type * from "./reports.ts";
export type { Services } from "./services.ts";
export * from "./signing.ts";
