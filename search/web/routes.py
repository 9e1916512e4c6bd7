"""The route table: every page of ours, and what answers it."""

from __future__ import annotations

import re
from typing import Any

from tornado.routing import PathMatches, Rule

from search.web.answers import ByNumber, Export, File, Report, Values
from search.web.asked import Query, Stamp
from search.web.forms import ChangeForm, LaunchForm, LogIn
from search.web.handlers import Static, Text, View
from search.web.site import STATIC, Site
from search.web.views.compare import compare
from search.web.views.launch import launch, shown_command
from search.web.views.overview import changes, overview
from search.web.views.study import importance, stamp, study


def routes(site: Site) -> list[Rule]:
    """List the routes; each is asked for with the root path, or without by a proxy that cuts it off."""

    def route(pattern: str, handler: type, **arguments: Any) -> Rule:
        matcher = PathMatches(f"(?:{re.escape(site.root)})?{pattern}$")
        return Rule(matcher, handler, arguments)

    def view(pattern: str, template: str, query: Query, stamp: Stamp | None = None) -> Rule:
        return route(pattern, View, template=template, query=query, stamp=stamp)

    return [
        view("/?", "overview.html", overview),
        view("/study/(.+)", "study.html", study, stamp),
        route(r"/study-(\d+)", ByNumber),
        view("/compare", "compare.html", compare),
        route("/changes", Values, query=changes),
        route("/importance/(.+)", Values, query=importance),
        route(r"/export/(.+)\.zip", Export),
        route("/report/(.+)", Report),
        route(r"/files/(.+)/([\w-][\w.-]*)", File),
        route("/launch", LaunchForm, template="launch.html", query=launch),
        route("/launch/command", Text, query=shown_command),
        route("/change", ChangeForm),
        route("/login", LogIn),
        route("/_/(.+)", Static, path=str(STATIC)),
    ]
