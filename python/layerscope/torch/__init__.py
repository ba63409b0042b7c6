"""Everything that needs torch: capture, and self-similarity that can be differentiated.

Importing it without torch raises :class:`layerscope.errors.MissingExtraError`.
"""

from layerscope.errors import MissingExtraError

try:
    import torch as _torch  # noqa: F401  (absolute: the package torch, not this folder)
except ModuleNotFoundError as _error:
    if _error.name != "torch":  # installed and broken: its own words say more
        raise
    _RULE = "must be installed for layerscope.torch: pip install 'layerscope[torch]'"
    raise MissingExtraError("torch", _RULE, "no such module") from None

from layerscope.torch._capture import capture
from layerscope.torch._loss import SelfSimilarityLoss
from layerscope.torch._self_similarity import self_similarity

__all__ = ["SelfSimilarityLoss", "capture", "self_similarity"]
