"""Cutouts by the rules: tables of positions, what they come to, within which limits."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from ..access import User
from ..errors import Fault, InvalidRequest, LimitExceeded, NotAllowed
from ..query.model import Cancellation
from ..query.running import RunningQueries
from ..survey import Release, Survey
from .chart import ChartObjects
from .drafts import Draft, DraftStore, PositionFiles
from .estimates import estimate
from .immediate import Piece, cut_now, preview_of
from .limits import refusal_of
from .model import NO_OBJECT, CutoutOptions, CutoutRequest, Estimate, Positions, Product
from .object_positions import ObjectPositions
from .options import option_faults
from .plan import duplicates_of, tiles_of
from .ports import CutoutRenderer, TileStore
from .position_text import PositionTable
from .positions import NameList, check_positions
from .preparation import JobInput, Placement, Preparation

__all__ = ["CutoutService"]

_SERVICE, _CHART = "cutout", "chart"
_MOST_FAULTS = 1000
_RESOLVED = 16
_QUICK_BYTES = 512 << 20
"""Largest reply of a request that is cut at once, bytes."""


class CutoutService:
    """Reads positions, says what will come of them, and cuts small requests at once; safe from several threads.

    Parameters
    ----------
    survey
        Whose tiles are cut.
    tiles
        Their images.
    renderer
        What makes files of pixels.
    objects
        Where objects are looked up by number.
    files
        Reads and writes tables of positions as files.
    chart_objects
        Asks the catalogue for the objects of a finding chart; None where there is none to ask.
    drafts
        Keeps tables of positions until they are submitted.
    names
        Positions of well-known objects; None for none.
    threads
        Rows of one request that are cut at a time.
    per_user, total
        Requests that are cut at once at the same time, of one user and of all.
    wait_seconds
        How long a further one waits before it is refused.
    clock
        Gives the time now, aware.
    """

    def __init__(
        self,
        *,
        survey: Survey,
        tiles: TileStore,
        renderer: CutoutRenderer,
        objects: ObjectPositions,
        files: PositionFiles,
        chart_objects: ChartObjects | None,
        drafts: DraftStore,
        names: NameList | None = None,
        threads: int = 1,
        per_user: int = 4,
        total: int = 8,
        wait_seconds: float = 10,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.survey, self.files, self.tiles, self.renderer = survey, files, tiles, renderer
        self.chart_objects, self.threads = chart_objects, threads
        self._objects, self._drafts, self._names, self._clock = objects, drafts, names, clock
        self._running = RunningQueries(per_user=per_user, total=total, wait_seconds=wait_seconds, what="requests for images")
        self._placed: OrderedDict[tuple[str, str], Placement] = OrderedDict()
        self._lock = threading.Lock()

    def releases(self, user: User) -> tuple[Release, ...]:
        """Releases whose images the user may have."""
        user.require_service(_SERVICE)
        return tuple(release for release in self.survey.releases if user.entitlements.allows_release(release.name))

    def release(self, user: User, name: str | None = None) -> str:
        """Name of a release that the user may have, the default one for None.

        Raises
        ------
        InvalidRequest
            There is none of this name.
        NotAllowed
            It is not open to the user.
        """
        user.require_service(_SERVICE)
        known = [release.name for release in self.survey.releases]
        chosen = self.survey.default_release.name if name is None else name
        if chosen not in known:
            raise InvalidRequest([Fault(field="release", message=f"{chosen[:50]!r} is no release; there are {', '.join(known)}")])
        if user.entitlements.allows_release(chosen):
            return chosen
        mine = self.releases(user)
        if name is None and mine:
            return mine[-1].name
        raise NotAllowed(f"release {chosen} is not open to {user.name}; ask for a group that grants it")

    def chart_allowed(self, user: User) -> bool:
        """Tell whether the user may have finding charts."""
        return user.entitlements.allows_service(_CHART)

    def read(self, user: User, table: PositionTable, *, both: bool = False) -> Draft:
        """Check a table of positions and keep it.

        Parameters
        ----------
        both
            True where a row may have id and position, as results of queries have.

        Raises
        ------
        InvalidRequest
            It cannot be read as a whole. Faults of rows are the draft's.
        NotAllowed
            The user may not have cutouts.
        """
        user.require_service(_SERVICE)
        checked = check_positions(table, bands=self.survey.bands, names=self._names, both=both)
        if not len(checked.positions):
            raise InvalidRequest("there are no positions; give a header that names RA and DEC, and a line a position")
        draft = Draft(
            table=table,
            positions=checked.positions,
            both=both,
            faults=checked.faults,
            fault_count=checked.fault_count,
            notes=checked.notes,
            created_at=self._clock(),
        )
        return self._drafts.keep(user.name, draft)

    def draft(self, user: User, draft_id: str) -> Draft:
        """Give a table of positions of this user's; NotFound where there is none."""
        user.require_service(_SERVICE)
        return self._drafts.get(user.name, draft_id)

    def remove(self, user: User, draft_id: str) -> None:
        """Forget a table of positions; NotFound where the user has none of this id."""
        user.require_service(_SERVICE)
        self._drafts.remove(user.name, draft_id)

    def faults_of_rows(self, draft: Draft, first: int, count: int) -> tuple[Fault, ...]:
        """Name every fault of some rows of a draft, which its first thousand may not reach."""
        if not draft.fault_count:
            return ()
        part = check_positions(draft.table.part(first, count), bands=self.survey.bands, names=self._names, both=draft.both)
        return tuple(replace(fault, row=None if fault.row is None else fault.row + first) for fault in part.faults)

    def place(self, user: User, draft: Draft, release: str | None = None) -> Placement:
        """Find where the positions of a draft are; objects are looked up in the catalogue.

        Raises
        ------
        ServiceUnavailable, DeadlineExceeded
            The catalogue did not answer.
        """
        name = self.release(user, release)
        with self._lock:
            placement = self._placed.get((draft.id, name))
        if placement is None:
            placement = self._place(draft.positions, name)
            with self._lock:
                self._placed[draft.id, name] = placement
                while len(self._placed) > _RESOLVED:
                    self._placed.popitem(last=False)
        return placement

    def prepare(self, user: User, draft: Draft, request: CutoutRequest) -> Preparation:
        """Say what a request comes to, and everything that is against it; errors as `place`."""
        faults = [*self._form_faults(user, request.options), *draft.faults]
        placement = self.place(user, draft, request.release)
        made = self._estimate(placement, request.options)
        refusal = refusal_of(user.entitlements.cutout, rows=len(draft.positions), made=made)
        return Preparation(estimate=made, faults=tuple(faults[:_MOST_FAULTS]), refusal=refusal)

    def job_input(self, user: User, draft: Draft, request: CutoutRequest) -> JobInput:
        """Give what a job of this request is made of.

        Raises
        ------
        InvalidRequest
            The form or the rows are wrong; every fault is named.
        LimitExceeded
            It passes a limit of the user's.
        """
        prepared = self.prepare(user, draft, request)
        if prepared.faults:
            raise InvalidRequest(prepared.faults)
        if prepared.refusal is not None:
            raise LimitExceeded(prepared.refusal)
        limits = user.entitlements.cutout
        return JobInput(
            request=replace(request, release=self.release(user, request.release)),
            positions=self.place(user, draft, request.release).positions,
            table=draft.table,
            max_positions=limits.max_positions,
            max_result_bytes=limits.max_result_bytes,
            limit_seconds=limits.max_seconds,
        )

    def quick(self, user: User, draft: Draft, request: CutoutRequest, cancellation: Cancellation) -> Iterator[Piece]:
        """Cut a small request at once.

        Yields
        ------
        Piece
            Each file as it is made, then each row's outcome.

        Raises
        ------
        InvalidRequest
            As in `job_input`; raised before the first piece, as are
        LimitExceeded
            there are more positions than are cut at once, or the files would be too large, or too many are at it;
        Cancelled
            somebody asked for it, at any time.
        """
        faults = [*self._form_faults(user, request.options), *draft.faults]
        if faults:
            raise InvalidRequest(faults[:_MOST_FAULTS])
        most = user.entitlements.cutout.quick_positions
        if len(draft.positions) > most:
            raise LimitExceeded(f"{len(draft.positions):,} positions were given, and {most:,} are cut at once; submit a job")
        placement = self.place(user, draft, request.release)
        made = self._estimate(placement, request.options)
        if made.size_bytes > _QUICK_BYTES:
            raise LimitExceeded(
                f"the files will take some {made.size_bytes >> 20:,} MiB, and {_QUICK_BYTES >> 20} are made at once; submit a job"
            )
        opened = ExitStack()
        cancellation_of_turn = opened.enter_context(self._running.admit(user.name))
        cancellation.on_cancel(lambda: cancellation_of_turn.cancel("the client has gone"))
        return self._pieces(opened, replace(request, release=placement.release), placement.positions, cancellation_of_turn)

    def preview(self, user: User, draft: Draft, row: int, request: CutoutRequest, kind: str, cancellation: Cancellation) -> bytes:
        """Draw one row of a draft as a PNG.

        Parameters
        ----------
        row
            From 0.
        request
            Its `CutoutOptions.lupton_bands`, for ``lupton`` and ``stiff``, or `fits_bands`, for ``grey``, begin with what is drawn.
        kind
            ``lupton``, ``stiff`` or ``grey``.

        Raises
        ------
        InvalidRequest
            There is no such row, or its position or the options are wrong.
        NotFound
            No tile with images covers it.
        """
        faults = self._form_faults(user, replace(request.options, products=frozenset({Product.LUPTON, Product.FITS})))
        if not 0 <= row < len(draft.positions):
            faults.append(Fault(field="row", message=f"must be from 1 to {len(draft.positions)}, got {row + 1}"))
        if faults:
            raise InvalidRequest(faults)
        placement = self.place(user, draft, request.release)
        with self._running.admit(user.name) as turn:
            cancellation.on_cancel(lambda: turn.cancel("the client has gone"))
            return preview_of(
                replace(request, release=placement.release),
                placement.positions,
                row,
                kind,
                survey=self.survey,
                tiles=self.tiles,
                renderer=self.renderer,
            )

    def _pieces(self, opened: ExitStack, request: CutoutRequest, positions: Positions, cancellation: Cancellation) -> Iterator[Piece]:
        with opened:
            yield from cut_now(
                request,
                positions,
                survey=self.survey,
                tiles=self.tiles,
                renderer=self.renderer,
                chart_objects=self.chart_objects,
                threads=self.threads,
                cancellation=cancellation,
            )

    def _place(self, given: Positions, release: str) -> Placement:
        unresolved = (given.object_id != NO_OBJECT) & np.isnan(given.ra_deg)
        positions = given
        if unresolved.any():
            ra, dec = given.ra_deg.copy(), given.dec_deg.copy()
            ra[unresolved], dec[unresolved] = self._objects.find(given.object_id[unresolved], release)
            positions = replace(given, ra_deg=ra, dec_deg=dec)
        plan = tiles_of(self.survey, positions)
        images = np.array([self.tiles.has_images(tile, release) for tile in plan.tile_names] + [False])
        return Placement(
            release=release,
            positions=positions,
            plan=plan,
            cut=images[plan.tile_index],
            unknown_ids=unresolved & np.isnan(positions.ra_deg),
        )

    def _estimate(self, placement: Placement, options: CutoutOptions) -> Estimate:
        duplicates = duplicates_of(placement.positions, options)
        return estimate(
            placement.positions,
            options,
            wanted=placement.cut & (duplicates == np.arange(len(duplicates))),
            tile_index=placement.plan.tile_index,
            pixel_scale_arcsec=self.survey.pixel_scale_arcsec,
            threads=self.threads,
        )

    def _form_faults(self, user: User, options: CutoutOptions) -> list[Fault]:
        user.require_service(_SERVICE)
        faults = option_faults(options, bands=self.survey.bands)
        if Product.CHART in options.products and not self.chart_allowed(user):
            faults.append(
                Fault(
                    field="products", message=f"has chart, but finding charts are not open to {user.name}; ask for a group that grants them"
                )
            )
        return faults
