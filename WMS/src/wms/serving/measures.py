"""What the service measures of each answered image, by the function that measured the reference of drift."""

from wms.core.records.measures import Measures
from wms.imaging.measures import measure

__all__ = ["Measures", "measure"]
