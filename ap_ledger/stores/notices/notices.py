"""The store of notices as one."""

from __future__ import annotations

from ap_ledger.stores.notices.channels import Channels
from ap_ledger.stores.notices.inbox import Inbox
from ap_ledger.stores.notices.outgoing import Outgoing


class NoticeStore(Inbox, Channels, Outgoing):
    """Keeps what people have to see, how they want to be told, and what was sent."""
