"""What was published: definitions by `id@version`, as they are used, as they were authored, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from ap_ledger.domain.framework import Framework, framework_stream, project_framework
from ap_ledger.events.moments import moment
from ap_ledger.persistence.recorder import LedgerRecorder
from ap_ledger.recording.states import LOOK_AGAIN, States
from frameworks import Definition


class Published:
    """Looks definitions up in the ledger. A published version never changes."""

    def __init__(self, states: States, recorder: LedgerRecorder) -> None:
        self._states = states
        self._recorder = recorder

    def _find(self, key: str) -> tuple[Framework | None, int]:
        framework_id, _, version = key.partition("@")
        return self._framework(framework_id), int(version) if version.isdecimal() else 0

    def _framework(self, framework_id: str) -> Framework | None:
        self._states.refresh(LOOK_AGAIN)
        framework: Framework | None = self._states.fold(framework_stream(framework_id), project_framework)
        return framework

    def definition(self, key: str) -> Definition | None:
        """A definition by its `id@version`, or None."""
        framework, version = self._find(key)
        return framework.published.get(version) if framework else None

    def newest(self, framework_id: str) -> Definition | None:
        """The highest version published under an id, or None."""
        framework = self._framework(framework_id)
        return framework.published[max(framework.published)] if framework else None

    def authored(self, key: str) -> dict[str, Any] | None:
        """A definition as it was authored: what its content hash is over."""
        framework, version = self._find(key)
        return framework.authored.get(version) if framework else None

    def content_hash(self, key: str) -> str | None:
        """The content hash of a published version, or None."""
        framework, version = self._find(key)
        return framework.hashes.get(version) if framework else None

    def recorded_at(self, key: str) -> datetime | None:
        """When a version was published, or None."""
        framework_id, _, version = key.partition("@")
        for row in self._recorder.tail_of([framework_stream(framework_id)]):
            if row.topic == "framework-published" and str(orjson.loads(row.state)["version"]) == version:
                return moment(row.recorded_at)
        return None
