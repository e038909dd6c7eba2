import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "./database.types.ts";

export type Client = SupabaseClient<Database>;
export type Row<Table extends keyof Database["public"]["Tables"]> =
  Database["public"]["Tables"][Table]["Row"];
export type Insert<Table extends keyof Database["public"]["Tables"]> =
  Database["public"]["Tables"][Table]["Insert"];
/** A row with some of its columns told more exactly. */
export type Narrow<T, Exact> = Omit<T, keyof Exact> & Exact;

/** Where a Firmbase is: the address of the project and its publishable key. */
export interface Project {
  url: string;
  publishableKey: string;
}

export function connect({ url, publishableKey }: Project): Client {
  const client = createClient<Database>(url, publishableKey);
  // supabase-js tells Realtime of every other new token.
  client.auth.onAuthStateChange((event, session) => {
    if (event === "MFA_CHALLENGE_VERIFIED") void client.realtime.setAuth(session?.access_token);
  });
  return client;
}
