import {
  type Contract,
  type ContractStatus,
  type ContractsService,
  type ContractValues,
  TRANSITIONS,
} from "./contracts.ts";
import { badValue, notAllowed, ServiceError } from "./errors.ts";
import { newestFirst, stamped } from "./memory/backend.ts";
import type { Caller } from "./memory/caller.ts";
import { check, isLine, list, type Rules } from "./memory/rows.ts";

const RULES: Rules<ContractValues> = {
  title: isLine,
  rate: (value) => value >= 0,
  value_cap: (value) => value >= 0,
  notice_days: (value) => value >= 0 && value <= 3650,
};

export function memoryContracts(caller: Caller): ContractsService {
  const { backend } = caller;
  const { contracts, events } = backend;

  const askSigners = ({ id, firm_id, title }: Contract) => {
    for (const signer of backend.signers.filter((one) => one.contract_id === id)) {
      Object.assign(signer, { token: crypto.randomUUID().replaceAll("-", ""), status: "pending" });
      const about = { address: signer.email, firm_id, kind: "signing_request" };
      backend.mailOf(about, `please sign ${title}`, signer.token);
    }
  };

  const withParties = ({ company_id, consultant_id, ...values }: ContractValues) => {
    const party = (rows: { id: string; name: string }[], id: string | null | undefined) => {
      const { name = "" } = rows.find((row) => row.id === id) ?? {};
      return id ? { id, name } : null;
    };
    return {
      ...values,
      ...(company_id === undefined ? {} : { company: party(backend.companies, company_id) }),
      ...(consultant_id === undefined
        ? {}
        : { consultant: party(backend.consultants, consultant_id) }),
    };
  };

  return {
    async list(firmId, query = {}) {
      const mine = contracts.filter((row) => caller.has(row.firm_id, "viewer"));
      const words = (row: Contract) =>
        [row.title, row.company?.name, row.consultant?.name].filter(Boolean).join(" ");
      return list(mine, firmId, query, words);
    },

    async get(id) {
      return structuredClone(caller.find(contracts, id));
    },

    async add(firmId, values) {
      if (!caller.has(firmId, "member")) throw notAllowed();
      const contract: Contract = {
        starts_on: null,
        ends_on: null,
        rate: null,
        rate_unit: null,
        value_cap: null,
        notice_days: null,
        cancel_by: null,
        reason: null,
        company: null,
        consultant: null,
        ...(withParties(values) as Pick<Contract, "title" | "kind">),
        ...stamped(),
        firm_id: firmId,
        number: 1 + contracts.filter((one) => one.firm_id === firmId).length,
        currency: backend.firms.find((firm) => firm.id === firmId)?.currency ?? "EUR",
        status: "draft",
        archived_at: null,
      };
      checkContract(contract);
      contracts.push(contract);
      backend.record(contract.id, {
        ...{ kind: "created", detail: null, subject: "contract", title: contract.title },
        actor_name: caller.signedIn.name,
      });
      backend.changed("contracts", contract);
      return structuredClone(contract);
    },

    async change(id, values) {
      const contract = caller.find(contracts, id, "member");
      if (contract.status !== "draft") {
        throw new ServiceError(
          "terms_frozen",
          "The terms of a contract cannot change once it has left draft.",
          { hint: "Move it back to draft if nobody signed it yet, or make a new contract." },
        );
      }
      const changed = { ...contract, ...withParties(values) } as Contract;
      checkContract(changed);
      Object.assign(contract, changed);
      backend.changed("contracts", contract);
      return structuredClone(contract);
    },

    async transition(id, to, note) {
      const contract = contracts.find((one) => one.id === id && caller.has(one.firm_id, "viewer"));
      if (!contract) {
        throw new ServiceError("contract_not_found", "There is no such contract.");
      }
      caller.require(contract.firm_id, "manager");
      checkStep(contract, to, note);
      const signers = backend.signers.filter((one) => one.contract_id === id);
      if (to === "signed" && !note?.trim() && signers.some((one) => one.status !== "signed")) {
        throw new ServiceError("signers_pending", "Not everybody has signed yet.", {
          hint: "Wait for them, or say in the note how it was signed otherwise.",
        });
      }
      const step = TRANSITIONS[contract.status].find((one) => one.to === to);
      caller.require(contract.firm_id, step?.role ?? "owner");
      if (to === "terminated") contract.reason = note ?? null;
      backend.move(contract, to, caller.signedIn.name, note);
      if (to === "sent") askSigners(contract);
      return structuredClone(contract);
    },

    async history(id) {
      caller.find(contracts, id);
      return events
        .filter((event) => event.contract_id === id)
        .map(({ contract_id: _, ...event }) => event)
        .sort((a, b) => newestFirst({ created_at: a.at }, { created_at: b.at }));
    },

    watch: (firmId, watcher) =>
      backend.watch(
        "contracts",
        (row) => row.firm_id === firmId && caller.has(firmId, "viewer"),
        (row) => structuredClone(row),
        watcher,
      ),
  };
}

function checkContract(contract: Contract): void {
  check<Contract>(contract, RULES as Rules<Contract>);
  const { kind, company, consultant, starts_on, ends_on, rate, rate_unit } = contract;
  const parties = {
    client_services: company,
    framework: company,
    consultant,
    nda: company ?? consultant,
  };
  if (!parties[kind]) throw badValue("parties");
  if (starts_on && ends_on && ends_on < starts_on) throw badValue("ends_on");
  if ((rate === null) !== (rate_unit === null)) throw badValue("rate");
}

function checkStep(contract: Contract, to: ContractStatus, note: string | undefined): void {
  const { status, starts_on } = contract;
  const steps = TRANSITIONS[status].map((step) => step.to);
  if (!steps.includes(to)) {
    throw new ServiceError(
      "illegal_transition",
      `A contract that is ${status} cannot become ${to}.`,
      {
        hint: steps.length
          ? `It can become: ${steps.join(", ")}.`
          : "Nobody can change it any more.",
      },
    );
  }
  if (to === "terminated" && !note?.trim()) {
    throw new ServiceError("reason_required", "Terminating a contract needs a reason.", {
      hint: "Say why in the note.",
    });
  }
  if (to === "in_review" && !starts_on) {
    throw new ServiceError("start_required", "A contract leaves draft only with a first day.", {
      hint: "Set starts_on.",
    });
  }
}
