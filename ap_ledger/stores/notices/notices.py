"""The store of notices as one."""

from __future__ import annotations

from ap_ledger.stores.notices.inbox import Inbox


class NoticeStore(Inbox):
    """Keeps what people have to see, how they want to be told, and what was sent."""
