"""The framework language: ladders, outcomes frameworks, curricula and instruments are data, read from YAML."""

from frameworks.language.load import definition_hash, load_definition, read_definition, read_yaml, shipped_definitions
from frameworks.language.model import Definition

__all__ = ["Definition", "definition_hash", "load_definition", "read_definition", "read_yaml", "shipped_definitions"]
