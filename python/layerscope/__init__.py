"""layerscope: the hidden layers of deep networks, measured as complex networks."""

from layerscope import errors
from layerscope._arrays import bfloat16
from layerscope._version import __version__
from layerscope.cite import cite
from layerscope.report import Report

__all__ = ["Report", "__version__", "bfloat16", "cite", "errors"]
