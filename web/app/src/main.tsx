import { createServices, type Project, type Services } from "@firmbase/services";
import { render } from "preact";
import { App } from "./app.tsx";
import { interceptLinks } from "./router.ts";

// What a link of a mail was for stands behind the #, beside the session that the services take from
// there.
if (new URLSearchParams(location.hash.slice(1)).get("type") === "recovery") {
  history.replaceState(null, "", `/settings/password${location.hash}`);
}
interceptLinks();
const root = document.getElementById("app") as HTMLElement;
findServices().then(
  (services) => render(<App services={services} />, root),
  (error) => {
    console.error(error);
    root.textContent = "Firmbase cannot start: /config.json does not say where the project is.";
  },
);

async function findServices(): Promise<Services> {
  // Without a server: npm run dev:memory. The built app does not have it.
  if (import.meta.env.MODE === "memory") return (await import("./sample.ts")).sampleServices();
  const { url, publishableKey }: Partial<Project> = await (await fetch("/config.json")).json();
  if (!url || !publishableKey) throw new Error("url and publishableKey are needed");
  return createServices({ url, publishableKey });
}
