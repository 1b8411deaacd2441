"""Cutout requests on the wire: what a form sends, and what a job keeps."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..access import User
from ..cutout.drafts import Draft
from ..cutout.model import ChartOptions, CutoutOptions, CutoutRequest, LuptonOptions, Product
from ..errors import Fault, InvalidRequest
from ..jobs.model import Job

__all__ = ["CUTOUT", "POSITIONS_FILE", "options_from_json", "options_to_json", "request_from_json", "request_to_json", "submit_cutouts"]

CUTOUT = "cutout"
"""Name of the service, and so the type of its jobs."""

POSITIONS_FILE = "positions.parquet"
"""Name of the input that a cutout job's positions travel as."""


def submit_cutouts(
    services: Any,
    user: User,
    draft: Draft,
    request: CutoutRequest,
    *,
    name: str | None = None,
    email: str | None = None,
    allow_duplicate: bool = False,
) -> Job:
    """Check a request and hand it with its positions to the jobs service; raises what the two report.

    Parameters
    ----------
    services
        The `skydesk.wiring.Services`.
    """
    made = services.cutouts.job_input(user, draft, request)
    payload = {
        **request_to_json(made.request),
        "max_positions": made.max_positions,
        "max_result_bytes": made.max_result_bytes,
        "inputs": {POSITIONS_FILE: {"rows": len(made.positions)}},
    }
    job: Job = services.jobs.submit(
        user,
        CUTOUT,
        payload,
        name=name,
        email=email,
        allow_duplicate=allow_duplicate,
        inputs={POSITIONS_FILE: services.cutouts.files.pack(made.positions, made.table)},
        limit_seconds=made.limit_seconds,
    )
    return job


def options_to_json(options: CutoutOptions) -> dict[str, Any]:
    """Options as JSON values; triplets are three letters, products in a fixed order."""
    return {
        **asdict(options),
        "products": [product.value for product in Product if product in options.products],
        "fits_bands": list(options.fits_bands),
        "lupton_bands": ["".join(triplet) for triplet in options.lupton_bands],
        "stiff_bands": ["".join(triplet) for triplet in options.stiff_bands],
        "planes": list(options.planes),
        "chart": {"bands": list(options.chart.bands), "faintest_helper_mag": options.chart.faintest_helper_mag},
    }


def options_from_json(value: Any) -> CutoutOptions:
    """Options from JSON values, each optional.

    Raises
    ------
    InvalidRequest
        A value is of another kind, or of a name that options have not; every fault is named. Whether bands and numbers are
        sensible is for `skydesk.cutout.options.option_faults` to say.
    """
    reader = _Reader(value, "")
    given = {
        "x_size_arcmin": reader.number("x_size_arcmin"),
        "y_size_arcmin": reader.number("y_size_arcmin"),
        "products": reader.products("products"),
        "fits_bands": reader.texts("fits_bands"),
        "lupton_bands": reader.triplets("lupton_bands"),
        "stiff_bands": reader.triplets("stiff_bands"),
        "discard_fits": reader.flag("discard_fits"),
        "planes": reader.texts("planes"),
        "resample": reader.flag("resample"),
    }
    lupton, chart = reader.inner("lupton"), reader.inner("chart")
    stretch = {name: lupton.number(name) for name in ("minimum", "stretch", "q")}
    drawn = {"bands": chart.texts("bands"), "faintest_helper_mag": chart.number("faintest_helper_mag")}
    faults = [*reader.finish(), *lupton.finish(), *chart.finish()]
    if faults:
        raise InvalidRequest(faults)
    return CutoutOptions(**_there(given), lupton=LuptonOptions(**_there(stretch)), chart=ChartOptions(**_there(drawn)))


def request_to_json(request: CutoutRequest) -> dict[str, Any]:
    """A request as the job keeps it."""
    return {
        "release": request.release,
        "options": options_to_json(request.options),
        "include_matched_csv": request.include_matched_csv,
    }


def request_from_json(value: Mapping[str, Any]) -> CutoutRequest:
    """The request that a job keeps."""
    return CutoutRequest(
        release=str(value["release"]),
        options=options_from_json(value.get("options", {})),
        include_matched_csv=bool(value.get("include_matched_csv", False)),
    )


def _there(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


class _Reader:
    """The values of a JSON object, read one by one; None where one is missing, null or wrong."""

    def __init__(self, values: Any, where: str) -> None:
        self._where, self._faults, self._read = where, [], set[str]()  # type: tuple[str, list[Fault], set[str]]
        if values is not None and not isinstance(values, Mapping):
            self._fault("", values, "an object")
        self._values: Mapping[str, Any] = values if isinstance(values, Mapping) else {}

    def number(self, name: str) -> float | None:
        """A number; NaN and infinities are none."""
        value = self._take(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
            self._fault(name, value, "a finite number")
            return None
        return float(value)

    def flag(self, name: str) -> bool | None:
        """True or false."""
        value = self._take(name)
        if value is None or isinstance(value, bool):
            return value
        self._fault(name, value, "true or false")
        return None

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A list of at most 100 texts."""
        value = self._take(name)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or len(value) > 100 or not all(isinstance(each, str) for each in value):
            self._fault(name, value, "a list of texts")
            return None
        return tuple(value)

    def triplets(self, name: str) -> tuple[tuple[str, ...], ...] | None:
        """A list of texts, one letter a band."""
        texts = self.texts(name)
        return None if texts is None else tuple(tuple(text.replace(",", "").replace(" ", "")) for text in texts)

    def products(self, name: str) -> frozenset[Product] | None:
        """A list of names of products."""
        texts = self.texts(name)
        if texts is None:
            return None
        if set(texts) - set(Product):
            self._fault(name, list(texts), f"some of {', '.join(Product)}")
            return None
        return frozenset(map(Product, texts))

    def inner(self, name: str) -> "_Reader":
        """An object inside this one."""
        return _Reader(self._take(name), name)

    def finish(self) -> list[Fault]:
        """Everything that was wrong, with the names that nobody asked for."""
        for name in sorted(set(map(str, self._values)) - self._read)[:20]:
            message = f"is no option; options are {', '.join(sorted(self._read))}"
            self._faults.append(Fault(field=self._path(name[:80]), message=message))
        return self._faults

    def _take(self, name: str) -> Any:
        self._read.add(name)
        return self._values.get(name)

    def _path(self, name: str) -> str:
        return ".".join(part for part in (self._where, name) if part) or "options"

    def _fault(self, name: str, value: Any, wanted: str) -> None:
        shown = repr(value)
        shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
        self._faults.append(Fault(field=self._path(name), message=f"must be {wanted}, got {shown}"))
