"""What is sent to the pages: launches, changes of studies, log-ins; the code of the commands writes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tornado.web import HTTPError

from data_io.errors import ConfigError, UserError
from search.service.launching import launch_studies
from search.study.requests import ask_for_trials, ask_to_resume, ask_to_stop
from search.web.access import proves
from search.web.handlers import Handler, View
from search.web.launch_form import Upload, command_line, kept_space, read_form
from search.web.origin import is_own
from search.web.site import Site
from search.web.views.launch import form

WRONG_PASSWORD_SECONDS = 1.0  # for which the next guess has to wait


class Form(Handler):
    """A form that writes: of a visitor who may, from a page of ours."""

    def require_writer(self) -> None:
        """Refuse what may not write, or was not sent by a form of ours.

        Raises
        ------
        HTTPError
        """
        if not is_own(self.request.headers):
            raise HTTPError(403, "this was sent by a page of another site; open the form here")
        if not self.visitor.may_write:
            raise HTTPError(403, "%s", how_to_write(self.site))
        if not proves(self.visitor, self.get_body_argument("proof", "")):
            raise HTTPError(403, "this form is not of this server's present run; load its page again")

    def fields(self) -> dict[str, list[str]]:
        """Give the fields of the form."""
        return {name: self.get_body_arguments(name) for name in self.request.body_arguments}

    async def write_studies(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function that writes, one at a time; other pages are answered meanwhile."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self.site.writing, function, *arguments)
        finally:
            self.site.board.forget_look()
            self.site.rendered.forget()


class LaunchForm(Form, View):
    """Shows the form of a launch, and launches studies."""

    async def post(self) -> None:
        """Queue what is asked for, and show the command that does the same; or the form again."""
        self.require_writer()
        fields = self.fields()
        try:
            values = await self.write_studies(_launch, self.site, fields, self._upload())
            template = "launched.html"
        except UserError as error:
            self.set_status(400)
            template, values = "launch.html", await self.work(form, self.site, fields, str(error))
        self.finish(self.page(template, values))

    def _upload(self) -> Upload | None:
        files = self.request.files.get("space", [])
        return (
            Upload(files[0]["filename"][:200], files[0]["body"]) if files and files[0]["filename"] else None
        )


class ChangeForm(Form):
    """Stops or resumes a study, or changes its budget."""

    async def post(self) -> None:
        """Do it, and go back to the study's page."""
        self.require_writer()
        study, what = self.get_body_argument("study", ""), self.get_body_argument("change", "")
        try:
            await self.write_studies(_change, self.site, study, what, self.get_body_argument("trials", ""))
        except UserError as error:
            raise HTTPError(409, "%s", error) from error
        self.go_to(self.site.study_page(study))


class LogIn(Handler):
    """The page that asks for the password."""

    open_to_all = True

    def get(self) -> None:
        """Show it."""
        self.finish(self.page("login.html", {"problem": ""}))

    head = get

    async def post(self) -> None:
        """Begin a session, or ask again."""
        if not is_own(self.request.headers):
            raise HTTPError(403, "this was sent by a page of another site; log in here")
        if self.site.access.knows_password(self.get_body_argument("password", "", strip=False)):
            self.begin_session()
            self.go_to(f"{self.site.root}/")
            return
        await asyncio.sleep(WRONG_PASSWORD_SECONDS)
        self.set_status(403)
        self.finish(self.page("login.html", {"problem": "This is not the password."}))


def how_to_write(site: Site) -> str:
    """Say how a visitor who may not write gets to it."""
    if not site.access.writes:
        return (
            "these pages only show; rbptune serve without --read-only launches, stops and resumes from pages"
        )
    return (
        "this browser may only read; open the address with its token that rbptune serve printed when it began"
    )


def _launch(site: Site, fields: Mapping[str, Sequence[str]], upload: Upload | None) -> dict[str, Any]:
    folders: list[Path] = site.data_folders()
    with kept_space(upload, site.workspace) as space:
        asked = read_form(fields, folders, space)
        studies = launch_studies(asked, site.workspace)
    return {"studies": studies, "command": command_line(asked, site.workspace)}


def _change(site: Site, study: str, what: str, trials: str) -> None:
    match what:
        case "stop":
            ask_to_stop(site.workspace, study)
        case "resume":
            ask_to_resume(site.workspace, study)
        case "budget" if trials.isascii() and trials.isdigit() and int(trials[:9]) > 0:
            ask_for_trials(site.workspace, study, int(trials[:9]))
        case "budget":
            raise ConfigError(f"trials {trials[:20]!r}: not a whole number from 1 on")
        case _:
            raise ConfigError(f"{what[:20]!r}: unknown; send stop, resume or budget")
