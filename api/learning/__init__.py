"""Learning, questionnaires and what a group does next."""
