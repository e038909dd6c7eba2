import { memoryAuth } from "./auth.memory.ts";
import { memoryCompanies } from "./companies.memory.ts";
import { memoryConsultants } from "./consultants.memory.ts";
import { memoryContracts } from "./contracts.memory.ts";
import { memoryExports } from "./exports.memory.ts";
import { memoryFiles } from "./files.memory.ts";
import { memoryFirms } from "./firms.memory.ts";
import { memoryImports } from "./imports.memory.ts";
import { MemoryBackend } from "./memory/backend.ts";
import { Caller } from "./memory/caller.ts";
import { memoryNotifications } from "./notifications.memory.ts";
import { memoryReports } from "./reports.memory.ts";
import type { Services } from "./services.ts";
import { memorySigning } from "./signing.memory.ts";

/**
 * The services without a server. Two of them on one backend are two people at once.
 * `uploadMs` is how long an upload takes.
 */
export function createMemoryServices(
  backend = new MemoryBackend(),
  { uploadMs = 0 }: { uploadMs?: number } = {},
): Services {
  const caller = new Caller(backend);
  return {
    auth: memoryAuth(caller),
    firms: memoryFirms(caller),
    companies: memoryCompanies(caller),
    consultants: memoryConsultants(caller),
    contracts: memoryContracts(caller),
    exports: memoryExports(caller),
    files: memoryFiles(caller, uploadMs / 8),
    imports: memoryImports(caller),
    notifications: memoryNotifications(caller),
    reports: memoryReports(caller),
    signing: memorySigning(caller),
  };
}

export { type Mail, MemoryBackend } from "./memory/backend.ts";
