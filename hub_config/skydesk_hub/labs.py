"""Labs by leave of the SkyDesk service: what any spawner needs to lend them for a time."""

import asyncio
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyterhub.utils import maybe_future
from traitlets import Float, Unicode, default

from skydesk.access import LabProfile, Policy, default_policy, read_policy
from skydesk.errors import NotAllowed

from .form import spawn_form
from .pods import End
from .rejections import not_open, refused, unreachable
from .service_client import ServiceClient, ServiceRefused, ServiceUnreachable, shared_client

__all__ = ["SkydeskLabs", "options_from_form"]

if TYPE_CHECKING:
    from jupyterhub.spawner import Spawner as _Spawner
else:  # a subclass of Spawner would have to start and stop labs itself
    from traitlets.config import LoggingConfigurable as _Spawner

_read_policy = cache(read_policy)


def options_from_form(form_data: dict[str, list[str]]) -> dict[str, str]:
    """Take the profile from a form that was sent, and nothing else."""
    return {"profile": form_data["profile"][-1]} if form_data.get("profile") else {}


class SkydeskLabs(_Spawner):
    """Mixed into a spawner, lets labs start with a lease only, and tells the service when they started and ended.

    What a user asks for, by form, by API or for a named server, is looked up in the policy and then asked of the service,
    which counts places and GPU-hours. Where the service does not answer, no lab starts.
    """

    service_url = Unicode(help="Where the SkyDesk service is for the hub, with its prefix; must be set.").tag(config=True)
    hub_token = Unicode(help="The token of the hub service skydesk-hub, by which the service knows the hub; must be set.").tag(config=True)
    policy_file = Unicode(help="The policy file, the same as the service's; empty for the one that ships.").tag(config=True)
    service_timeout_seconds = Float(10, help="How long one answer of the service may take, seconds.").tag(config=True)

    lease: dict[str, Any]
    """The lease of the lab that starts or runs; empty where there is none."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.lease = {}
        self._end: End | None = None
        super().__init__(*arguments, **options)

    @property
    def policy(self) -> Policy:
        """Which groups grant which profiles."""
        return _read_policy(Path(self.policy_file)) if self.policy_file else default_policy()

    @property
    def service(self) -> ServiceClient:
        """The service that gives leases."""
        return shared_client(self.service_url, self.hub_token, self.service_timeout_seconds)

    def user_groups(self) -> list[str]:
        """Those of the user's groups that the policy knows."""
        return [group.name for group in self.policy.known(group.name for group in self.user.groups)]

    def now(self) -> datetime:
        """Give the time, aware."""
        return datetime.now(UTC)

    @default("options_from_form")
    def _own_options_from_form(self) -> Any:
        return options_from_form

    @default("apply_user_options")
    def _own_apply_user_options(self) -> Any:
        # the one option there is, the profile, is looked at in `start`, where a refusal can have a status of its own
        return lambda spawner, options: None  # noqa: ARG005

    async def get_options_form(self) -> str:
        """Show what the user's groups allow, what of it is free, and why the last lab ended.

        Raises
        ------
        Rejection
            Nothing is allowed, or the service does not answer.
        """
        groups = self.user_groups()
        if not self.policy.profiles_of(groups):
            self._require("")
        try:
            state = await self.service.profiles(self.user.name, groups)
        except ServiceRefused as refusal:
            raise not_open(refusal.message) from refusal
        except ServiceUnreachable as error:
            self.log.warning("the spawn form of %s: %s", self._log_name, error)
            raise unreachable() from error
        return spawn_form(state, self.policy, chosen=str((self.orm_spawner.user_options or {}).get("profile", "")), now=self.now())

    async def start(self) -> Any:
        """Take a lease, start the lab, and say that it runs.

        Raises
        ------
        Rejection
            The profile is not open to the user, no place is free, the budget is used up, or the service does not answer.
        """
        self._end = None
        self.lease = await self._admit()
        self._keep_state()
        try:
            address = await maybe_future(super().start())
        except asyncio.CancelledError:
            self._end = End(reason="failed", message=f"it did not start within {self.start_timeout} s")
            raise
        except Exception as error:
            told = self.told(error)
            self._end = End(reason="failed", message=f"it did not start: {told}")
            if told is error:
                raise
            raise told from error
        try:
            await self.service.started(self.lease["id"], self.deadline_at())
        except ServiceRefused as refusal:
            self._end = End(reason="failed", message=refusal.message)
            raise refused(refusal, self._require(self.lease["profile"])) from refusal
        except ServiceUnreachable as error:
            self._end = End(reason="failed", message="the SkyDesk service did not answer when the lab had started")
            raise unreachable() from error
        return address

    async def stop(self, now: bool = False) -> None:
        """Stop the lab, and remember why."""
        if self._end is None:
            self._end = self.seen_end() or self._end_by_request()
        await super().stop(now)

    async def run_post_stop_hook(self) -> None:
        """Tell the service that the lab has ended; called whenever the hub has no lab any more, however it ended."""
        try:
            await maybe_future(super().run_post_stop_hook())
        finally:
            await self._report_end()

    def seen_end(self) -> End | None:
        """Tell why the lab ended by itself, as far as the spawner sees it; None where it runs or nothing is known."""
        return None

    def deadline_at(self) -> datetime | None:
        """Tell when the lab is ended by what it runs in, whatever hub and service do; None where nothing does that."""
        return None

    def told(self, error: Exception) -> Exception:
        """Put what went wrong at a start into words; errors that nobody knows better words for stay as they are."""
        return error

    def get_env(self) -> dict[str, str]:
        """The lab's environment, with its lease."""
        environment: dict[str, str] = super().get_env()
        environment["SKYDESK_SERVER"] = self.name
        if self.lease:
            environment["SKYDESK_LEASE"] = str(self.lease["id"])
            environment["SKYDESK_LEASE_PROFILE"] = str(self.lease["profile"])
            # its time begins when it runs, which is after this; the service tells the lab when it ends
            environment["SKYDESK_LEASE_LONGEST_END_AT"] = str(self.lease["longest_end_at"])
        return environment

    def get_state(self) -> dict[str, Any]:
        """What the hub keeps over its own restart: the lease too."""
        state: dict[str, Any] = super().get_state()
        if self.lease:
            state["skydesk_lease"] = self.lease
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what was kept."""
        super().load_state(state)
        self.lease = state.get("skydesk_lease") or {}

    async def _admit(self) -> dict[str, Any]:
        profile = self._wanted()
        self.user_options = {"profile": profile.name}
        try:
            return await self.service.admit(self.user.name, self.user_groups(), self.name, profile.name)
        except ServiceRefused as refusal:
            raise refused(refusal, profile) from refusal
        except ServiceUnreachable as error:
            self.log.warning("the lease for %s: %s", self._log_name, error)
            raise unreachable() from error

    def _wanted(self) -> LabProfile:
        """The profile that was asked for; with nothing asked for, the least of those that are open to the user."""
        asked = (self.user_options or {}).get("profile")
        if asked is None:
            mine = self.policy.profiles_of(self.user_groups())
            return mine[0] if mine else self._require("")
        if not isinstance(asked, str):
            raise not_open(f"profile must be the name of a lab profile, not {str(asked)[:100]!r}")
        return self._require(asked[:100])

    def _require(self, profile: str) -> LabProfile:
        try:
            return self.policy.require_profile(self.user.name, self.user_groups(), profile)
        except NotAllowed as refusal:
            raise not_open(str(refusal)) from refusal

    def _keep_state(self) -> None:
        # now, not only when the lab runs: a hub that is killed meanwhile must know the lease of the lab that it finds
        self.orm_spawner.state = self.get_state()
        self.user.db.commit()

    def _end_by_request(self) -> End:
        """Who asked the hub to stop a lab is not told to spawners; what the service or the culler wants ended, the service knows."""
        if self._waiting_for_response:
            return End(reason="failed", message=f"it did not answer within {self.http_timeout} s")
        return End(reason="user", message="")

    async def _report_end(self) -> None:
        if not self.lease:
            return
        end = self._end or self.seen_end() or End(reason="lost", message="its process or pod is gone")
        lease, self.lease, self._end = self.lease, {}, None
        try:
            await self.service.ended(lease["id"], end.reason, end.message)
        except (ServiceRefused, ServiceUnreachable) as error:
            # the next synchronisation ends the lease, since the lab is gone
            self.log.warning("the end of %s was not reported: %s", self._log_name, error)
