import type { Services } from "@firmbase/services";
import { createMemoryServices, MemoryBackend } from "@firmbase/services/memory";

/** A firm in memory to develop with: gone when the page is loaded anew. Mails go to the console. */
export async function sampleServices(): Promise<Services> {
  const backend = new MemoryBackend({
    onMail: ({ to, subject, secret }) => console.info(`Mail to ${to}: ${subject} (${secret})`),
  });
  const services = createMemoryServices(backend, { uploadMs: 1500 });
  backend.accounts.push({
    id: crypto.randomUUID(),
    email: "ada@northlight.example",
    name: "Ada Lindqvist",
    password: "a long passphrase",
    confirmed: true,
    factors: [],
  });
  await services.auth.signIn("ada@northlight.example", "a long passphrase");
  const { id } = await services.firms.create({ name: "Northlight Advisory", slug: "northlight" });
  const { id: company_id } = await services.companies.add(id, {
    name: "Helios Energy GmbH",
    status: "active",
    industry: "Energy",
    country: "DE",
  });
  await services.consultants.add(id, { name: "Noor Haddad", headline: "Energy strategy" });
  await services.contracts.add(id, {
    title: "Grid transition programme",
    kind: "client_services",
    company_id,
    starts_on: "2027-01-01",
    ends_on: "2027-12-31",
    rate: 1450,
    rate_unit: "day",
  });
  return services;
}
