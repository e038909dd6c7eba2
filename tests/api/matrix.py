"""Who may do what: the one table the tests of rights are driven by.

A caller is somebody towards one firm. `removed` and `suspended` were admins of it and still hold
a live session; `portal` is a consultant whom it gave an account and who is no member; `outsider` is
signed in and belongs to no firm; `visitor` has no session at all.
Whoever is not named is refused. Nothing is ever deleted by a client.
"""

from collections.abc import Mapping

Callers = frozenset[str]

CALLERS = (
    "visitor",
    "outsider",
    "removed",
    "suspended",
    "portal",
    "viewer",
    "member",
    "manager",
    "admin",
    "owner",
)

NOBODY: Callers = frozenset()
OWNER: Callers = frozenset({"owner"})
ADMINS: Callers = OWNER | {"admin"}
MANAGERS: Callers = ADMINS | {"manager"}
MEMBERS: Callers = MANAGERS | {"member"}
VIEWERS: Callers = MEMBERS | {"viewer"}
PORTAL: Callers = frozenset({"portal"})
EVERYBODY: Callers = frozenset(CALLERS)
SIGNED_IN: Callers = EVERYBODY - {"visitor"}

# What is done to a row of the firm made by its owner; `own`: to a row the caller made, or is, or
# that is about the caller.
OPERATIONS = (
    "read",
    "create",
    "update",
    "archive",
    "read own",
    "update own",
    "archive own",
    "delete",
)

TABLES: Mapping[str, Mapping[str, Callers]] = {
    "profiles": {
        "read": VIEWERS,
        "create": NOBODY,
        "update": NOBODY,
        "update own": SIGNED_IN,
    },
    "firms": {
        "read": VIEWERS,
        "create": NOBODY,
        "update": ADMINS,
        "archive": NOBODY,
    },
    "firm_members": {
        "read": VIEWERS,
        "create": NOBODY,
        "update": NOBODY,
        "update own": NOBODY,
    },
    "invitations": {
        "read": VIEWERS,
        "create": NOBODY,
        "update": NOBODY,
    },
    "companies": {
        "read": VIEWERS,
        "create": MEMBERS,
        "update": MEMBERS,
        "archive": MANAGERS,
        "update own": MEMBERS,
        "archive own": MANAGERS,
    },
    "contacts": {
        "read": VIEWERS,
        "create": MEMBERS,
        "update": MEMBERS,
        "archive": MANAGERS,
        "update own": MEMBERS,
        "archive own": MANAGERS,
    },
    "consultants": {
        "read": VIEWERS,
        "create": MANAGERS,
        "update": MANAGERS,
        "archive": MANAGERS,
        "read own": VIEWERS | PORTAL,
        "update own": MANAGERS | PORTAL,
        "archive own": MANAGERS,
    },
    "consultant_private": {
        "read": MANAGERS,
        "create": NOBODY,
        "update": MANAGERS,
        "read own": MANAGERS | PORTAL,
        "update own": MANAGERS,
    },
    "contracts": {
        "read": VIEWERS,
        "create": MEMBERS,
        "update": MANAGERS,
        "archive": ADMINS,
        "update own": MEMBERS,
        "archive own": ADMINS,
    },
    "contract_events": {
        "read": VIEWERS,
        "create": NOBODY,
        "update": NOBODY,
    },
    "contract_consultants": {
        "read": VIEWERS,
        "create": MANAGERS,
        "update": MANAGERS,
        "archive": MANAGERS,
        "update own": MANAGERS,
        "archive own": MANAGERS,
    },
    "contract_signers": {
        "read": VIEWERS,
        "create": MANAGERS,
        "update": MANAGERS,
        "archive": MANAGERS,
        "update own": MANAGERS,
        "archive own": MANAGERS,
    },
    "files": {
        "read": VIEWERS,
        "create": NOBODY,
        "update": MANAGERS,
        "archive": MANAGERS,
        "read own": VIEWERS | PORTAL,
        "update own": MEMBERS,
        "archive own": MEMBERS,
    },
    "notes": {
        "read": VIEWERS,
        "create": MEMBERS,
        "update": MANAGERS,
        "archive": MANAGERS,
        "update own": MEMBERS,
        "archive own": MEMBERS,
    },
    "tags": {
        "read": VIEWERS,
        "create": MEMBERS,
        "update": MANAGERS,
        "archive": MANAGERS,
        "update own": MEMBERS,
        "archive own": MEMBERS,
    },
    "taggings": {
        "read": VIEWERS,
        "create": MEMBERS,
        "update": NOBODY,
        "archive": MANAGERS,
        "update own": NOBODY,
        "archive own": MEMBERS,
    },
    "saved_views": {
        "read": VIEWERS,
        "create": VIEWERS,
        "update": MANAGERS,
        "archive": MANAGERS,
        "read own": VIEWERS,
        "update own": VIEWERS,
        "archive own": VIEWERS,
    },
    "merge_log": {
        "read": MANAGERS,
        "create": NOBODY,
        "update": NOBODY,
    },
    "notifications": {
        "read": NOBODY,
        "create": NOBODY,
        "update": NOBODY,
        "read own": VIEWERS,
        "update own": VIEWERS,
    },
    "emails": {
        "read": NOBODY,
        "create": NOBODY,
        "update": NOBODY,
    },
    "reports": {
        "read": MANAGERS,
        "create": NOBODY,
        "update": NOBODY,
        "read own": MEMBERS,
        "update own": NOBODY,
    },
    "erasures": {
        "read": ADMINS,
        "create": NOBODY,
        "update": NOBODY,
    },
    "firm_exports": {
        "read": OWNER,
        "create": NOBODY,
        "update": NOBODY,
    },
    "audit_log": {
        "read": ADMINS,
        "create": NOBODY,
        "update": NOBODY,
    },
}

