import { badValue, notAllowed, ServiceError } from "./errors.ts";
import { type StoredSigner, stamped } from "./memory/backend.ts";
import type { Caller } from "./memory/caller.ts";
import type { Signer, SigningService } from "./signing.ts";

export function memorySigning(caller: Caller): SigningService {
  const { backend } = caller;
  const { signers, contracts } = backend;

  /** The signer behind a token, and the contract, as long as it waits for them. */
  const open = (token: string) => {
    const signer = signers.find((one) => one.token === token);
    const contract = contracts.find((one) => one.id === signer?.contract_id);
    const isDone = contract?.status === "signed" && signer?.status === "signed";
    if (!signer || !contract || (contract.status !== "sent" && !isDone)) {
      throw new ServiceError("link_invalid", "This contract is not waiting for your signature.", {
        hint: "The link may be old: ask whoever sent it for a new one.",
      });
    }
    return { signer, contract };
  };

  return {
    async signers(contractId) {
      const contract = contracts.find((one) => one.id === contractId);
      if (!contract || !caller.has(contract.firm_id, "viewer")) return [];
      return signers.filter((one) => one.contract_id === contractId).map(publicly);
    },

    async addSigner({ id, firm_id }, values) {
      if (!caller.has(firm_id, "manager")) throw notAllowed();
      if (!/^[^\s@]+@[^\s@]+$/.test(values.email)) throw badValue("email");
      const signer: StoredSigner = {
        ...values,
        id: stamped().id,
        status: "pending",
        unreachable_since: null,
        contract_id: id,
        token: null,
      };
      signers.push(signer);
      return publicly(signer);
    },

    async view(token) {
      const { signer, contract } = open(token);
      if (signer.status === "pending") signer.status = "viewed";
      const { number, title, kind, starts_on, ends_on, rate, rate_unit, currency, value_cap } =
        contract;
      return {
        name: signer.name,
        status: signer.status,
        contract_status: contract.status,
        terms: {
          ...{ number, title, kind, starts_on, ends_on, rate, rate_unit, currency, value_cap },
          firm: backend.firms.find((firm) => firm.id === contract.firm_id)?.name ?? "",
          company: contract.company?.name ?? null,
          consultant: contract.consultant?.name ?? null,
        },
      };
    },

    async sign(token, name) {
      const { signer, contract } = open(token);
      if (signer.status === "signed") return contract.status;
      if (!name.trim()) {
        throw new ServiceError("name_required", "Type your name to sign.", {
          hint: "One line, at most 200 characters.",
        });
      }
      signer.status = "signed";
      const all = signers.filter((one) => one.contract_id === contract.id);
      if (all.every((one) => one.status === "signed")) {
        backend.move(contract, "signed", null, "Everybody has signed.");
      }
      return contract.status;
    },

    async decline(token, reason) {
      const { signer, contract } = open(token);
      if (!reason.trim()) {
        throw new ServiceError("reason_required", "Declining needs a reason.", {
          hint: "Say why.",
        });
      }
      signer.status = "declined";
      backend.move(contract, "draft", null, `${signer.name} declined: ${reason}`);
    },
  };
}

function publicly({ contract_id, token, ...signer }: StoredSigner): Signer {
  return signer;
}
