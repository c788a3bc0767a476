"""The page as the service gives it; it lies with the model, because a release has it, too."""

from wms.model.page import Served, page_folder, write_page

__all__ = ["Served", "page_folder", "write_page"]
