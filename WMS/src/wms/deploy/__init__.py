"""Where the model in production is used: the browser page and the node's service."""
