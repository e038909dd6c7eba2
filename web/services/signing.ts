import type { Client, Narrow, Row } from "./client.ts";
import type { Contract, ContractStatus } from "./contracts.ts";
import { ask } from "./errors.ts";

export const SIGNER_ROLES = ["company", "consultant", "firm"] as const;
export type SignerRole = (typeof SIGNER_ROLES)[number];
export type SignerStatus = "pending" | "viewed" | "signed" | "declined";

/** `unreachable_since`: our mails do not arrive at their address. */
export type Signer = Narrow<
  Pick<Row<"contract_signers">, "id" | "name" | "email" | "role" | "status" | "unreachable_since">,
  { role: SignerRole; status: SignerStatus }
>;

/** What somebody is asked to sign: nothing in it leads any further. */
export interface SigningRequest {
  name: string;
  status: SignerStatus;
  contract_status: ContractStatus;
  terms: Pick<
    Contract,
    "number" | "title" | "kind" | "starts_on" | "ends_on" | "rate" | "rate_unit" | "currency"
  > & { firm: string; company: string | null; consultant: string | null; value_cap: number | null };
}

export interface SigningService {
  signers(contractId: string): Promise<Signer[]>;
  /** Managers; sending the contract asks them all by mail. */
  addSigner(
    contract: Pick<Contract, "id" | "firm_id">,
    signer: { name: string; email: string; role: SignerRole },
  ): Promise<Signer>;
  /** By the token of the mail, without an account. Notes that it was seen. Error: link_invalid. */
  view(token: string): Promise<SigningRequest>;
  /** The contract's status afterwards. Errors: link_invalid, name_required, terms_changed. */
  sign(token: string, name: string): Promise<ContractStatus>;
  /** The contract becomes a draft again. Errors: link_invalid, reason_required. */
  decline(token: string, reason: string): Promise<void>;
}

const COLUMNS = "id, name, email, role, status, unreachable_since";

export function supabaseSigning(client: Client): SigningService {
  const signers = () => client.from("contract_signers");
  return {
    async signers(contractId) {
      const query = signers()
        .select(COLUMNS)
        .eq("contract_id", contractId)
        .is("archived_at", null)
        .order("sign_order")
        .order("created_at");
      return (await ask(query)) as Signer[];
    },

    async addSigner({ id, firm_id }, signer) {
      const row = { ...signer, contract_id: id, firm_id };
      return (await ask(signers().insert(row).select(COLUMNS).single())) as Signer;
    },

    async view(token) {
      return (await ask(client.rpc("view_signing", { token }))) as unknown as SigningRequest;
    },

    async sign(token, name) {
      return (await ask(client.rpc("sign_contract", { token, name }))) as ContractStatus;
    },

    async decline(token, reason) {
      await ask(client.rpc("decline_contract", { token, reason }));
    },
  };
}
