"""The hub's calls to the service, and what becomes of its answers."""

import httpx
import pytest

from skydesk_hub.service_client import ServiceClient, ServiceRefused, ServiceUnreachable
from tests.fakes.lease_service import FakeLeaseService
from tests.hub.policies import client_of, run


def answering(*replies: httpx.Response | Exception) -> ServiceClient:
    left = list(replies)

    def answer(request: httpx.Request) -> httpx.Response:
        reply = left.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    return ServiceClient("http://service/services/skydesk/", "t", transport=httpx.MockTransport(answer))


def test_calls_go_below_the_services_address_with_the_hubs_token() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"profiles": []})

    client = ServiceClient("http://service/services/skydesk/", "secret", transport=httpx.MockTransport(answer))
    run(client.profiles("vera", ["a", "b c"]))
    [request] = seen
    assert str(request.url) == "http://service/services/skydesk/skydesk/api/hub/profiles?user=vera&groups=a%2Cb+c"
    assert request.headers["Authorization"] == "token secret"


def test_a_refusal_keeps_status_words_and_detail(service: FakeLeaseService) -> None:
    service.spent.add("vera")
    with pytest.raises(ServiceRefused, match="used up") as caught:
        run(client_of(service).admit("vera", ["gpu"], "", "gpu"))
    assert (caught.value.status, caught.value.code) == (429, "limit_exceeded")


@pytest.mark.parametrize(
    "reply",
    [
        httpx.ConnectError("nobody listens"),
        httpx.ReadTimeout("slow"),
        httpx.Response(502, text="Bad gateway"),
        httpx.Response(500, json={"error": {"code": "internal", "message": "internal error", "detail": {}, "id": "1"}}),
        httpx.Response(401, json={"error": {"code": "unauthenticated", "message": "who are you", "detail": {}, "id": "1"}}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[1]),
        httpx.Response(403, json={"message": "of a proxy"}),
        httpx.Response(404, json={}),
    ],
    ids=["down", "slow", "proxy", "internal error", "wrong token", "no JSON", "a list", "a stranger's refusal", "another service"],
)
def test_whatever_is_no_answer_of_the_service_lets_nobody_in(reply: httpx.Response | Exception) -> None:
    with pytest.raises(ServiceUnreachable):
        run(answering(reply).admit("vera", ["gpu"], "", "gpu"))


def test_a_start_is_asked_for_once_and_an_end_is_told_until_it_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skydesk_hub.service_client._PAUSE_SECONDS", 0)
    down = httpx.ConnectError("nobody listens")
    with pytest.raises(ServiceUnreachable):
        run(answering(down, httpx.Response(201, json={})).admit("vera", ["gpu"], "", "gpu"))
    run(answering(down, down, httpx.Response(200, json={})).ended("lease1", "user", ""))
    with pytest.raises(ServiceUnreachable):
        run(answering(down, down, down, httpx.Response(200, json={})).ended("lease1", "user", ""))


def test_an_id_cannot_lead_to_another_route() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        return httpx.Response(200, json={})

    run(ServiceClient("http://s", "t", transport=httpx.MockTransport(answer)).started("../sync?x"))
    assert seen == ["/skydesk/api/hub/leases/..%2Fsync%3Fx/started"]
