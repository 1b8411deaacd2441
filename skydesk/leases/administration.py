"""What administrators see and do: labs of others, messages to people, and the log of all that."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from ..access import Group, User
from ..errors import Conflict, Fault, InvalidRequest, NotAllowed, NotFound, SkydeskError
from .budgets import Budgets
from .desk import LeaseDesk
from .model import RUNNING, WAITING, Act, EndReason, Lease, LeasePhase, Message, StopWish
from .ports import LeaseBook
from .rules import extended, new_id, why_not_so_long
from .service import LeaseService

__all__ = ["Administration", "Usage", "audience_words", "sees"]

T = TypeVar("T")
Detail = dict[str, str | float | None]

_LONGEST_EXTENSION_SECONDS = 90 * 86400.0
_LONGEST_TEXT = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the members of one group used in a span of time."""

    group: Group
    members: frozenset[str]
    """Users who were last known to be in it."""

    labs_running: int
    labs: int
    """Labs that ran at some time in the span."""

    lab_seconds: float
    gpu_seconds: float


class Administration:
    """The acts of administrators, each of them a row of the audit log, and what they may look at.

    A user with the right ``monitor`` sees everything, one with ``admin`` acts on everybody; who administers groups sees and
    acts on members of those.

    Parameters
    ----------
    leases
        The leases service.
    """

    def __init__(self, leases: LeaseService) -> None:
        self._leases = leases

    # Acts

    def extend(self, by: User, lease_id: str, seconds: float, *, address: str = "") -> Lease:
        """Give a running lab more time; the GPU-hours of its group bound it still.

        Parameters
        ----------
        seconds
            Above 0, at most 90 days.

        Raises
        ------
        NotFound, NotAllowed, Conflict, InvalidRequest
            No such lease; not one that the user may act on; it does not run, or the cluster ends it before; too long.
        """

        def do(desk: LeaseDesk, lease: Lease) -> Lease:
            if not 0 < seconds <= _LONGEST_EXTENSION_SECONDS:
                raise InvalidRequest([Fault(field="seconds", message=f"must be above 0 and at most 90 days, got {seconds:g} s")])
            if lease.phase is not LeasePhase.ACTIVE:
                raise Conflict(f"the lab of {lease.owner} is {lease.phase}; only one that runs can be extended")
            if lease.stop is not None:
                raise Conflict(f"the lab of {lease.owner} is being ended already; it can be started again instead")
            if (reason := why_not_so_long(lease, seconds)) is not None:
                raise Conflict(reason)
            longer = extended(lease, seconds, by_owner=False)
            desk.book.keep(longer)
            return desk.set_end(longer, desk.budgets())

        return self._on_lease(by, "lease.extend", lease_id, {"seconds": seconds}, address, do)

    def end(self, by: User, lease_id: str, message: str, *, address: str = "") -> Lease:
        """End a lab, or take a wish for one out of its queue; the hub stops the lab when it next asks.

        Parameters
        ----------
        message
            What its owner is told; may be empty.

        Raises
        ------
        NotFound, NotAllowed, Conflict, InvalidRequest
            No such lease; not one that the user may act on; it has ended already; the message is too long.
        """

        def do(desk: LeaseDesk, lease: Lease) -> Lease:
            words = _checked_text("message", message, least=0).strip() or f"{by.name} ended it"
            if lease.phase is LeasePhase.ENDED or lease.stop is not None:
                raise Conflict(f"the lab of {lease.owner} has ended, or is being ended, already")
            if lease.phase in WAITING:
                return desk.end(lease, EndReason.ADMIN, words)
            stopping = replace(lease, stop=StopWish(reason=EndReason.ADMIN, message=words), ends_at=desk.now)
            desk.book.keep(stopping)
            return stopping

        return self._on_lease(by, "lease.end", lease_id, {"message": message}, address, do)

    def post(
        self, by: User, text: str, *, severity: str, to_kind: str, to_name: str = "", until: datetime | None = None, address: str = ""
    ) -> Message:
        """Tell all users, the members of a group, or those in labs of a profile something.

        Parameters
        ----------
        severity
            ``info`` or ``warning``.
        to_kind, to_name
            ``all``; ``group`` or ``profile`` and its name.
        until
            When it is no longer shown; None for until it is taken back.

        Raises
        ------
        NotAllowed
            The user may not speak to so many.
        InvalidRequest
            Text, severity, audience or time are not acceptable.
        """
        name = to_name.casefold() if to_kind == "group" else to_name

        def do(desk: LeaseDesk) -> Message:
            self._require_may_tell(by, to_kind, name)
            self._require_audience(to_kind, name)
            if severity not in {"info", "warning"}:
                raise InvalidRequest([Fault(field="severity", message=f"must be info or warning, got {severity[:50]!r}")])
            if until is not None and until <= desk.now:
                raise InvalidRequest([Fault(field="until", message="is in the past; give a time that is still to come")])
            message = Message(
                id=new_id(),
                text=_checked_text("text", text, least=1),
                severity=severity,
                sender=by.name,
                to_kind=to_kind,
                to_name=name,
                made_at=desk.now,
                until=until,
            )
            desk.book.add_message(message)
            return message

        return self._logged(by, "message.post", "", {"text": text}, address, lambda _: (audience_words(to_kind, name), do))

    def remove(self, by: User, message_id: str, *, address: str = "") -> None:
        """Take a message back.

        Raises
        ------
        NotFound, NotAllowed
            No such message; not one that the user may take back.
        """

        def subject(desk: LeaseDesk) -> tuple[str, Callable[[LeaseDesk], None]]:
            message = next((each for each in desk.book.messages() if each.id == message_id), None)
            if message is None:
                raise NotFound(f"there is no message {message_id[:50]!r}; it may have been taken back already")

            def do(desk: LeaseDesk) -> None:
                self._require_may_tell(by, message.to_kind, message.to_name)
                desk.book.remove_message(message.id)

            return audience_words(message.to_kind, message.to_name), do

        self._logged(by, "message.remove", message_id, {}, address, subject)

    def require_may_act_on(self, by: User, what: str, owner: str, target: str, *, refusal: str | None = None, address: str = "") -> None:
        """Log an act on something of a user's that another service carries out, and refuse it where it is not allowed.

        Parameters
        ----------
        what
            As the log names the act: ``job.cancel``.
        refusal
            Why it cannot be done, whoever asks; None where it can.

        Raises
        ------
        NotAllowed, Conflict
            The user may not; there is a ``refusal``.
        """

        def do(desk: LeaseDesk) -> None:
            _require_acts(by, desk.book.groups_of(owner), owner)
            if refusal is not None:
                raise Conflict(refusal)

        self._logged(by, what, target, {}, address, lambda _: (owner, do))

    # Views

    def leases(self, by: User) -> tuple[tuple[Lease, ...], tuple[Lease, ...]]:
        """Leases with a lab, and those that wait for one, that the user may look at."""

        def work(book: LeaseBook) -> tuple[tuple[Lease, ...], tuple[Lease, ...]]:
            running, waiting = book.leases(phases=RUNNING), book.leases(phases=WAITING)
            return tuple(each for each in running if sees(by, each.groups)), tuple(each for each in waiting if sees(by, each.groups))

        return self._leases.store.read(work)

    def groups(self, by: User) -> tuple[Group, ...]:
        """Groups of the policy that the user may look at."""
        return tuple(group for group in self._leases.policy.groups.values() if sees(by, [group.name]))

    def budgets(self) -> Budgets:
        """GPU-hours as they stand."""
        return self._leases.store.read(lambda book: self._leases.desk(book).budgets())

    def owners(self, by: User) -> Mapping[str, frozenset[str]]:
        """Users that the user may look at, and their groups; only those whose groups are known."""
        owners = self._leases.store.read(lambda book: book.owners())
        return {owner: groups for owner, groups in owners.items() if sees(by, groups)}

    def messages(self, by: User) -> tuple[Message, ...]:
        """Messages that the user may look at."""
        found = self._leases.store.read(lambda book: book.messages())
        return tuple(each for each in found if by.rights or (each.to_kind == "group" and each.to_name in by.administers))

    def audit(self, by: User, *, limit: int, before: int | None = None) -> tuple[Act, ...]:
        """The audit log, latest first; who only administers groups sees what concerns those and their members."""
        subjects = None if by.rights else {*self.owners(by), *(audience_words("group", name) for name in by.administers)}
        return self._leases.store.read(lambda book: book.acts(limit=limit, before=before, on_whom=subjects))

    def usage(self, by: User, since: datetime) -> tuple[Usage, ...]:
        """What members of each group that the user may look at have used."""
        owners = self.owners(by)

        def work(book: LeaseBook) -> tuple[Usage, ...]:
            now = self._leases.clock()
            leases = [lease for lease in book.leases(ended_after=since) if lease.started_at is not None]
            charges = book.charges(since)
            return tuple(
                Usage(
                    group=group,
                    members=frozenset(owner for owner, groups in owners.items() if group.name in groups),
                    labs_running=sum(lease.phase is LeasePhase.ACTIVE for lease in leases if group.name in lease.groups),
                    labs=sum(group.name in lease.groups for lease in leases),
                    lab_seconds=sum(_ran_seconds(lease, since, now) for lease in leases if group.name in lease.groups),
                    gpu_seconds=sum(
                        charge.gpus * (charge.until_at - max(charge.from_at, since)).total_seconds()
                        for charge in charges
                        if charge.group == group.name
                    ),
                )
                for group in self.groups(by)
            )

        return self._leases.store.read(work)

    # How acts are carried out

    def _on_lease(
        self,
        by: User,
        what: str,
        lease_id: str,
        detail: Detail,
        address: str,
        do: Callable[[LeaseDesk, Lease], Lease],
    ) -> Lease:
        def subject(desk: LeaseDesk) -> tuple[str, Callable[[LeaseDesk], Lease]]:
            lease = desk.existing(lease_id)

            def allowed(desk: LeaseDesk) -> Lease:
                _require_acts(by, lease.groups, lease.owner)
                return do(desk, lease)

            return lease.owner, allowed

        return self._logged(by, what, lease_id, detail, address, subject)

    def _logged(
        self,
        by: User,
        what: str,
        target: str,
        detail: Detail,
        address: str,
        subject: Callable[[LeaseDesk], tuple[str, Callable[[LeaseDesk], T]]],
    ) -> T:
        """Find on whom to act, act and log it in one transaction; what is refused is logged, too, and nothing else."""

        def work(book: LeaseBook) -> T | SkydeskError:
            desk = self._leases.desk(book)
            told = {name: value[:_LONGEST_TEXT] if isinstance(value, str) else value for name, value in detail.items()}
            act = Act(at=desk.now, who=by.name, what=what, target=_one_line(target), detail=told, address=address)
            try:
                on_whom, do = subject(desk)
                act = replace(act, on_whom=on_whom)
                result = do(desk)
            except SkydeskError as refusal:
                book.log(replace(act, outcome=f"refused: {refusal}"))
                return refusal
            book.log(act if not isinstance(result, Message) else replace(act, target=result.id))
            return result

        outcome = self._leases.store.write(work)
        if isinstance(outcome, SkydeskError):
            raise outcome
        return outcome

    def _require_may_tell(self, by: User, to_kind: str, to_name: str) -> None:
        if "admin" in by.rights or (to_kind == "group" and to_name in by.administers):
            return
        mine = ", ".join(sorted(by.administers)) or "nobody"
        raise NotAllowed(f"{by.name} may not send messages to {audience_words(to_kind, to_name)}; open to them is: {mine}")

    def _require_audience(self, to_kind: str, to_name: str) -> None:
        known = {"all": {""}, "group": set(self._leases.policy.groups), "profile": set(self._leases.policy.profiles)}
        if to_name not in known[to_kind]:
            raise InvalidRequest([Fault(field="to", message=f"{to_kind} {to_name[:50]!r} is not in the policy")])


