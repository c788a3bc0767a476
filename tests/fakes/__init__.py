"""Stand-ins that keep their state in folders; each passes the contract suite of its port."""
