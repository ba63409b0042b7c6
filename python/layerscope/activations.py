"""The first stage: named layers over the same samples, made, pooled, saved and loaded."""

from layerscope._labels import load_labels
from layerscope._load import load
from layerscope._pool import pool
from layerscope._stack import Activations, as_stack

__all__ = ["Activations", "as_stack", "load", "load_labels", "pool"]
