"""A renderer of water-meter photographs with exact masks, deterministic by seed."""
