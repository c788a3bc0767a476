"""A renderer of water-meter photographs with exact masks, deterministic by seed.

From the bottom up: `geometry`, `colour`, `rng`, `noise` and `canvas` are tools. `style` lists the makes of
meters and `meter` chooses one. `register`, `marks` and `face` draw its dial, `casing` and `background` what
is around it, `photo` adds the effects of a camera, and `render` combines them all. `storage` encodes
photographs and masks, `labels` makes wrong masks, `dataset` writes folders of pairs, `faults` broken ones.
"""
