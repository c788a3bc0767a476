"""Images and masks as arrays: reading, preparing, comparing, drawing."""
