"""Reading intelligence files: bytes to the bytes of single objects, streaming.

One module per format exposes `FORMAT` (see `plugin`); the format of a file is told by its content.
"""

from tocsin.formats.items import DEFAULT, Limits, RawItem, Refusal, refuse
from tocsin.formats.opening import Progress, open_path, size_of

__all__ = ["DEFAULT", "Limits", "Progress", "RawItem", "Refusal", "open_path", "refuse", "size_of"]
