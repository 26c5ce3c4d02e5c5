"""Log formats: bytes to observations. One module per format exposes `LOG` (see `plugin`); the format of a log is told by its content."""

from tocsin.telemetry.observations import Log, Look, MalformedLine, Observation, Tally
from tocsin.telemetry.plugin import log_of, logs

__all__ = ["Log", "Look", "MalformedLine", "Observation", "Tally", "log_of", "logs"]
