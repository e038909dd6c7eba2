import type { AuthService } from "./auth.ts";
import type { CompaniesService } from "./companies.ts";
import type { ConsultantsService } from "./consultants.ts";
import type { ContractsService } from "./contracts.ts";
import type { ExportsService } from "./exports.ts";
import type { FilesService } from "./files.ts";
import type { FirmsService } from "./firms.ts";
import type { ImportsService } from "./imports.ts";
import type { NotificationsService } from "./notifications.ts";
import type { ReportsService } from "./reports.ts";
import type { SigningService } from "./signing.ts";

/** What a frontend has of Firmbase, whoever answers: a project on Supabase, or memory. */
export interface Services {
  auth: AuthService;
  firms: FirmsService;
  companies: CompaniesService;
  consultants: ConsultantsService;
  contracts: ContractsService;
  exports: ExportsService;
  files: FilesService;
  imports: ImportsService;
  notifications: NotificationsService;
  reports: ReportsService;
  signing: SigningService;
}
