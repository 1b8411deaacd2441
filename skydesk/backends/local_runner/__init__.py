"""Jobs in worker processes on this machine.

====================  ==================================================================
`runner`              `LocalRunner`: claims jobs, looks after what dead runners left
`supervision`         one worker from birth to death: progress, limits, cancelling, the end
`nursery`             the process that forks warm workers, and how to talk to it
`locks`               who is alive, told by the kernel
`limits`              what the kernel holds a worker to
`channel`             JSON lines, and file descriptors, over a socket
`settings`            what a worker process must know
====================  ==================================================================
"""

from .runner import LocalRunner
from .settings import WorkerSettings

__all__ = ["LocalRunner", "WorkerSettings"]
