export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  public: {
    Tables: {
      audit_log: {
        Row: {
          action: string;
          actor: string | null;
          at: string;
          columns: string[] | null;
          firm_id: string;
          id: string;
          row_id: string;
          table_name: string;
        };
        ComputedFields: never;
        Insert: {
          action: string;
          actor?: string | null;
          at?: string;
          columns?: string[] | null;
          firm_id: string;
          id?: string;
          row_id: string;
          table_name: string;
        };
        Update: {
          action?: string;
          actor?: string | null;
          at?: string;
          columns?: string[] | null;
          firm_id?: string;
          id?: string;
          row_id?: string;
          table_name?: string;
        };
        Relationships: [
          {
            foreignKeyName: "audit_log_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
        ];
      };
      companies: {
        Row: {
          address: string | null;
          archived_at: string | null;
          country: string | null;
          created_at: string;
          created_by: string | null;
          external_ref: string | null;
          firm_id: string;
          id: string;
          industry: string | null;
          legal_name: string | null;
          name: string;
          owner_id: string | null;
          registration_no: string | null;
          status: string;
          tax_id: string | null;
          updated_at: string;
          updated_by: string | null;
          website: string | null;
        };
        ComputedFields: never;
        Insert: {
          address?: string | null;
          archived_at?: string | null;
          country?: string | null;
          created_at?: string;
          created_by?: string | null;
          external_ref?: string | null;
          firm_id: string;
          id?: string;
          industry?: string | null;
          legal_name?: string | null;
          name: string;
          owner_id?: string | null;
          registration_no?: string | null;
          status?: string;
          tax_id?: string | null;
          updated_at?: string;
          updated_by?: string | null;
          website?: string | null;
        };
        Update: {
          address?: string | null;
          archived_at?: string | null;
          country?: string | null;
          created_at?: string;
          created_by?: string | null;
          external_ref?: string | null;
          firm_id?: string;
          id?: string;
          industry?: string | null;
          legal_name?: string | null;
          name?: string;
          owner_id?: string | null;
          registration_no?: string | null;
          status?: string;
          tax_id?: string | null;
          updated_at?: string;
          updated_by?: string | null;
          website?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "companies_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "companies_owner_id_fkey";
            columns: ["firm_id", "owner_id"];
            isOneToOne: false;
            referencedRelation: "firm_members";
            referencedColumns: ["firm_id", "user_id"];
          },
        ];
      };
      consultant_private: {
        Row: {
          bank_ref: string | null;
          consultant_id: string;
          cost_rate: number | null;
          cost_unit: string | null;
          created_at: string;
          created_by: string | null;
          currency: string | null;
          firm_id: string;
          tax_ref: string | null;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          bank_ref?: string | null;
          consultant_id: string;
          cost_rate?: number | null;
          cost_unit?: string | null;
          created_at?: string;
          created_by?: string | null;
          currency?: string | null;
          firm_id: string;
          tax_ref?: string | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          bank_ref?: string | null;
          consultant_id?: string;
          cost_rate?: number | null;
          cost_unit?: string | null;
          created_at?: string;
          created_by?: string | null;
          currency?: string | null;
          firm_id?: string;
          tax_ref?: string | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "consultant_private_consultant_id_fkey";
            columns: ["firm_id", "consultant_id"];
            isOneToOne: false;
            referencedRelation: "consultants";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "consultant_private_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
        ];
      };
      consultants: {
        Row: {
          archived_at: string | null;
          available_from: string | null;
          created_at: string;
          created_by: string | null;
          email: string | null;
          erased_at: string | null;
          external_ref: string | null;
          firm_id: string;
          headline: string | null;
          id: string;
          kind: string;
          name: string;
          phone: string | null;
          seniority: string | null;
          skills: string[];
          status: string;
          updated_at: string;
          updated_by: string | null;
          user_id: string | null;
        };
        ComputedFields: never;
        Insert: {
          archived_at?: string | null;
          available_from?: string | null;
          created_at?: string;
          created_by?: string | null;
          email?: string | null;
          erased_at?: string | null;
          external_ref?: string | null;
          firm_id: string;
          headline?: string | null;
          id?: string;
          kind?: string;
          name: string;
          phone?: string | null;
          seniority?: string | null;
          skills?: string[];
          status?: string;
          updated_at?: string;
          updated_by?: string | null;
          user_id?: string | null;
        };
        Update: {
          archived_at?: string | null;
          available_from?: string | null;
          created_at?: string;
          created_by?: string | null;
          email?: string | null;
          erased_at?: string | null;
          external_ref?: string | null;
          firm_id?: string;
          headline?: string | null;
          id?: string;
          kind?: string;
          name?: string;
          phone?: string | null;
          seniority?: string | null;
          skills?: string[];
          status?: string;
          updated_at?: string;
          updated_by?: string | null;
          user_id?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "consultants_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "consultants_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      contacts: {
        Row: {
          archived_at: string | null;
          company_id: string;
          created_at: string;
          created_by: string | null;
          email: string | null;
          erased_at: string | null;
          firm_id: string;
          id: string;
          is_primary: boolean;
          name: string;
          phone: string | null;
          position: string | null;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          archived_at?: string | null;
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          email?: string | null;
          erased_at?: string | null;
          firm_id: string;
          id?: string;
          is_primary?: boolean;
          name: string;
          phone?: string | null;
          position?: string | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          archived_at?: string | null;
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          email?: string | null;
          erased_at?: string | null;
          firm_id?: string;
          id?: string;
          is_primary?: boolean;
          name?: string;
          phone?: string | null;
          position?: string | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "contacts_company_id_fkey";
            columns: ["firm_id", "company_id"];
            isOneToOne: false;
            referencedRelation: "companies";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "contacts_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
        ];
      };
      contract_consultants: {
        Row: {
          allocation_pct: number;
          archived_at: string | null;
          bill_rate: number | null;
          bill_unit: string | null;
          consultant_id: string;
          contract_id: string;
          created_at: string;
          created_by: string | null;
          firm_id: string;
          id: string;
          period: unknown;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          allocation_pct?: number;
          archived_at?: string | null;
          bill_rate?: number | null;
          bill_unit?: string | null;
          consultant_id: string;
          contract_id: string;
          created_at?: string;
          created_by?: string | null;
          firm_id: string;
          id?: string;
          period: unknown;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          allocation_pct?: number;
          archived_at?: string | null;
          bill_rate?: number | null;
          bill_unit?: string | null;
          consultant_id?: string;
          contract_id?: string;
          created_at?: string;
          created_by?: string | null;
          firm_id?: string;
          id?: string;
          period?: unknown;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "contract_consultants_consultant_id_fkey";
            columns: ["firm_id", "consultant_id"];
            isOneToOne: false;
            referencedRelation: "consultants";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "contract_consultants_contract_id_fkey";
            columns: ["firm_id", "contract_id"];
            isOneToOne: false;
            referencedRelation: "contracts";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "contract_consultants_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
        ];
      };
      contract_events: {
        Row: {
          actor: string | null;
          at: string;
          contract_id: string;
          firm_id: string;
          from_status: string;
          id: string;
          note: string | null;
          to_status: string;
        };
        ComputedFields: never;
        Insert: {
          actor?: string | null;
          at?: string;
          contract_id: string;
          firm_id: string;
          from_status: string;
          id?: string;
          note?: string | null;
          to_status: string;
        };
        Update: {
          actor?: string | null;
          at?: string;
          contract_id?: string;
          firm_id?: string;
          from_status?: string;
          id?: string;
          note?: string | null;
          to_status?: string;
        };
        Relationships: [
          {
            foreignKeyName: "contract_events_contract_id_fkey";
            columns: ["firm_id", "contract_id"];
            isOneToOne: false;
            referencedRelation: "contracts";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "contract_events_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
        ];
      };
      contract_signers: {
        Row: {
          archived_at: string | null;
          contract_id: string;
          created_at: string;
          created_by: string | null;
          decided_at: string | null;
          email: string;
          firm_id: string;
          id: string;
          name: string;
          reason: string | null;
          role: string;
          sign_order: number;
          signed_name: string | null;
          signed_terms: Json | null;
          status: string;
          unreachable_since: string | null;
          updated_at: string;
          updated_by: string | null;
          viewed_at: string | null;
        };
        ComputedFields: never;
        Insert: {
          archived_at?: string | null;
          contract_id: string;
          created_at?: string;
          created_by?: string | null;
          decided_at?: string | null;
          email: string;
          firm_id: string;
          id?: string;
          name: string;
          reason?: string | null;
          role: string;
          sign_order?: number;
          signed_name?: string | null;
          signed_terms?: Json | null;
          status?: string;
          unreachable_since?: string | null;
          updated_at?: string;
          updated_by?: string | null;
          viewed_at?: string | null;
        };
        Update: {
          archived_at?: string | null;
          contract_id?: string;
          created_at?: string;
          created_by?: string | null;
          decided_at?: string | null;
          email?: string;
          firm_id?: string;
          id?: string;
          name?: string;
          reason?: string | null;
          role?: string;
          sign_order?: number;
          signed_name?: string | null;
          signed_terms?: Json | null;
          status?: string;
          unreachable_since?: string | null;
          updated_at?: string;
          updated_by?: string | null;
          viewed_at?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "contract_signers_contract_id_fkey";
            columns: ["firm_id", "contract_id"];
            isOneToOne: false;
            referencedRelation: "contracts";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "contract_signers_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
        ];
      };
      contracts: {
        Row: {
          amended_from_id: string | null;
          archived_at: string | null;
          auto_renew: boolean;
          cancel_by: string | null;
          company_id: string | null;
          consultant_id: string | null;
          created_at: string;
          created_by: string | null;
          currency: string;
          ends_on: string | null;
          external_ref: string | null;
          firm_id: string;
          id: string;
          kind: string;
          notice_days: number | null;
          number: number;
          parent_id: string | null;
          parent_kind: string | null;
          rate: number | null;
          rate_unit: string | null;
          reason: string | null;
          renewal_months: number | null;
          renewed_from_id: string | null;
          signed_at: string | null;
          starts_on: string | null;
          status: string;
          terminated_at: string | null;
          terminates_on: string | null;
          title: string;
          updated_at: string;
          updated_by: string | null;
          value_cap: number | null;
          version: number;
        };
        ComputedFields: never;
        Insert: {
          amended_from_id?: string | null;
          archived_at?: string | null;
          auto_renew?: boolean;
          cancel_by?: never;
          company_id?: string | null;
          consultant_id?: string | null;
          created_at?: string;
          created_by?: string | null;
          currency: string;
          ends_on?: string | null;
          external_ref?: string | null;
          firm_id: string;
          id?: string;
          kind: string;
          notice_days?: number | null;
          number: number;
          parent_id?: string | null;
          parent_kind?: never;
          rate?: number | null;
          rate_unit?: string | null;
          reason?: string | null;
          renewal_months?: number | null;
          renewed_from_id?: string | null;
          signed_at?: string | null;
          starts_on?: string | null;
          status?: string;
          terminated_at?: string | null;
          terminates_on?: string | null;
          title: string;
          updated_at?: string;
          updated_by?: string | null;
          value_cap?: number | null;
          version?: number;
        };
        Update: {
          amended_from_id?: string | null;
          archived_at?: string | null;
          auto_renew?: boolean;
          cancel_by?: never;
          company_id?: string | null;
          consultant_id?: string | null;
          created_at?: string;
          created_by?: string | null;
          currency?: string;
          ends_on?: string | null;
          external_ref?: string | null;
          firm_id?: string;
          id?: string;
          kind?: string;
          notice_days?: number | null;
          number?: number;
          parent_id?: string | null;
          parent_kind?: never;
          rate?: number | null;
          rate_unit?: string | null;
          reason?: string | null;
          renewal_months?: number | null;
          renewed_from_id?: string | null;
          signed_at?: string | null;
          starts_on?: string | null;
          status?: string;
          terminated_at?: string | null;
          terminates_on?: string | null;
          title?: string;
          updated_at?: string;
          updated_by?: string | null;
          value_cap?: number | null;
          version?: number;
        };
        Relationships: [
          {
            foreignKeyName: "contracts_amended_from_id_fkey";
            columns: ["firm_id", "amended_from_id"];
            isOneToOne: false;
            referencedRelation: "contracts";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "contracts_company_id_fkey";
            columns: ["firm_id", "company_id"];
            isOneToOne: false;
            referencedRelation: "companies";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "contracts_consultant_id_fkey";
            columns: ["firm_id", "consultant_id"];
            isOneToOne: false;
            referencedRelation: "consultants";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "contracts_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "contracts_parent_id_fkey";
            columns: ["firm_id", "parent_id", "parent_kind"];
            isOneToOne: false;
            referencedRelation: "contracts";
            referencedColumns: ["firm_id", "id", "kind"];
          },
          {
            foreignKeyName: "contracts_renewed_from_id_fkey";
            columns: ["firm_id", "renewed_from_id"];
            isOneToOne: false;
            referencedRelation: "contracts";
            referencedColumns: ["firm_id", "id"];
          },
        ];
      };
      emails: {
        Row: {
          attempts: number;
          created_at: string;
          dedupe_key: string;
          error: string | null;
          event: string;
          firm_id: string;
          id: string;
          message_id: string | null;
          params: NonNullable<Json>;
          sent_at: string | null;
          status: string;
          subject: string;
          to_address: string;
        };
        ComputedFields: never;
        Insert: {
          attempts?: number;
          created_at?: string;
          dedupe_key: string;
          error?: string | null;
          event: string;
          firm_id: string;
          id?: string;
          message_id?: string | null;
          params?: NonNullable<Json>;
          sent_at?: string | null;
          status?: string;
          subject: string;
          to_address: string;
        };
        Update: {
          attempts?: number;
          created_at?: string;
          dedupe_key?: string;
          error?: string | null;
          event?: string;
          firm_id?: string;
          id?: string;
          message_id?: string | null;
          params?: NonNullable<Json>;
          sent_at?: string | null;
          status?: string;
          subject?: string;
          to_address?: string;
        };
        Relationships: [
          {
            foreignKeyName: "emails_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
        ];
      };
      erasures: {
        Row: {
          consultant_id: string | null;
          contact_id: string | null;
          erased_at: string;
          erased_by: string | null;
          firm_id: string;
          id: string;
          kept: NonNullable<Json>;
          look_again_on: string | null;
          mentions: NonNullable<Json>;
          merged_ids: string[];
          note: string;
          released_on: string | null;
          removed: NonNullable<Json>;
        };
        ComputedFields: never;
        Insert: {
          consultant_id?: string | null;
          contact_id?: string | null;
          erased_at?: string;
          erased_by?: string | null;
          firm_id: string;
          id?: string;
          kept: NonNullable<Json>;
          look_again_on?: string | null;
          mentions: NonNullable<Json>;
          merged_ids?: string[];
          note: string;
          released_on?: string | null;
          removed: NonNullable<Json>;
        };
        Update: {
          consultant_id?: string | null;
          contact_id?: string | null;
          erased_at?: string;
          erased_by?: string | null;
          firm_id?: string;
          id?: string;
          kept?: NonNullable<Json>;
          look_again_on?: string | null;
          mentions?: NonNullable<Json>;
          merged_ids?: string[];
          note?: string;
          released_on?: string | null;
          removed?: NonNullable<Json>;
        };
        Relationships: [
          {
            foreignKeyName: "erasures_consultant_id_fkey";
            columns: ["firm_id", "consultant_id"];
            isOneToOne: false;
            referencedRelation: "consultants";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "erasures_contact_id_fkey";
            columns: ["firm_id", "contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "erasures_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
        ];
      };
      file_accesses: {
        Row: {
          file_id: string;
          firm_id: string;
          id: string;
          opened_at: string;
          user_id: string;
        };
        ComputedFields: never;
        Insert: {
          file_id: string;
          firm_id: string;
          id?: string;
          opened_at?: string;
          user_id: string;
        };
        Update: {
          file_id?: string;
          firm_id?: string;
          id?: string;
          opened_at?: string;
          user_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "file_accesses_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
        ];
      };
      file_releases: {
        Row: {
          file_id: string;
          firm_id: string;
          id: string;
          note: string;
          reason: string;
          released_at: string;
          released_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          file_id: string;
          firm_id: string;
          id?: string;
          note: string;
          reason: string;
          released_at?: string;
          released_by?: string | null;
        };
        Update: {
          file_id?: string;
          firm_id?: string;
          id?: string;
          note?: string;
          reason?: string;
          released_at?: string;
          released_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "file_releases_file_id_fkey";
            columns: ["firm_id", "file_id"];
            isOneToOne: false;
            referencedRelation: "files";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "file_releases_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
        ];
      };
      files: {
        Row: {
          archived_at: string | null;
          bucket: string;
          company_id: string | null;
          consultant_id: string | null;
          contact_id: string | null;
          contract_id: string | null;
          created_at: string;
          created_by: string | null;
          detail: string | null;
          firm_id: string;
          hints: NonNullable<Json>;
          id: string;
          is_current: boolean;
          language: string | null;
          metadata: NonNullable<Json>;
          mime: string;
          name: string;
          page_count: number | null;
          path: string;
          preview_count: number;
          ready_at: string | null;
          reason: string | null;
          scanned_with: string | null;
          series_id: string;
          sha256: string | null;
          size_bytes: number;
          status: string;
          text: string | null;
          thumbnail_path: string | null;
          updated_at: string;
          updated_by: string | null;
          upload_expires_at: string;
          version: number;
          visibility: string;
          word_count: number | null;
        };
        ComputedFields: never;
        Insert: {
          archived_at?: string | null;
          bucket?: string;
          company_id?: string | null;
          consultant_id?: string | null;
          contact_id?: string | null;
          contract_id?: string | null;
          created_at?: string;
          created_by?: string | null;
          detail?: string | null;
          firm_id: string;
          hints?: NonNullable<Json>;
          id?: string;
          is_current?: boolean;
          language?: string | null;
          metadata?: NonNullable<Json>;
          mime: string;
          name: string;
          page_count?: number | null;
          path: string;
          preview_count?: number;
          ready_at?: string | null;
          reason?: string | null;
          scanned_with?: string | null;
          series_id: string;
          sha256?: string | null;
          size_bytes: number;
          status?: string;
          text?: string | null;
          thumbnail_path?: string | null;
          updated_at?: string;
          updated_by?: string | null;
          upload_expires_at?: string;
          version?: number;
          visibility?: string;
          word_count?: number | null;
        };
        Update: {
          archived_at?: string | null;
          bucket?: string;
          company_id?: string | null;
          consultant_id?: string | null;
          contact_id?: string | null;
          contract_id?: string | null;
          created_at?: string;
          created_by?: string | null;
          detail?: string | null;
          firm_id?: string;
          hints?: NonNullable<Json>;
          id?: string;
          is_current?: boolean;
          language?: string | null;
          metadata?: NonNullable<Json>;
          mime?: string;
          name?: string;
          page_count?: number | null;
          path?: string;
          preview_count?: number;
          ready_at?: string | null;
          reason?: string | null;
          scanned_with?: string | null;
          series_id?: string;
          sha256?: string | null;
          size_bytes?: number;
          status?: string;
          text?: string | null;
          thumbnail_path?: string | null;
          updated_at?: string;
          updated_by?: string | null;
          upload_expires_at?: string;
          version?: number;
          visibility?: string;
          word_count?: number | null;
        };
        Relationships: [
          {
            foreignKeyName: "files_company_id_fkey";
            columns: ["firm_id", "company_id"];
            isOneToOne: false;
            referencedRelation: "companies";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "files_consultant_id_fkey";
            columns: ["firm_id", "consultant_id"];
            isOneToOne: false;
            referencedRelation: "consultants";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "files_contact_id_fkey";
            columns: ["firm_id", "contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "files_contract_id_fkey";
            columns: ["firm_id", "contract_id"];
            isOneToOne: false;
            referencedRelation: "contracts";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "files_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "files_series_id_fkey";
            columns: ["firm_id", "series_id"];
            isOneToOne: false;
            referencedRelation: "files";
            referencedColumns: ["firm_id", "id"];
          },
        ];
      };
      firm_exports: {
        Row: {
          created_at: string;
          detail: string | null;
          error: string | null;
          expires_at: string;
          finished_at: string | null;
          firm_id: string;
          id: string;
          part_count: number;
          parts: NonNullable<Json>;
          progress: number;
          requested_by: string | null;
          status: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          detail?: string | null;
          error?: string | null;
          expires_at?: string;
          finished_at?: string | null;
          firm_id: string;
          id?: string;
          part_count?: number;
          parts?: NonNullable<Json>;
          progress?: number;
          requested_by?: string | null;
          status?: string;
        };
        Update: {
          created_at?: string;
          detail?: string | null;
          error?: string | null;
          expires_at?: string;
          finished_at?: string | null;
          firm_id?: string;
          id?: string;
          part_count?: number;
          parts?: NonNullable<Json>;
          progress?: number;
          requested_by?: string | null;
          status?: string;
        };
        Relationships: [
          {
            foreignKeyName: "firm_exports_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "firm_exports_requested_by_fkey";
            columns: ["requested_by"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      firm_members: {
        Row: {
          created_at: string;
          created_by: string | null;
          firm_id: string;
          role: string;
          status: string;
          updated_at: string;
          updated_by: string | null;
          user_id: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          created_by?: string | null;
          firm_id: string;
          role: string;
          status?: string;
          updated_at?: string;
          updated_by?: string | null;
          user_id: string;
        };
        Update: {
          created_at?: string;
          created_by?: string | null;
          firm_id?: string;
          role?: string;
          status?: string;
          updated_at?: string;
          updated_by?: string | null;
          user_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "firm_members_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "firm_members_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      firms: {
        Row: {
          archived_at: string | null;
          brand_color: string | null;
          created_at: string;
          created_by: string | null;
          currency: string;
          id: string;
          locale: string;
          name: string;
          require_mfa: boolean;
          seat_limit: number;
          settings: NonNullable<Json>;
          slug: string;
          status: string;
          storage_quota_bytes: number;
          timezone: string;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          archived_at?: string | null;
          brand_color?: string | null;
          created_at?: string;
          created_by?: string | null;
          currency?: string;
          id?: string;
          locale?: string;
          name: string;
          require_mfa?: boolean;
          seat_limit?: number;
          settings?: NonNullable<Json>;
          slug: string;
          status?: string;
          storage_quota_bytes?: number;
          timezone?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          archived_at?: string | null;
          brand_color?: string | null;
          created_at?: string;
          created_by?: string | null;
          currency?: string;
          id?: string;
          locale?: string;
          name?: string;
          require_mfa?: boolean;
          seat_limit?: number;
          settings?: NonNullable<Json>;
          slug?: string;
          status?: string;
          storage_quota_bytes?: number;
          timezone?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [];
      };
      imports: {
        Row: {
          bucket: string;
          by_operator: boolean;
          columns: NonNullable<Json>;
          created_at: string;
          created_count: number;
          detail: string | null;
          dry_run: boolean;
          errors_path: string | null;
          failed_count: number;
          finished_at: string | null;
          firm_id: string;
          id: string;
          kind: string;
          mapping: NonNullable<Json>;
          name: string;
          path: string;
          progress: number;
          reason: string | null;
          requested_by: string | null;
          row_count: number | null;
          rows_done: number;
          run: number;
          second_factor: boolean;
          size_bytes: number;
          status: string;
          unchanged_count: number;
          updated_count: number;
          upload_expires_at: string;
        };
        ComputedFields: never;
        Insert: {
          bucket?: string;
          by_operator?: boolean;
          columns?: NonNullable<Json>;
          created_at?: string;
          created_count?: number;
          detail?: string | null;
          dry_run?: boolean;
          errors_path?: string | null;
          failed_count?: number;
          finished_at?: string | null;
          firm_id: string;
          id?: string;
          kind: string;
          mapping?: NonNullable<Json>;
          name: string;
          path: string;
          progress?: number;
          reason?: string | null;
          requested_by?: string | null;
          row_count?: number | null;
          rows_done?: number;
          run?: number;
          second_factor?: boolean;
          size_bytes: number;
          status?: string;
          unchanged_count?: number;
          updated_count?: number;
          upload_expires_at?: string;
        };
        Update: {
          bucket?: string;
          by_operator?: boolean;
          columns?: NonNullable<Json>;
          created_at?: string;
          created_count?: number;
          detail?: string | null;
          dry_run?: boolean;
          errors_path?: string | null;
          failed_count?: number;
          finished_at?: string | null;
          firm_id?: string;
          id?: string;
          kind?: string;
          mapping?: NonNullable<Json>;
          name?: string;
          path?: string;
          progress?: number;
          reason?: string | null;
          requested_by?: string | null;
          row_count?: number | null;
          rows_done?: number;
          run?: number;
          second_factor?: boolean;
          size_bytes?: number;
          status?: string;
          unchanged_count?: number;
          updated_count?: number;
          upload_expires_at?: string;
        };
        Relationships: [
          {
            foreignKeyName: "imports_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "imports_requested_by_fkey";
            columns: ["requested_by"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      invitations: {
        Row: {
          accepted_at: string | null;
          accepted_by: string | null;
          created_at: string;
          created_by: string | null;
          email: string;
          expires_at: string;
          firm_id: string;
          id: string;
          invited_by: string | null;
          revoked_at: string | null;
          role: string;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          accepted_at?: string | null;
          accepted_by?: string | null;
          created_at?: string;
          created_by?: string | null;
          email: string;
          expires_at: string;
          firm_id: string;
          id?: string;
          invited_by?: string | null;
          revoked_at?: string | null;
          role: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          accepted_at?: string | null;
          accepted_by?: string | null;
          created_at?: string;
          created_by?: string | null;
          email?: string;
          expires_at?: string;
          firm_id?: string;
          id?: string;
          invited_by?: string | null;
          revoked_at?: string | null;
          role?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "invitations_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
        ];
      };
      merge_log: {
        Row: {
          filled: string[];
          firm_id: string;
          id: string;
          kept_company_id: string | null;
          kept_consultant_id: string | null;
          merged_at: string;
          merged_by: string | null;
          merged_company_id: string | null;
          merged_consultant_id: string | null;
          moved: NonNullable<Json>;
          undone_at: string | null;
          undone_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          filled: string[];
          firm_id: string;
          id?: string;
          kept_company_id?: string | null;
          kept_consultant_id?: string | null;
          merged_at?: string;
          merged_by?: string | null;
          merged_company_id?: string | null;
          merged_consultant_id?: string | null;
          moved: NonNullable<Json>;
          undone_at?: string | null;
          undone_by?: string | null;
        };
        Update: {
          filled?: string[];
          firm_id?: string;
          id?: string;
          kept_company_id?: string | null;
          kept_consultant_id?: string | null;
          merged_at?: string;
          merged_by?: string | null;
          merged_company_id?: string | null;
          merged_consultant_id?: string | null;
          moved?: NonNullable<Json>;
          undone_at?: string | null;
          undone_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "merge_log_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "merge_log_kept_company_id_fkey";
            columns: ["firm_id", "kept_company_id"];
            isOneToOne: false;
            referencedRelation: "companies";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "merge_log_kept_consultant_id_fkey";
            columns: ["firm_id", "kept_consultant_id"];
            isOneToOne: false;
            referencedRelation: "consultants";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "merge_log_merged_company_id_fkey";
            columns: ["firm_id", "merged_company_id"];
            isOneToOne: false;
            referencedRelation: "companies";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "merge_log_merged_consultant_id_fkey";
            columns: ["firm_id", "merged_consultant_id"];
            isOneToOne: false;
            referencedRelation: "consultants";
            referencedColumns: ["firm_id", "id"];
          },
        ];
      };
      notes: {
        Row: {
          archived_at: string | null;
          body: string;
          company_id: string | null;
          consultant_id: string | null;
          contact_id: string | null;
          contract_id: string | null;
          created_at: string;
          created_by: string | null;
          firm_id: string;
          id: string;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          archived_at?: string | null;
          body: string;
          company_id?: string | null;
          consultant_id?: string | null;
          contact_id?: string | null;
          contract_id?: string | null;
          created_at?: string;
          created_by?: string | null;
          firm_id: string;
          id?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          archived_at?: string | null;
          body?: string;
          company_id?: string | null;
          consultant_id?: string | null;
          contact_id?: string | null;
          contract_id?: string | null;
          created_at?: string;
          created_by?: string | null;
          firm_id?: string;
          id?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "notes_company_id_fkey";
            columns: ["firm_id", "company_id"];
            isOneToOne: false;
            referencedRelation: "companies";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "notes_consultant_id_fkey";
            columns: ["firm_id", "consultant_id"];
            isOneToOne: false;
            referencedRelation: "consultants";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "notes_contact_id_fkey";
            columns: ["firm_id", "contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "notes_contract_id_fkey";
            columns: ["firm_id", "contract_id"];
            isOneToOne: false;
            referencedRelation: "contracts";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "notes_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
        ];
      };
      notification_preferences: {
        Row: {
          created_at: string;
          created_by: string | null;
          delivery: string;
          firm_id: string;
          id: string;
          kind: string;
          updated_at: string;
          updated_by: string | null;
          user_id: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          created_by?: string | null;
          delivery: string;
          firm_id: string;
          id?: string;
          kind: string;
          updated_at?: string;
          updated_by?: string | null;
          user_id?: string;
        };
        Update: {
          created_at?: string;
          created_by?: string | null;
          delivery?: string;
          firm_id?: string;
          id?: string;
          kind?: string;
          updated_at?: string;
          updated_by?: string | null;
          user_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "notification_preferences_member_fkey";
            columns: ["firm_id", "user_id"];
            isOneToOne: false;
            referencedRelation: "firm_members";
            referencedColumns: ["firm_id", "user_id"];
          },
        ];
      };
      notifications: {
        Row: {
          body: string;
          created_at: string;
          dedupe_key: string;
          delivery: string;
          digested_at: string | null;
          firm_id: string;
          id: string;
          kind: string;
          link: string;
          read_at: string | null;
          title: string;
          user_id: string;
        };
        ComputedFields: never;
        Insert: {
          body?: string;
          created_at?: string;
          dedupe_key: string;
          delivery?: string;
          digested_at?: string | null;
          firm_id: string;
          id?: string;
          kind: string;
          link: string;
          read_at?: string | null;
          title: string;
          user_id: string;
        };
        Update: {
          body?: string;
          created_at?: string;
          dedupe_key?: string;
          delivery?: string;
          digested_at?: string | null;
          firm_id?: string;
          id?: string;
          kind?: string;
          link?: string;
          read_at?: string | null;
          title?: string;
          user_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "notifications_member_fkey";
            columns: ["firm_id", "user_id"];
            isOneToOne: false;
            referencedRelation: "firm_members";
            referencedColumns: ["firm_id", "user_id"];
          },
        ];
      };
      profiles: {
        Row: {
          avatar_path: string | null;
          created_at: string;
          email: string | null;
          full_name: string;
          id: string;
          locale: string;
          timezone: string;
          updated_at: string;
        };
        ComputedFields: never;
        Insert: {
          avatar_path?: string | null;
          created_at?: string;
          email?: string | null;
          full_name?: string;
          id: string;
          locale?: string;
          timezone?: string;
          updated_at?: string;
        };
        Update: {
          avatar_path?: string | null;
          created_at?: string;
          email?: string | null;
          full_name?: string;
          id?: string;
          locale?: string;
          timezone?: string;
          updated_at?: string;
        };
        Relationships: [];
      };
      reports: {
        Row: {
          created_at: string;
          detail: string | null;
          error: string | null;
          finished_at: string | null;
          firm_id: string;
          format: string;
          id: string;
          kind: string;
          params: NonNullable<Json>;
          path: string | null;
          progress: number;
          requested_by: string | null;
          size_bytes: number | null;
          status: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          detail?: string | null;
          error?: string | null;
          finished_at?: string | null;
          firm_id: string;
          format: string;
          id?: string;
          kind: string;
          params?: NonNullable<Json>;
          path?: string | null;
          progress?: number;
          requested_by?: string | null;
          size_bytes?: number | null;
          status?: string;
        };
        Update: {
          created_at?: string;
          detail?: string | null;
          error?: string | null;
          finished_at?: string | null;
          firm_id?: string;
          format?: string;
          id?: string;
          kind?: string;
          params?: NonNullable<Json>;
          path?: string | null;
          progress?: number;
          requested_by?: string | null;
          size_bytes?: number | null;
          status?: string;
        };
        Relationships: [
          {
            foreignKeyName: "reports_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "reports_requested_by_fkey";
            columns: ["requested_by"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      saved_views: {
        Row: {
          archived_at: string | null;
          created_at: string;
          created_by: string | null;
          definition: NonNullable<Json>;
          entity: string;
          firm_id: string;
          id: string;
          name: string;
          shared: boolean;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          archived_at?: string | null;
          created_at?: string;
          created_by?: string | null;
          definition?: NonNullable<Json>;
          entity: string;
          firm_id: string;
          id?: string;
          name: string;
          shared?: boolean;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          archived_at?: string | null;
          created_at?: string;
          created_by?: string | null;
          definition?: NonNullable<Json>;
          entity?: string;
          firm_id?: string;
          id?: string;
          name?: string;
          shared?: boolean;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "saved_views_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
        ];
      };
      taggings: {
        Row: {
          archived_at: string | null;
          company_id: string | null;
          consultant_id: string | null;
          contact_id: string | null;
          contract_id: string | null;
          created_at: string;
          created_by: string | null;
          firm_id: string;
          id: string;
          tag_id: string;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          archived_at?: string | null;
          company_id?: string | null;
          consultant_id?: string | null;
          contact_id?: string | null;
          contract_id?: string | null;
          created_at?: string;
          created_by?: string | null;
          firm_id: string;
          id?: string;
          tag_id: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          archived_at?: string | null;
          company_id?: string | null;
          consultant_id?: string | null;
          contact_id?: string | null;
          contract_id?: string | null;
          created_at?: string;
          created_by?: string | null;
          firm_id?: string;
          id?: string;
          tag_id?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "taggings_company_id_fkey";
            columns: ["firm_id", "company_id"];
            isOneToOne: false;
            referencedRelation: "companies";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "taggings_consultant_id_fkey";
            columns: ["firm_id", "consultant_id"];
            isOneToOne: false;
            referencedRelation: "consultants";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "taggings_contact_id_fkey";
            columns: ["firm_id", "contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "taggings_contract_id_fkey";
            columns: ["firm_id", "contract_id"];
            isOneToOne: false;
            referencedRelation: "contracts";
            referencedColumns: ["firm_id", "id"];
          },
          {
            foreignKeyName: "taggings_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "taggings_tag_id_fkey";
            columns: ["firm_id", "tag_id"];
            isOneToOne: false;
            referencedRelation: "tags";
            referencedColumns: ["firm_id", "id"];
          },
        ];
      };
      tags: {
        Row: {
          archived_at: string | null;
          color: string | null;
          created_at: string;
          created_by: string | null;
          firm_id: string;
          id: string;
          name: string;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          archived_at?: string | null;
          color?: string | null;
          created_at?: string;
          created_by?: string | null;
          firm_id: string;
          id?: string;
          name: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          archived_at?: string | null;
          color?: string | null;
          created_at?: string;
          created_by?: string | null;
          firm_id?: string;
          id?: string;
          name?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "tags_firm_id_fkey";
            columns: ["firm_id"];
            isOneToOne: false;
            referencedRelation: "firms";
            referencedColumns: ["id"];
          },
        ];
      };
    };
    Views: {
      [_ in never]: never;
    };
    Functions: {
      accept_invitation: {
        Args: { token: string };
        Returns: {
          created_at: string;
          created_by: string | null;
          firm_id: string;
          role: string;
          status: string;
          updated_at: string;
          updated_by: string | null;
          user_id: string;
        };
        SetofOptions: {
          from: "*";
          to: "firm_members";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      access_review: {
        Args: { entity?: string; firm_id: string; id?: string };
        Returns: {
          email: string;
          expires_at: string;
          last_sign_in_at: string;
          person: string;
          role: string;
          second_factor: boolean;
          sees: string;
          since: string;
          status: string;
          user_id: string;
          via: string;
        }[];
      };
      allow_address: { Args: { address: string }; Returns: number };
      amend_contract: {
        Args: { id: string };
        Returns: {
          amended_from_id: string | null;
          archived_at: string | null;
          auto_renew: boolean;
          cancel_by: string | null;
          company_id: string | null;
          consultant_id: string | null;
          created_at: string;
          created_by: string | null;
          currency: string;
          ends_on: string | null;
          external_ref: string | null;
          firm_id: string;
          id: string;
          kind: string;
          notice_days: number | null;
          number: number;
          parent_id: string | null;
          parent_kind: string | null;
          rate: number | null;
          rate_unit: string | null;
          reason: string | null;
          renewal_months: number | null;
          renewed_from_id: string | null;
          signed_at: string | null;
          starts_on: string | null;
          status: string;
          terminated_at: string | null;
          terminates_on: string | null;
          title: string;
          updated_at: string;
          updated_by: string | null;
          value_cap: number | null;
          version: number;
        };
        SetofOptions: {
          from: "*";
          to: "contracts";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      archive_firm: { Args: { firm_id: string }; Returns: undefined };
      begin_email: { Args: { email_id: string; message_domain: string }; Returns: Json };
      begin_export: { Args: { export_id: string }; Returns: Json };
      begin_file: { Args: { file_id: string }; Returns: Json };
      begin_import: {
        Args: { firm_id: string; kind: string; mapping?: Json; name: string; size_bytes: number };
        Returns: {
          bucket: string;
          by_operator: boolean;
          columns: NonNullable<Json>;
          created_at: string;
          created_count: number;
          detail: string | null;
          dry_run: boolean;
          errors_path: string | null;
          failed_count: number;
          finished_at: string | null;
          firm_id: string;
          id: string;
          kind: string;
          mapping: NonNullable<Json>;
          name: string;
          path: string;
          progress: number;
          reason: string | null;
          requested_by: string | null;
          row_count: number | null;
          rows_done: number;
          run: number;
          second_factor: boolean;
          size_bytes: number;
          status: string;
          unchanged_count: number;
          updated_count: number;
          upload_expires_at: string;
        };
        SetofOptions: {
          from: "*";
          to: "imports";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      begin_import_for_operator: {
        Args: { firm_id: string; kind: string; mapping?: Json; name: string; size_bytes: number };
        Returns: {
          bucket: string;
          by_operator: boolean;
          columns: NonNullable<Json>;
          created_at: string;
          created_count: number;
          detail: string | null;
          dry_run: boolean;
          errors_path: string | null;
          failed_count: number;
          finished_at: string | null;
          firm_id: string;
          id: string;
          kind: string;
          mapping: NonNullable<Json>;
          name: string;
          path: string;
          progress: number;
          reason: string | null;
          requested_by: string | null;
          row_count: number | null;
          rows_done: number;
          run: number;
          second_factor: boolean;
          size_bytes: number;
          status: string;
          unchanged_count: number;
          updated_count: number;
          upload_expires_at: string;
        };
        SetofOptions: {
          from: "*";
          to: "imports";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      begin_import_run: { Args: { import_id: string; run: number }; Returns: Json };
      begin_report: { Args: { report_id: string }; Returns: Json };
      begin_rescan: { Args: { file_id: string }; Returns: Json };
      begin_upload: {
        Args: {
          allow_duplicate?: boolean;
          company_id?: string;
          consultant_id?: string;
          contact_id?: string;
          contract_id?: string;
          firm_id: string;
          mime: string;
          name: string;
          replaces?: string;
          sha256?: string;
          size_bytes: number;
          visibility?: string;
        };
        Returns: {
          archived_at: string | null;
          bucket: string;
          company_id: string | null;
          consultant_id: string | null;
          contact_id: string | null;
          contract_id: string | null;
          created_at: string;
          created_by: string | null;
          detail: string | null;
          firm_id: string;
          hints: NonNullable<Json>;
          id: string;
          is_current: boolean;
          language: string | null;
          metadata: NonNullable<Json>;
          mime: string;
          name: string;
          page_count: number | null;
          path: string;
          preview_count: number;
          ready_at: string | null;
          reason: string | null;
          scanned_with: string | null;
          series_id: string;
          sha256: string | null;
          size_bytes: number;
          status: string;
          text: string | null;
          thumbnail_path: string | null;
          updated_at: string;
          updated_by: string | null;
          upload_expires_at: string;
          version: number;
          visibility: string;
          word_count: number | null;
        };
        SetofOptions: {
          from: "*";
          to: "files";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      bulk_edit: { Args: { changes: Json; entity: string; ids: string[] }; Returns: Json };
      cancel_import: { Args: { import_id: string }; Returns: undefined };
      cancel_import_for_operator: { Args: { import_id: string }; Returns: undefined };
      cancel_upload: { Args: { file_id: string }; Returns: undefined };
      change_role: {
        Args: { firm_id: string; role: string; user_id: string };
        Returns: {
          created_at: string;
          created_by: string | null;
          firm_id: string;
          role: string;
          status: string;
          updated_at: string;
          updated_by: string | null;
          user_id: string;
        };
        SetofOptions: {
          from: "*";
          to: "firm_members";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      create_firm: {
        Args: { currency?: string; locale?: string; name: string; slug: string; timezone?: string };
        Returns: {
          archived_at: string | null;
          brand_color: string | null;
          created_at: string;
          created_by: string | null;
          currency: string;
          id: string;
          locale: string;
          name: string;
          require_mfa: boolean;
          seat_limit: number;
          settings: NonNullable<Json>;
          slug: string;
          status: string;
          storage_quota_bytes: number;
          timezone: string;
          updated_at: string;
          updated_by: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "firms";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      decline_contract: {
        Args: { contract_id?: string; reason: string; token?: string };
        Returns: string;
      };
      delete_account: { Args: Record<PropertyKey, never>; Returns: undefined };
      describe_import: {
        Args: { columns: Json; import_id: string; row_count: number; run: number };
        Returns: undefined;
      };
      doomed_objects: {
        Args: { max_rows?: number };
        Returns: {
          bucket: string;
          path: string;
        }[];
      };
      erase_consultant: {
        Args: { id: string; note: string };
        Returns: {
          consultant_id: string | null;
          contact_id: string | null;
          erased_at: string;
          erased_by: string | null;
          firm_id: string;
          id: string;
          kept: NonNullable<Json>;
          look_again_on: string | null;
          mentions: NonNullable<Json>;
          merged_ids: string[];
          note: string;
          released_on: string | null;
          removed: NonNullable<Json>;
        };
        SetofOptions: {
          from: "*";
          to: "erasures";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      erase_contact: {
        Args: { id: string; note: string };
        Returns: {
          consultant_id: string | null;
          contact_id: string | null;
          erased_at: string;
          erased_by: string | null;
          firm_id: string;
          id: string;
          kept: NonNullable<Json>;
          look_again_on: string | null;
          mentions: NonNullable<Json>;
          merged_ids: string[];
          note: string;
          released_on: string | null;
          removed: NonNullable<Json>;
        };
        SetofOptions: {
          from: "*";
          to: "erasures";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      export_firm: { Args: { firm_id: string }; Returns: string };
      export_firm_for_operator: { Args: { firm_id: string }; Returns: string };
      file_orphans: {
        Args: { max_rows?: number; of_firm?: string };
        Returns: {
          bucket: string;
          bytes: number;
          file_id: string;
          firm_id: string;
          kind: string;
          path: string;
          since: string;
          status: string;
        }[];
      };
      file_usage: {
        Args: { firm_id?: string };
        Returns: {
          bytes: number;
          documents: number;
          firm: string;
          id: string;
          quarantined: number;
          quota: number;
          versions: number;
        }[];
      };
      finish_email: { Args: { email_id: string }; Returns: undefined };
      finish_export: { Args: { export_id: string; parts: Json }; Returns: undefined };
      finish_file: {
        Args: { detail?: string; file_id: string; reason?: string; result?: Json; status: string };
        Returns: undefined;
      };
      finish_import: {
        Args: {
          detail?: string;
          has_errors?: boolean;
          import_id: string;
          reason?: string;
          run: number;
        };
        Returns: undefined;
      };
      finish_report: { Args: { report_id: string; size_bytes: number }; Returns: undefined };
      finish_upload: {
        Args: { file_id: string };
        Returns: {
          archived_at: string | null;
          bucket: string;
          company_id: string | null;
          consultant_id: string | null;
          contact_id: string | null;
          contract_id: string | null;
          created_at: string;
          created_by: string | null;
          detail: string | null;
          firm_id: string;
          hints: NonNullable<Json>;
          id: string;
          is_current: boolean;
          language: string | null;
          metadata: NonNullable<Json>;
          mime: string;
          name: string;
          page_count: number | null;
          path: string;
          preview_count: number;
          ready_at: string | null;
          reason: string | null;
          scanned_with: string | null;
          series_id: string;
          sha256: string | null;
          size_bytes: number;
          status: string;
          text: string | null;
          thumbnail_path: string | null;
          updated_at: string;
          updated_by: string | null;
          upload_expires_at: string;
          version: number;
          visibility: string;
          word_count: number | null;
        };
        SetofOptions: {
          from: "*";
          to: "files";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      firm_usage: {
        Args: { after_slug?: string; max_rows?: number; of_firm?: string };
        Returns: {
          archived_at: string;
          contracts: number;
          database_bytes: number;
          file_bytes: number;
          files: number;
          firm_id: string;
          jobs: number;
          mails: number;
          members: number;
          name: string;
          object_bytes: number;
          quota: number;
          row_count: number;
          slug: string;
        }[];
      };
      forget_objects: { Args: { bucket: string; paths: string[] }; Returns: undefined };
      import_errors: {
        Args: { after?: number; import_id: string; max_rows?: number; run: number };
        Returns: {
          code: string;
          detail: string;
          field: string;
          id: number;
          line: number;
          value: string;
        }[];
      };
      import_rows: {
        Args: {
          fields: string[];
          first: number;
          import_id: string;
          refused?: Json;
          rows: Json;
          run: number;
          size: number;
        };
        Returns: Json;
      };
      invite_member: {
        Args: { email: string; firm_id: string; role: string };
        Returns: Record<string, unknown>;
      };
      jobs_cancel: { Args: { id: string }; Returns: undefined };
      jobs_children: {
        Args: { parent: string };
        Returns: {
          code: string;
          error: string;
          id: string;
          kind: string;
          result: Json;
          state: string;
        }[];
      };
      jobs_clock: {
        Args: Record<PropertyKey, never>;
        Returns: {
          faults: Json;
          ticked_at: string;
        }[];
      };
      jobs_controls: { Args: Record<PropertyKey, never>; Returns: Json };
      jobs_dead: {
        Args: {
          code?: string;
          died_before?: string;
          firm_id?: string;
          kind?: string;
          max_rows?: number;
        };
        Returns: Json;
      };
      jobs_enqueue: {
        Args: {
          delay_s?: number;
          firm_id?: string;
          firm_ids?: string[];
          if_queued?: string;
          kind: string;
          payloads?: Json;
          priority?: string;
          unique_for_s?: number;
          unique_key?: string;
        };
        Returns: number[];
      };
      jobs_limit: { Args: { kind: string; limits: Json }; Returns: undefined };
      jobs_list: {
        Args: {
          firm_id?: string;
          kind?: string;
          max_rows?: number;
          parent?: string;
          state?: string;
        };
        Returns: {
          attempts: number;
          due_at: string;
          enqueued_at: string;
          error: string;
          firm_id: string;
          id: string;
          kind: string;
          progress: Json;
          state: string;
        }[];
      };
      jobs_pause: { Args: { paused?: boolean; target: string }; Returns: undefined };
      jobs_purge: {
        Args: {
          code?: string;
          died_before?: string;
          firm_id?: string;
          kind?: string;
          max_jobs?: number;
        };
        Returns: number;
      };
      jobs_rates: {
        Args: { minutes?: number };
        Returns: {
          dead: number;
          done: number;
          kind: string;
          minute: string;
          retried: number;
          seconds: number;
          snoozed: number;
        }[];
      };
      jobs_redrive: {
        Args: {
          code?: string;
          died_before?: string;
          firm_id?: string;
          kind?: string;
          max_jobs?: number;
        };
        Returns: Json;
      };
      jobs_retry: { Args: { id: string }; Returns: string };
      jobs_schedule_fire: {
        Args: {
          error?: string;
          expected_at: string;
          name: string;
          next_at: string;
          run_at: string[];
        };
        Returns: number;
      };
      jobs_schedule_pause: { Args: { name: string; paused?: boolean }; Returns: undefined };
      jobs_schedule_remove: { Args: { name: string }; Returns: undefined };
      jobs_schedule_set: { Args: { schedule: Json }; Returns: undefined };
      jobs_schedules: {
        Args: Record<PropertyKey, never>;
        Returns: {
          cron: string;
          error: string;
          firm_id: string;
          if_missed: string;
          if_running: string;
          jitter: string;
          kind: string;
          last_at: string;
          name: string;
          next_at: string;
          paused_at: string;
          payload: Json;
          priority: string;
          time_zone: string;
        }[];
      };
      jobs_show: { Args: { id: string }; Returns: Json };
      jobs_stats: {
        Args: Record<PropertyKey, never>;
        Returns: {
          dead: number;
          done_1h: number;
          failed_1h: number;
          kind: string;
          oldest_ready_at: string;
          paused: boolean;
          priority: string;
          ready: number;
          running: number;
          seconds_1h: number;
          waiting: number;
        }[];
      };
      jobs_step: {
        Args: {
          done?: Json;
          extend?: Json;
          fail?: Json;
          places?: Json;
          poll_ms?: number;
          qty?: number;
          queues?: string[];
          skip?: string[];
          version: number;
          vt?: number;
          wait_ms?: number;
          worker: string;
        };
        Returns: Json;
      };
      jobs_tick: { Args: Record<PropertyKey, never>; Returns: Json };
      leave_firm: { Args: { firm_id: string }; Returns: undefined };
      link_consultant: {
        Args: { consultant_id: string; user_id?: string };
        Returns: {
          archived_at: string | null;
          available_from: string | null;
          created_at: string;
          created_by: string | null;
          email: string | null;
          erased_at: string | null;
          external_ref: string | null;
          firm_id: string;
          headline: string | null;
          id: string;
          kind: string;
          name: string;
          phone: string | null;
          seniority: string | null;
          skills: string[];
          status: string;
          updated_at: string;
          updated_by: string | null;
          user_id: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "consultants";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      list_access: {
        Args: { entity?: string; firm_id: string; id?: string };
        Returns: {
          email: string;
          expires_at: string;
          last_sign_in_at: string;
          person: string;
          role: string;
          second_factor: boolean;
          sees: string;
          since: string;
          status: string;
          user_id: string;
          via: string;
        }[];
      };
      merge_companies: {
        Args: { kept_id: string; merged_id: string };
        Returns: {
          filled: string[];
          firm_id: string;
          id: string;
          kept_company_id: string | null;
          kept_consultant_id: string | null;
          merged_at: string;
          merged_by: string | null;
          merged_company_id: string | null;
          merged_consultant_id: string | null;
          moved: NonNullable<Json>;
          undone_at: string | null;
          undone_by: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "merge_log";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      merge_consultants: {
        Args: { kept_id: string; merged_id: string };
        Returns: {
          filled: string[];
          firm_id: string;
          id: string;
          kept_company_id: string | null;
          kept_consultant_id: string | null;
          merged_at: string;
          merged_by: string | null;
          merged_company_id: string | null;
          merged_consultant_id: string | null;
          moved: NonNullable<Json>;
          undone_at: string | null;
          undone_by: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "merge_log";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      my_firms: {
        Args: Record<PropertyKey, never>;
        Returns: {
          firm_id: string;
          name: string;
          needs_mfa: boolean;
          role: string;
          slug: string;
          status: string;
        }[];
      };
      note_scanner: { Args: { version: string }; Returns: undefined };
      notification_settings: {
        Args: { firm_id: string };
        Returns: {
          delivery: string;
          kind: string;
          standard: string;
          what: string;
        }[];
      };
      open_file: { Args: { file_id: string }; Returns: Record<string, unknown> };
      portal_contracts: {
        Args: Record<PropertyKey, never>;
        Returns: {
          company_name: string;
          consultant_id: string;
          currency: string;
          ends_on: string;
          firm_id: string;
          firm_name: string;
          id: string;
          kind: string;
          notice_days: number;
          number: number;
          rate: number;
          rate_unit: string;
          signed_at: string;
          starts_on: string;
          status: string;
          terminated_at: string;
          title: string;
        }[];
      };
      progress_export: {
        Args: { export_id: string; part_count: number; progress: number };
        Returns: boolean;
      };
      project_usage: { Args: Record<PropertyKey, never>; Returns: Json };
      purge_file: {
        Args: { file_id: string };
        Returns: {
          archived_at: string | null;
          bucket: string;
          company_id: string | null;
          consultant_id: string | null;
          contact_id: string | null;
          contract_id: string | null;
          created_at: string;
          created_by: string | null;
          detail: string | null;
          firm_id: string;
          hints: NonNullable<Json>;
          id: string;
          is_current: boolean;
          language: string | null;
          metadata: NonNullable<Json>;
          mime: string;
          name: string;
          page_count: number | null;
          path: string;
          preview_count: number;
          ready_at: string | null;
          reason: string | null;
          scanned_with: string | null;
          series_id: string;
          sha256: string | null;
          size_bytes: number;
          status: string;
          text: string | null;
          thumbnail_path: string | null;
          updated_at: string;
          updated_by: string | null;
          upload_expires_at: string;
          version: number;
          visibility: string;
          word_count: number | null;
        };
        SetofOptions: {
          from: "*";
          to: "files";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      purge_file_for_operator: {
        Args: { file_id: string };
        Returns: {
          archived_at: string | null;
          bucket: string;
          company_id: string | null;
          consultant_id: string | null;
          contact_id: string | null;
          contract_id: string | null;
          created_at: string;
          created_by: string | null;
          detail: string | null;
          firm_id: string;
          hints: NonNullable<Json>;
          id: string;
          is_current: boolean;
          language: string | null;
          metadata: NonNullable<Json>;
          mime: string;
          name: string;
          page_count: number | null;
          path: string;
          preview_count: number;
          ready_at: string | null;
          reason: string | null;
          scanned_with: string | null;
          series_id: string;
          sha256: string | null;
          size_bytes: number;
          status: string;
          text: string | null;
          thumbnail_path: string | null;
          updated_at: string;
          updated_by: string | null;
          upload_expires_at: string;
          version: number;
          visibility: string;
          word_count: number | null;
        };
        SetofOptions: {
          from: "*";
          to: "files";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      reinstate_member: {
        Args: { firm_id: string; user_id: string };
        Returns: {
          created_at: string;
          created_by: string | null;
          firm_id: string;
          role: string;
          status: string;
          updated_at: string;
          updated_by: string | null;
          user_id: string;
        };
        SetofOptions: {
          from: "*";
          to: "firm_members";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      release_file: {
        Args: { file_id: string; note: string };
        Returns: {
          archived_at: string | null;
          bucket: string;
          company_id: string | null;
          consultant_id: string | null;
          contact_id: string | null;
          contract_id: string | null;
          created_at: string;
          created_by: string | null;
          detail: string | null;
          firm_id: string;
          hints: NonNullable<Json>;
          id: string;
          is_current: boolean;
          language: string | null;
          metadata: NonNullable<Json>;
          mime: string;
          name: string;
          page_count: number | null;
          path: string;
          preview_count: number;
          ready_at: string | null;
          reason: string | null;
          scanned_with: string | null;
          series_id: string;
          sha256: string | null;
          size_bytes: number;
          status: string;
          text: string | null;
          thumbnail_path: string | null;
          updated_at: string;
          updated_by: string | null;
          upload_expires_at: string;
          version: number;
          visibility: string;
          word_count: number | null;
        };
        SetofOptions: {
          from: "*";
          to: "files";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      release_file_for_operator: {
        Args: { file_id: string; note: string };
        Returns: {
          archived_at: string | null;
          bucket: string;
          company_id: string | null;
          consultant_id: string | null;
          contact_id: string | null;
          contract_id: string | null;
          created_at: string;
          created_by: string | null;
          detail: string | null;
          firm_id: string;
          hints: NonNullable<Json>;
          id: string;
          is_current: boolean;
          language: string | null;
          metadata: NonNullable<Json>;
          mime: string;
          name: string;
          page_count: number | null;
          path: string;
          preview_count: number;
          ready_at: string | null;
          reason: string | null;
          scanned_with: string | null;
          series_id: string;
          sha256: string | null;
          size_bytes: number;
          status: string;
          text: string | null;
          thumbnail_path: string | null;
          updated_at: string;
          updated_by: string | null;
          upload_expires_at: string;
          version: number;
          visibility: string;
          word_count: number | null;
        };
        SetofOptions: {
          from: "*";
          to: "files";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      remind_contract: {
        Args: { contract_id: string; days: number; event: string; target_date: string };
        Returns: number;
      };
      remove_member: { Args: { firm_id: string; user_id: string }; Returns: undefined };
      renew_contract: {
        Args: { id: string };
        Returns: {
          amended_from_id: string | null;
          archived_at: string | null;
          auto_renew: boolean;
          cancel_by: string | null;
          company_id: string | null;
          consultant_id: string | null;
          created_at: string;
          created_by: string | null;
          currency: string;
          ends_on: string | null;
          external_ref: string | null;
          firm_id: string;
          id: string;
          kind: string;
          notice_days: number | null;
          number: number;
          parent_id: string | null;
          parent_kind: string | null;
          rate: number | null;
          rate_unit: string | null;
          reason: string | null;
          renewal_months: number | null;
          renewed_from_id: string | null;
          signed_at: string | null;
          starts_on: string | null;
          status: string;
          terminated_at: string | null;
          terminates_on: string | null;
          title: string;
          updated_at: string;
          updated_by: string | null;
          value_cap: number | null;
          version: number;
        };
        SetofOptions: {
          from: "*";
          to: "contracts";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      report_contract_portfolio: { Args: { report_id: string }; Returns: Json };
      reprocess_file: {
        Args: { file_id: string };
        Returns: {
          archived_at: string | null;
          bucket: string;
          company_id: string | null;
          consultant_id: string | null;
          contact_id: string | null;
          contract_id: string | null;
          created_at: string;
          created_by: string | null;
          detail: string | null;
          firm_id: string;
          hints: NonNullable<Json>;
          id: string;
          is_current: boolean;
          language: string | null;
          metadata: NonNullable<Json>;
          mime: string;
          name: string;
          page_count: number | null;
          path: string;
          preview_count: number;
          ready_at: string | null;
          reason: string | null;
          scanned_with: string | null;
          series_id: string;
          sha256: string | null;
          size_bytes: number;
          status: string;
          text: string | null;
          thumbnail_path: string | null;
          updated_at: string;
          updated_by: string | null;
          upload_expires_at: string;
          version: number;
          visibility: string;
          word_count: number | null;
        };
        SetofOptions: {
          from: "*";
          to: "files";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      reprocess_file_for_operator: {
        Args: { file_id: string };
        Returns: {
          archived_at: string | null;
          bucket: string;
          company_id: string | null;
          consultant_id: string | null;
          contact_id: string | null;
          contract_id: string | null;
          created_at: string;
          created_by: string | null;
          detail: string | null;
          firm_id: string;
          hints: NonNullable<Json>;
          id: string;
          is_current: boolean;
          language: string | null;
          metadata: NonNullable<Json>;
          mime: string;
          name: string;
          page_count: number | null;
          path: string;
          preview_count: number;
          ready_at: string | null;
          reason: string | null;
          scanned_with: string | null;
          series_id: string;
          sha256: string | null;
          size_bytes: number;
          status: string;
          text: string | null;
          thumbnail_path: string | null;
          updated_at: string;
          updated_by: string | null;
          upload_expires_at: string;
          version: number;
          visibility: string;
          word_count: number | null;
        };
        SetofOptions: {
          from: "*";
          to: "files";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      request_report: {
        Args: { firm_id: string; format: string; kind: string; params?: Json };
        Returns: string;
      };
      resend_invitation: { Args: { invitation_id: string }; Returns: Record<string, unknown> };
      resend_signing: { Args: { signer_id: string }; Returns: undefined };
      restore_version: {
        Args: { file_id: string };
        Returns: {
          archived_at: string | null;
          bucket: string;
          company_id: string | null;
          consultant_id: string | null;
          contact_id: string | null;
          contract_id: string | null;
          created_at: string;
          created_by: string | null;
          detail: string | null;
          firm_id: string;
          hints: NonNullable<Json>;
          id: string;
          is_current: boolean;
          language: string | null;
          metadata: NonNullable<Json>;
          mime: string;
          name: string;
          page_count: number | null;
          path: string;
          preview_count: number;
          ready_at: string | null;
          reason: string | null;
          scanned_with: string | null;
          series_id: string;
          sha256: string | null;
          size_bytes: number;
          status: string;
          text: string | null;
          thumbnail_path: string | null;
          updated_at: string;
          updated_by: string | null;
          upload_expires_at: string;
          version: number;
          visibility: string;
          word_count: number | null;
        };
        SetofOptions: {
          from: "*";
          to: "files";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      revoke_invitation: { Args: { invitation_id: string }; Returns: undefined };
      schema_version: { Args: Record<PropertyKey, never>; Returns: number };
      search: {
        Args: { firm_id: string; kinds?: string[]; max_rows?: number; query: string };
        Returns: {
          detail: string;
          id: string;
          kind: string;
          page: number;
          parent_id: string;
          parent_kind: string;
          rank: number;
          snippet: string;
          title: string;
        }[];
      };
      set_notification: {
        Args: { delivery: string; firm_id: string; kind: string };
        Returns: undefined;
      };
      sign_contract: {
        Args: { contract_id?: string; name: string; token?: string };
        Returns: string;
      };
      start_import: {
        Args: { dry_run?: boolean; import_id: string; mapping?: Json };
        Returns: {
          bucket: string;
          by_operator: boolean;
          columns: NonNullable<Json>;
          created_at: string;
          created_count: number;
          detail: string | null;
          dry_run: boolean;
          errors_path: string | null;
          failed_count: number;
          finished_at: string | null;
          firm_id: string;
          id: string;
          kind: string;
          mapping: NonNullable<Json>;
          name: string;
          path: string;
          progress: number;
          reason: string | null;
          requested_by: string | null;
          row_count: number | null;
          rows_done: number;
          run: number;
          second_factor: boolean;
          size_bytes: number;
          status: string;
          unchanged_count: number;
          updated_count: number;
          upload_expires_at: string;
        };
        SetofOptions: {
          from: "*";
          to: "imports";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      start_import_for_operator: {
        Args: { dry_run?: boolean; import_id: string; mapping?: Json };
        Returns: {
          bucket: string;
          by_operator: boolean;
          columns: NonNullable<Json>;
          created_at: string;
          created_count: number;
          detail: string | null;
          dry_run: boolean;
          errors_path: string | null;
          failed_count: number;
          finished_at: string | null;
          firm_id: string;
          id: string;
          kind: string;
          mapping: NonNullable<Json>;
          name: string;
          path: string;
          progress: number;
          reason: string | null;
          requested_by: string | null;
          row_count: number | null;
          rows_done: number;
          run: number;
          second_factor: boolean;
          size_bytes: number;
          status: string;
          unchanged_count: number;
          updated_count: number;
          upload_expires_at: string;
        };
        SetofOptions: {
          from: "*";
          to: "imports";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      suppress_address: { Args: { address: string; reason: string }; Returns: undefined };
      suspend_member: {
        Args: { firm_id: string; user_id: string };
        Returns: {
          created_at: string;
          created_by: string | null;
          firm_id: string;
          role: string;
          status: string;
          updated_at: string;
          updated_by: string | null;
          user_id: string;
        };
        SetofOptions: {
          from: "*";
          to: "firm_members";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      sweep_file_orphans: { Args: { max_rows?: number; of_firm?: string }; Returns: number };
      terminate_contract: {
        Args: { id: string; last_day?: string; reason: string };
        Returns: {
          amended_from_id: string | null;
          archived_at: string | null;
          auto_renew: boolean;
          cancel_by: string | null;
          company_id: string | null;
          consultant_id: string | null;
          created_at: string;
          created_by: string | null;
          currency: string;
          ends_on: string | null;
          external_ref: string | null;
          firm_id: string;
          id: string;
          kind: string;
          notice_days: number | null;
          number: number;
          parent_id: string | null;
          parent_kind: string | null;
          rate: number | null;
          rate_unit: string | null;
          reason: string | null;
          renewal_months: number | null;
          renewed_from_id: string | null;
          signed_at: string | null;
          starts_on: string | null;
          status: string;
          terminated_at: string | null;
          terminates_on: string | null;
          title: string;
          updated_at: string;
          updated_by: string | null;
          value_cap: number | null;
          version: number;
        };
        SetofOptions: {
          from: "*";
          to: "contracts";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      timeline: {
        Args: {
          before?: string;
          before_id?: string;
          entity: string;
          id: string;
          max_rows?: number;
        };
        Returns: {
          actor: string;
          actor_name: string;
          at: string;
          detail: string;
          id: string;
          kind: string;
          subject: string;
          subject_id: string;
          title: string;
        }[];
      };
      transfer_ownership: { Args: { firm_id: string; user_id: string }; Returns: undefined };
      transition_contract: {
        Args: { id: string; note?: string; to_status: string };
        Returns: {
          amended_from_id: string | null;
          archived_at: string | null;
          auto_renew: boolean;
          cancel_by: string | null;
          company_id: string | null;
          consultant_id: string | null;
          created_at: string;
          created_by: string | null;
          currency: string;
          ends_on: string | null;
          external_ref: string | null;
          firm_id: string;
          id: string;
          kind: string;
          notice_days: number | null;
          number: number;
          parent_id: string | null;
          parent_kind: string | null;
          rate: number | null;
          rate_unit: string | null;
          reason: string | null;
          renewal_months: number | null;
          renewed_from_id: string | null;
          signed_at: string | null;
          starts_on: string | null;
          status: string;
          terminated_at: string | null;
          terminates_on: string | null;
          title: string;
          updated_at: string;
          updated_by: string | null;
          value_cap: number | null;
          version: number;
        };
        SetofOptions: {
          from: "*";
          to: "contracts";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      undo_merge: {
        Args: { id: string };
        Returns: {
          filled: string[];
          firm_id: string;
          id: string;
          kept_company_id: string | null;
          kept_consultant_id: string | null;
          merged_at: string;
          merged_by: string | null;
          merged_company_id: string | null;
          merged_consultant_id: string | null;
          moved: NonNullable<Json>;
          undone_at: string | null;
          undone_by: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "merge_log";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      unsubscribe: { Args: { token: string }; Returns: Json };
      view_signing: { Args: { contract_id?: string; token?: string }; Returns: Json };
      withdraw_termination: {
        Args: { id: string };
        Returns: {
          amended_from_id: string | null;
          archived_at: string | null;
          auto_renew: boolean;
          cancel_by: string | null;
          company_id: string | null;
          consultant_id: string | null;
          created_at: string;
          created_by: string | null;
          currency: string;
          ends_on: string | null;
          external_ref: string | null;
          firm_id: string;
          id: string;
          kind: string;
          notice_days: number | null;
          number: number;
          parent_id: string | null;
          parent_kind: string | null;
          rate: number | null;
          rate_unit: string | null;
          reason: string | null;
          renewal_months: number | null;
          renewed_from_id: string | null;
          signed_at: string | null;
          starts_on: string | null;
          status: string;
          terminated_at: string | null;
          terminates_on: string | null;
          title: string;
          updated_at: string;
          updated_by: string | null;
          value_cap: number | null;
          version: number;
        };
        SetofOptions: {
          from: "*";
          to: "contracts";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
    };
    Enums: {
      [_ in never]: never;
    };
    CompositeTypes: {
      [_ in never]: never;
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])[TableName] extends {
      Row: infer R;
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
        Row: infer R;
      }
      ? R
      : never
    : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Insert: infer I;
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
        Insert: infer I;
      }
      ? I
      : never
    : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Update: infer U;
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
        Update: infer U;
      }
      ? U
      : never
    : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
    : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
    : never;

export const Constants = {
  public: {
    Enums: {},
  },
} as const;
