/**
 * One click to unsubscribe (RFC 8058): the address in the List-Unsubscribe header of every mail.
 *
 * POST does it; the token is all it takes. GET changes nothing, as scanners follow every link of a
 * mail: it shows a button, or leads to the page of the product that has one. The secret APP_URL
 * says where that is; a hosted project needs it, because the platform shows no HTML.
 */

const api = Deno.env.get("SUPABASE_URL");
const { default: key = Deno.env.get("SUPABASE_ANON_KEY") } = JSON.parse(
  Deno.env.get("SUPABASE_PUBLISHABLE_KEYS") ?? "{}",
);
const app = Deno.env.get("APP_URL")?.replace(/\/+$/, "");

Deno.serve(async (request: Request) => {
  const token = new URL(request.url).searchParams.get("token") ?? "";
  switch (request.method) {
    case "GET":
    case "HEAD":
      // Behind the #, so that no other server writes the token into its log.
      if (app) return redirect(`${app}/unsubscribe#token=${encodeURIComponent(token)}`);
      return page(
        200,
        "No more of these mails?",
        '<form method="post"><button>Stop them</button></form>',
      );
    case "POST":
      return await unsubscribe(token);
    default:
      return new Response(null, { status: 405, headers: { Allow: "GET, HEAD, POST" } });
  }
});

async function unsubscribe(token: string): Promise<Response> {
  try {
    const answer = await fetch(`${api}/rest/v1/rpc/unsubscribe`, {
      method: "POST",
      headers: { apikey: key, "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
      signal: AbortSignal.timeout(10_000),
    });
    const said = await answer.json();
    if (answer.ok) return page(200, `You get no more of these mails from ${said.firm}.`);
    if (said.details === "unknown_token")
      return page(404, "This link is not valid. Use the whole link of the mail.");
    console.error(`unsubscribe: the API answered ${answer.status}`);
  } catch (error) {
    console.error(`unsubscribe: ${error}`);
  }
  return page(503, "That did not work. Please try again in a moment.");
}

function redirect(address: string): Response {
  return new Response(null, { status: 303, headers: { Location: address, ...PRIVATE } });
}

/** Neither kept nor told to anybody: the address of the page holds the token. */
const PRIVATE = { "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" };

function page(status: number, sentence: string, form = ""): Response {
  const said = sentence.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>Mails</title>
<style>
  :root { color-scheme: light dark; font: 17px/1.5 system-ui, sans-serif }
  body { max-width: 28rem; margin: 20vh auto; padding: 0 24px; overflow-wrap: anywhere }
  button { font: inherit; padding: 12px 24px; border: 0; border-radius: 6px; background: #14233c; color: #fff }
  @media (prefers-color-scheme: dark) { button { background: #d9c6a3; color: #14233c } }
</style>
<p>${said}</p>
${form}
</html>`;
  return new Response(html, {
    status,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy":
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
      ...PRIVATE,
    },
  });
}
