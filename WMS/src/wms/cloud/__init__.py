"""The instance: leases, cost, preflight, up and down."""
