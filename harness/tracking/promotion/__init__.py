"""An experiment's runs in, a registered model under an alias out: through gates, and with a way back.

A model is tried before its alias moves: it answers its probes in a fresh process, its audits are judged by
the config, and test may veto it against the champion. Who promoted what, when and why stands in tags of the
version; the order of champions, and each look at test, in tags of the registered model.
"""

from harness.tracking.promotion.outcome import Promotion, RefusedPromotionError
from harness.tracking.promotion.promoting import PromotionRequest, promote
from harness.tracking.promotion.registry_table import registry_table
from harness.tracking.promotion.rolling_back import rollback
from harness.tracking.promotion.versions import CHAMPION, PREVIOUS

__all__ = [
    "CHAMPION",
    "PREVIOUS",
    "Promotion",
    "PromotionRequest",
    "RefusedPromotionError",
    "promote",
    "registry_table",
    "rollback",
]
