"""What a request must be before anybody looks at what it asks for."""

from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

from skydesk.errors import NotAllowed

__all__ = ["is_json", "refuse_foreign"]

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": 80, "https": 443}


def refuse_foreign(request: HTTPServerRequest) -> None:
    """Refuse a call that a page from elsewhere makes with the cookies of a person who is logged in.

    Calls that carry a token are not for this: no browser adds a token by itself. XSRF tokens are checked beside it, by
    Jupyter's and the hub's own means.

    Raises
    ------
    NotAllowed
        The fetch metadata (W3C, ``Sec-Fetch-*``) or ``Origin`` name another site, or the mode is ``no-cors``, in which
        a form or an image tag could have made the call (CVE-2026-40864 in JupyterHub was this).
    """
    safe = request.method in _SAFE_METHODS
    mode = request.headers.get("Sec-Fetch-Mode", "").lower()
    site = request.headers.get("Sec-Fetch-Site", "").lower()
    if mode == "no-cors" and (not safe or site not in {"", "same-origin", "none"}):
        raise NotAllowed("calls in the fetch mode no-cors are refused; use mode cors or same-origin from the lab's own page")
    if not safe and site in {"cross-site", "same-site"}:
        raise NotAllowed(f"a page of another site may not make this call (Sec-Fetch-Site: {site})")
    origin = request.headers.get("Origin")
    if origin is not None and not _same_host(origin, request):
        raise NotAllowed(f"a page of {origin[:100]!r} may not make this call")


def is_json(content_type: str) -> bool:
    """Tell whether a ``Content-Type`` is JSON in UTF-8."""
    media_type, _, parameters = content_type.lower().partition(";")
    return media_type.strip() == "application/json" and parameters.replace(" ", "").strip('"') in {"", "charset=utf-8", 'charset="utf-8'}


def _same_host(origin: str, request: HTTPServerRequest) -> bool:
    """Compare host and port; not the scheme, since TLS may end at a proxy before us."""
    try:
        theirs = urlsplit(origin.lower())
        ours = urlsplit(f"//{request.host.lower()}")
        return theirs.hostname is not None and (theirs.hostname, theirs.port or _PORTS.get(theirs.scheme)) == (
            ours.hostname,
            ours.port or _PORTS.get(theirs.scheme),
        )
    except ValueError:
        return False
