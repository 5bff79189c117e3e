"""Pictures: `from_*` computes the numbers, `plot(ax=None)` draws them."""

from __future__ import annotations

from sk_biornn.plots._forecasts import ForecastDisplay
from sk_biornn.plots._interactions import InteractionDisplay
from sk_biornn.plots._learning_curve import LearningCurveDisplay
from sk_biornn.plots._predictions import PredictionDisplay
from sk_biornn.plots._spatial_network import SpatialNetworkDisplay
from sk_biornn.plots._spectrum import SpectrumDisplay
from sk_biornn.plots._study import StudyDisplay
from sk_biornn.plots._task import TaskDisplay
from sk_biornn.plots._weight_matrix import WeightMatrixDisplay

__all__ = [
    "ForecastDisplay",
    "InteractionDisplay",
    "LearningCurveDisplay",
    "PredictionDisplay",
    "SpatialNetworkDisplay",
    "SpectrumDisplay",
    "StudyDisplay",
    "TaskDisplay",
    "WeightMatrixDisplay",
]
