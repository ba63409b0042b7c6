"""layerscope: the hidden layers of deep networks, measured as complex networks."""

from layerscope import errors
from layerscope._arrays import bfloat16
from layerscope._version import __version__

__all__ = ["__version__", "bfloat16", "errors"]