# Tables people cannot even ask about.
CLOSED_TABLES = frozenset({"emails"})

# What is done to an object of the firm, or of its owner; `own`: to an object of the caller's own.
OBJECT_OPERATIONS = ("read", "upload", "overwrite", "delete", "upload own", "delete own")

BUCKETS: Mapping[str, Mapping[str, Callers]] = {
    "avatars": {"read": VIEWERS, "upload own": SIGNED_IN, "delete own": SIGNED_IN},
    "exports": {"read": OWNER},
    # Uploads are for whoever asked for exactly that object with begin_upload.
    "firm-files": {"read": VIEWERS},
    "reports": {"read": MANAGERS},
}

# Functions people call: who succeeds, with arguments that fit the caller as well as they can.
RPCS: Mapping[str, Callers] = {
    "create_firm": SIGNED_IN,
    "archive_firm": OWNER,
    "invite_member": ADMINS,
    "resend_invitation": ADMINS,
    "revoke_invitation": ADMINS,
    "accept_invitation": frozenset({"outsider", "portal", "removed"}),
    "change_role": ADMINS,
    "suspend_member": ADMINS,
    "reinstate_member": ADMINS,
    "remove_member": ADMINS,
    "leave_firm": VIEWERS - OWNER,
    "transfer_ownership": OWNER,
    "link_consultant": ADMINS,
    "transition_contract": MANAGERS,
    "renew_contract": MANAGERS,
    "amend_contract": MANAGERS,
    "terminate_contract": MANAGERS,
    "withdraw_termination": MANAGERS,
    # Whoever has the token of a mail; who signs for a client has no account.
    "view_signing": EVERYBODY,
    "sign_contract": EVERYBODY,
    "decline_contract": EVERYBODY,
    "resend_signing": MANAGERS,
    "merge_companies": MANAGERS,
    "merge_consultants": MANAGERS,
    "undo_merge": MANAGERS,
    "erase_consultant": ADMINS,
    "erase_contact": ADMINS,
    "portal_contracts": SIGNED_IN,
    "my_firms": SIGNED_IN,
    "delete_account": SIGNED_IN - OWNER,
    "begin_upload": MEMBERS,
    "finish_upload": MEMBERS,
    "cancel_upload": MEMBERS,
    "request_report": MEMBERS,
    "export_firm": OWNER,
    "search": VIEWERS,
    # Everybody hears which rows they may not change; test_bulk_edit.py says who may.
    "bulk_edit": SIGNED_IN,
    "timeline": VIEWERS,
    "access_review": ADMINS,
}

# Functions of the worker: only the secret key calls them.
SERVICE_RPCS = frozenset(
    {
        "begin_email",
        "begin_export",
        "begin_file",
        "begin_report",
        "doomed_objects",
        "export_firm_for_operator",
        "finish_email",
        "finish_export",
        "finish_file",
        "finish_report",
        "forget_objects",
        "jobs_clock",
        "jobs_list",
        "jobs_retry",
        "jobs_show",
        "jobs_stats",
        "jobs_step",
        "jobs_tick",
        "list_access",
        "progress_export",
        "remind_contract",
        "report_contract_portfolio",
        "schema_version",
    }
)

