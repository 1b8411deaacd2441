"""The Jupyter Server extension: SkyDesk in a lab, embedded in its server or passed on to the hub's service."""

import asyncio
import secrets
import threading
from pathlib import Path
from typing import Any, cast

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from prometheus_client import REGISTRY

from skydesk import settings
from skydesk.errors import ServiceUnavailable
from skydesk.settings import SkydeskSettings
from skydesk.wiring import Services, build_services, jobs_folder_of, local_user

from .busy import BusyKernels
from .embedded import LateServices, link_jobs_folder
from .entrance import Entrance
from .gpu import GpuReports, NvidiaSmi
from .lab import EmbeddedHandler, LabUpstreamHandler, PanelHandler
from .panels import PANEL_PATTERN
from .proxy import Upstream

__all__ = ["SkydeskExtension"]


class SkydeskExtension(ExtensionApp):
    """Survey astronomy inside JupyterLab."""

    name = "skydesk_server"
    classes = [SkydeskSettings]  # noqa: RUF012  (as traitlets' applications declare it)

    _busy_kernels: BusyKernels | None = None
    _gpu_reports: GpuReports | None = None

    def initialize_handlers(self) -> None:
        """Add the API, answered here or by the hub's service, and the panels."""
        base = self._server.base_url
        prefix = url_path_join(base, "skydesk/api/")
        upstream = settings.lab_upstream()
        if upstream is None:
            handler: Any = EmbeddedHandler
            self._services: LateServices | None = self._embed()
            self.entrance = Entrance(self._services)
            own: dict[str, Any] = {"user": local_user(self._settings)}
        else:
            handler, self._services = LabUpstreamHandler, None
            self.entrance = Entrance(_nothing_here)
            own = {"upstream": Upstream(url=upstream[0], token=upstream[1])}
            self._link_hub_jobs()
        self.handlers.extend(
            [
                (r"/skydesk/api/.*", handler, {"entrance": self.entrance, "prefix": prefix, **own}),
                (rf"/skydesk/panels/{PANEL_PATTERN}", PanelHandler),
            ]
        )
        REGISTRY.register(self.entrance.metrics.registry)

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Tell kernels where SkyDesk is; only now is it known which port the server has."""
        del serverapp
        upstream = settings.lab_upstream()
        self._tell_kernels(upstream)
        if upstream is not None:
            self._busy_kernels = BusyKernels(self._server)
            self._busy_kernels.start()
            self._report_gpus(Upstream(url=upstream[0], token=upstream[1]))

    async def stop_extension(self) -> None:
        """Stop what is going on, then the services: jobs that run go back to the queue."""
        if not hasattr(self, "entrance"):
            return
        REGISTRY.unregister(self.entrance.metrics.registry)
        if self._busy_kernels is not None:
            self._busy_kernels.stop()
        if self._gpu_reports is not None:
            self._gpu_reports.stop()
        self.entrance.stop()
        if self._services is not None:
            await asyncio.to_thread(self._services.close)
        self.entrance.close()

    @property
    def _server(self) -> ServerApp:
        return cast("ServerApp", self.serverapp)

    def _embed(self) -> LateServices:
        self._settings = SkydeskSettings(parent=self)
        owner = local_user(self._settings).name
        link = link_jobs_folder(Path(self._server.root_dir), jobs_folder_of(self._settings, owner))
        self._settings.files_root = link or ""
        services = LateServices(lambda told: build_services(self._settings, mode="embedded", on_survey_progress=told))
        threading.Thread(target=services.make, name="skydesk-services", daemon=True).start()
        return services

    def _link_hub_jobs(self) -> None:
        if (found := settings.jobs_folder_of_lab()) is not None:
            root, owner = found
            folder = SkydeskSettings(parent=self, jobs_folder=str(root))
            link_jobs_folder(Path(self._server.root_dir), jobs_folder_of(folder, owner))

    def _report_gpus(self, upstream: Upstream) -> None:
        meter = NvidiaSmi.found()
        if meter is not None:
            self._gpu_reports = GpuReports(meter, upstream, settings.lab_server())
            self._gpu_reports.start()

    def _tell_kernels(self, upstream: tuple[str, str] | None) -> None:
        if upstream is not None:
            settings.tell_kernels(*upstream)
            return
        provider = self._server.identity_provider
        if provider.auth_enabled and not provider.token:
            # a server with a password only has no token; kernels get one of their own
            provider.token = secrets.token_hex(24)
        settings.tell_kernels(self._server.connection_url, provider.token)


def _nothing_here() -> Services:
    raise ServiceUnavailable("this lab passes calls on to the hub's SkyDesk service")
