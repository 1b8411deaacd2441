"""A hub that knows some tokens: the part of JupyterHub's API that a service asks."""

import json
from collections.abc import Mapping
from typing import Any

from tornado.web import Application, RequestHandler

__all__ = ["FakeHub"]


class FakeHub:
    """Answers ``GET /hub/api/user`` for tokens, and counts how often it was asked. ``down`` makes it fail."""

    def __init__(self, users: Mapping[str, Mapping[str, Any]]) -> None:
        self.users = dict(users)
        self.asked = 0
        self.down = False

    def application(self) -> Application:
        return Application([("/hub/api/user", _UserHandler, {"hub": self})])


class _UserHandler(RequestHandler):
    def initialize(self, hub: FakeHub) -> None:
        self.hub = hub

    def get(self) -> None:
        self.hub.asked += 1
        token = self.request.headers.get("Authorization", "").partition(" ")[2]
        if self.hub.down:
            self.set_status(503)
            self.finish("the hub is down")
        elif token not in self.hub.users:
            self.set_status(403)
            self.finish(json.dumps({"status": 403, "message": "Missing or invalid credentials."}))
        else:
            self.finish(json.dumps({"kind": "user", "admin": False, **self.hub.users[token]}))
