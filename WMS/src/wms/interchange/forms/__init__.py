"""One module for each form of labelled photographs; `table` lists them."""
