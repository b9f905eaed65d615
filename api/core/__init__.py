"""What every room of the service shares: who asks, the gate, problems, paging, templates, assets."""