def sees(by: User, groups: Iterable[str]) -> bool:
    """Tell whether a user may look at somebody of some groups."""
    return bool(by.rights) or not by.administers.isdisjoint(groups)


def audience_words(to_kind: str, to_name: str) -> str:
    """Whom a message is for, as the audit log names it."""
    return "everybody" if to_kind == "all" else f"{to_kind} {to_name}"


def _require_acts(by: User, groups: Iterable[str], owner: str) -> None:
    if "admin" not in by.rights and by.administers.isdisjoint(groups):
        raise NotAllowed(f"{by.name} may not act on labs and jobs of {owner}; ask an administrator of the hub or of one of their groups")


def _checked_text(field: str, text: str, *, least: int) -> str:
    if len(text.strip()) < least:
        raise InvalidRequest([Fault(field=field, message="is empty; say something")])
    if len(text) > _LONGEST_TEXT:
        raise InvalidRequest([Fault(field=field, message=f"has {len(text)} characters; the most is {_LONGEST_TEXT}")])
    if any((c < " " and c not in "\n\t") or "\ud800" <= c <= "\udfff" for c in text):
        raise InvalidRequest([Fault(field=field, message="holds control characters; only line breaks and tabs are allowed")])
    return text


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)[:100]


def _ran_seconds(lease: Lease, since: datetime, now: datetime) -> float:
    begun = max(lease.started_at or now, since)
    return max(timedelta(0), (lease.ended_at or now) - begun).total_seconds()
