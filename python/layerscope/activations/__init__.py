"""The first stage: named layers over the same samples, made, pooled, saved and loaded."""

from layerscope.activations._labels import load_labels
from layerscope.activations._load import load
from layerscope.activations._pool import pool
from layerscope.activations._stack import Activations, as_stack

__all__ = ["Activations", "as_stack", "load", "load_labels", "pool"]