# Functions no API shows, by who may run them: as part of a wrapper, a policy, a check or a trigger.
PRIVATE_FUNCTIONS: Mapping[frozenset[str], frozenset[str]] = {
    frozenset({"authenticated"}): frozenset(
        {
            "accept_invitation",
            "access_review",
            "amend_contract",
            "archive_firm",
            "avatar_paths",
            "begin_upload",
            "cancel_upload",
            "change_role",
            "colleague_ids",
            "create_firm",
            "delete_account",
            "erase_consultant",
            "erase_contact",
            "export_firm",
            "finish_upload",
            "firm_ids",
            "invite_member",
            "is_upload_intended",
            "is_view_definition",
            "leave_firm",
            "link_consultant",
            "merge_companies",
            "merge_consultants",
            "my_firms",
            "own_avatar_paths",
            "own_consultant_ids",
            "portal_contracts",
            "portal_file_ids",
            "remove_member",
            "renew_contract",
            "request_report",
            "require_role",
            "resend_invitation",
            "resend_signing",
            "revoke_invitation",
            "role_in",
            "search_hits",
            "set_member_status",
            "snippet",
            "terminate_contract",
            "timeline",
            "transfer_ownership",
            "transition_contract",
            "undo_merge",
            "withdraw_termination",
        }
    ),
    frozenset({"anon", "authenticated"}): frozenset(
        {"decline_contract", "sign_contract", "view_signing"}
    ),
    frozenset({"authenticated", "service_role"}): frozenset(
        {
            "fail",
            "guards_are_off",
            "has_second_factor",
            "is_email",
            "is_file_name",
            "is_timezone",
        }
    ),
    frozenset({"service_role"}): frozenset(
        {
            "begin_email",
            "begin_export",
            "begin_file",
            "begin_report",
            "doomed_objects",
            "export_firm_for_operator",
            "finish_email",
            "finish_export",
            "finish_report",
            "forget_objects",
            "jobs_clock",
            "jobs_list",
            "jobs_retry",
            "jobs_show",
            "jobs_stats",
            "jobs_step",
            "jobs_tick",
            "list_access",
            "progress_export",
            "remind_contract",
            "report_contract_portfolio",
            "schema_version",
            "settle_file",
        }
    ),
    frozenset(): frozenset(
        {
            "add_consultant_private",
            "add_export",
            "advance_contracts",
            "apply_retention",
            "ask_signer",
            "ask_signers",
            "audit",
            "blot",
            "contract_kept_until",
            "contract_transitions",
            "copy_contract_parts",
            "count_mentions",
            "delete_archived_firms",
            "doom_avatar",
            "doom_export",
            "doom_file",
            "doom_object",
            "doom_report",
            "enqueue",
            "enqueue_contract_reminders",
            "erase_traces",
            "fail_email",
            "fail_export",
            "fail_file",
            "fail_report",
            "firm_grace",
            "follow_signing",
            "freeze_contract",
            "guard_archive",
            "guard_contract_part",
            "guard_own_consultant",
            "guard_reopening",
            "guard_require_mfa",
            "index_for_search",
            "is_portal_parent",
            "job_is_queued",
            "jobs_ack",
            "jobs_backoff",
            "jobs_bury",
            "jobs_claim",
            "jobs_extend",
            "jobs_fail",
            "keep_erased",
            "keep_one_primary",
            "keep_owner",
            "kept_signatures",
            "lock_contract",
            "lock_firm",
            "lock_member",
            "lock_upload",
            "naming",
            "needs_object",
            "notify",
            "notify_invitation",
            "number_contract",
            "open_invitation",
            "open_signing",
            "plain",
            "portal_contract_ids",
            "put_search_entry",
            "queue_email",
            "receive_file",
            "refuse_erased",
            "release_account",
            "release_erasures",
            "remind_signers",
            "remove_objects",
            "renew_invitation_token",
            "require_erasure_note",
            "require_mail_room",
            "require_seat",
            "retention_rules",
            "role_rank",
            "run_rule",
            "safe_name",
            "search_words",
            "settle_erasure",
            "signing_terms",
            "stamp",
            "sweep_uploads",
            "sync_profile",
            "tell_of_signing",
            "touch",
            "upload_firm_ids",
        }
    ),
}
