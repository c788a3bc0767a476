"""A renderer of water-meter photographs with exact masks, deterministic by seed.

From the bottom up: `geometry`, `colour`, `rng`, `noise` and `canvas` are tools; `style` lists the
makes and `meter` draws one; `register`, `marks` and `face` draw its dial, `casing` and `background`
what is around it, `photo` what a camera makes of it; `picture` puts them together. `storage` encodes
them, `dataset` writes folders of pairs. `labels` spoils masks, `breakage` breaks files, and `faults`
writes pushes of either.
"""
