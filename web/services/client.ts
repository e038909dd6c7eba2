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
  return createClient<Database>(url, publishableKey);
}
