"""What stands between the network and the app: who may ask, how much, and what is known about it. No Gradio in here."""

from . import metrics
from .clock import ClockWatch, shift
from .folder import DAY, HOUR, own_folder, sweep
from .guard import BODY, UPLOAD, Guard
from .log import log_to_stderr
from .memory import give_back, use_few_heaps
from .observer import Observer
from .policy import LONGEST, Allowance, Policy, user_of
from .visitors import Allowances

__all__ = [
    "BODY",
    "UPLOAD",
    "Allowance",
    "Allowances",
    "ClockWatch",
    "Guard",
    "DAY",
    "LONGEST",
    "HOUR",
    "Observer",
    "Policy",
    "give_back",
    "log_to_stderr",
    "metrics",
    "own_folder",
    "shift",
    "sweep",
    "use_few_heaps",
    "user_of",
]
