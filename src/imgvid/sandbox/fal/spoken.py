"""The forms in which fal answers what is not a result: JSON errors, an ingress page, a cut connection."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from imgvid.sandbox.fal.failures import Failure

# fal's ingress; its client takes "nginx" without x-fal-request-id for a sign that no app has answered.
_PAGE = (
    "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_REASONS = {
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}
_LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."


def answer(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(body, status=status, headers=headers)


def detail(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return answer({"detail": text}, status=status, headers=headers)


def failed(failure: Failure, headers: Mapping[str, str]) -> web.Response:
    return answer(failure.body, status=failure.status, headers={**failure.headers, **headers})


def not_found() -> web.Response:
    """What the queue says of an id that it does not know."""
    return answer({"status": "NOT_FOUND"}, status=404)


def no_app(app: str) -> web.Response:
    """Observed with both kinds of quotes; these are the later ones. It names the app alone."""
    name = app.split("/")[1]
    return detail(404, f'Application "{name}" not found')


def no_key(app: str | None) -> web.Response:
    """Without a valid key; a submit names the app."""
    if app is None:
        return detail(401, "No user found for Key ID and Secret")
    return detail(401, f'Cannot access application "{app}". Authentication is required to access this application.')


def locked() -> web.Response:
    return detail(403, _LOCKED)


def platform_problem(status: int, kind: str, message: str) -> web.Response:
    """The platform API has a form of its own."""
    return answer({"error": {"type": kind, "message": message}}, status=status)


def busy(retry_after_s: object) -> web.Response:
    headers = {"X-Fal-Needs-Retry": "1"}
    if isinstance(retry_after_s, int | float):
        headers["Retry-After"] = f"{retry_after_s:g}"
    body = {"detail": "Too many concurrent requests.", "error_type": "concurrent_requests_limit"}
    return answer(body, status=429, headers=headers)


def ingress(status: int) -> web.Response:
    page = _PAGE.format(status=status, reason=_REASONS.get(status, "Error"))
    return web.Response(status=status, text=page, content_type="text/html")
