/** How the app writes statuses, dates, numbers. */
import type { Contract } from "@firmbase/services";

const WORDS: Record<string, string> = {
  in_review: "In review",
  on_leave: "On leave",
  client_services: "Client services",
  nda: "NDA",
  processing: "Checking",
  rendering: "Working",
  digest: "The daily mail",
  external_ref: "Reference",
  registration_no: "Registration number",
  tax_id: "Tax ID",
};

export function word(code: string): string {
  return WORDS[code] ?? code.charAt(0).toUpperCase() + code.slice(1).replaceAll("_", " ");
}

const IN_THE_YEAR = { day: "numeric", month: "short" } as const;
const IN_ALL = { ...IN_THE_YEAR, year: "numeric" } as const;
const TIME = { hour: "2-digit", minute: "2-digit" } as const;
const DAY = new Intl.DateTimeFormat("en-GB", { ...IN_ALL, timeZone: "UTC" });
const DAY_HERE = new Intl.DateTimeFormat("en-GB", IN_ALL);
const MOMENT = new Intl.DateTimeFormat("en-GB", { ...IN_THE_YEAR, ...TIME });
const LONG_AGO = new Intl.DateTimeFormat("en-GB", { ...IN_ALL, ...TIME });
const AGO = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

/** A day without a time, as contracts have it. */
export const day = (date: string): string => DAY.format(new Date(date));

/** The day on which something was or will be, where one is. */
export const dayOf = (at: string): string => DAY_HERE.format(new Date(at));

/** “2 min. ago”, and the date where that was more than a day ago. */
export function moment(at: string): string {
  const minutes = Math.round((Date.parse(at) - Date.now()) / 60_000);
  if (minutes > -1) return "just now";
  if (minutes > -60) return AGO.format(minutes, "minute");
  if (minutes > -60 * 24) return AGO.format(Math.round(minutes / 60), "hour");
  const date = new Date(at);
  return (date.getFullYear() === new Date().getFullYear() ? MOMENT : LONG_AGO).format(date);
}

export function period(from: string | null, to: string | null): string {
  if (!from && !to) return "No dates yet";
  return `${from ? day(from) : "Open"} – ${to ? day(to) : "open-ended"}`;
}

export function money(amount: number, currency: string): string {
  const digits = Number.isInteger(amount) ? 0 : 2;
  return new Intl.NumberFormat("en-GB", {
    style: "currency",
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(amount);
}

/** What is paid, and for what. */
export function rate(terms: Pick<Contract, "rate" | "rate_unit" | "currency">): string {
  const { rate: amount, rate_unit, currency } = terms;
  if (amount === null || !rate_unit) return "";
  return `${money(amount, currency)} ${rate_unit === "fixed" ? "fixed" : `/ ${rate_unit}`}`;
}

export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return [words[0], words.length > 1 ? words.at(-1) : ""]
    .map((part) => Array.from(part ?? "")[0] ?? "")
    .join("")
    .toUpperCase();
}
