"""Where things are kept. Read once, at the edge; plain values are passed inward."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every environment variable starts with AP_LEDGER_, for instance AP_LEDGER_DATA."""

    model_config = SettingsConfigDict(env_prefix="AP_LEDGER_", extra="ignore")

    data: Path = Field(
        Path("ap-ledger-data"), description="The folder that holds the ledger, its views, its keyring and what is held."
    )
    database_url: SecretStr | None = Field(
        None, description="A PostgreSQL URL. With it the ledger lives there, and the folder holds only the master key."
    )
    keyring_url: SecretStr | None = Field(
        None, description="A second PostgreSQL URL for the keyring, so that its backups can have a life of their own."
    )
    master_key: SecretStr | None = Field(
        None, description="The master key as 64 hex digits, where it is not kept in a file."
    )
    master_key_file: Path | None = Field(
        None, description="The file that holds the master key. Default: master.key in the data folder."
    )
    queue_limit: int = Field(
        20_000, ge=100, description="Entries that may wait to be written before a sender is told to come back."
    )
    connections: int = Field(
        28, ge=16, description="Connections to PostgreSQL that one process may hold. A server allows a hundred in all."
    )

    @property
    def postgres(self) -> str | None:
        """The PostgreSQL URL in the clear, or None for SQLite."""
        return self.database_url.get_secret_value() if self.database_url else None

    def sqlalchemy_url(self, store: str) -> str:
        """The URL of one of the small stores (views, keyring, held) as SQLAlchemy wants it."""
        url = self.keyring_url.get_secret_value() if store == "keyring" and self.keyring_url else self.postgres
        if url is None:
            return f"sqlite:///{self.data / f'{store}.sqlite'}"
        return "postgresql+psycopg://" + url.split("://", 1)[1]


def read_settings(**given: Any) -> Settings:
    """Settings from the environment, with what was given on the command line before it. None means not given."""
    return Settings(**{name: value for name, value in given.items() if value is not None})
