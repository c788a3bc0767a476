"""Other people's forms of labelled photographs: what labelling tools export, and what phones take."""
