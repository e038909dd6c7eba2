from tests.platform.clients import admin, open_client, person, visitor
from tests.platform.mailbox import mailbox

__all__ = ["admin", "mailbox", "open_client", "person", "visitor"]
