"""Records turned into Markdown, plots and a static page."""
