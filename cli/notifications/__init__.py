"""`firmbase notifications`: what the mails look like, and which addresses get none."""

import re
from email.message import EmailMessage
from email.utils import make_msgid
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.output import Json, print_json, print_table, say
from edge_jobs.api import Api
from edge_jobs.errors import PermanentError, Refused
from edge_jobs.notifications.letters import EVENTS
from edge_jobs.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)

Address = Annotated[str, typer.Argument(help="An e-mail address.")]


class Reason(StrEnum):
    bounced = "bounced"
    complained = "complained"


def known_event(event: str) -> str:
    if event in EVENTS:
        return event
    raise typer.BadParameter(f'there is no mail "{event}": write {", ".join(EVENTS)}.')


def hex_color(color: str | None) -> str | None:
    if color is None or re.fullmatch("#[0-9a-fA-F]{6}", color):
        return color and color.lower()
    raise typer.BadParameter(f'"{color}" is no colour: write one such as #14233c.')


@app.command("list")
def list_events(as_json: Json = False) -> None:
    """List the mails there are, by the event that each is about."""
    events = {event: " ".join((kind.__doc__ or "").split()) for event, kind in EVENTS.items()}
    if as_json:
        print_json([{"event": event, "about": about} for event, about in events.items()])
    else:
        print_table("Mails", ["event", "about"], [[*row] for row in events.items()])


@app.command()
def preview(
    event: Annotated[
        str,
        typer.Argument(help="Such as invitation; `list` shows all.", callback=known_event),
    ],
    html: Annotated[
        Path | None, typer.Option(help="Write it to this file, to look at in a browser.")
    ] = None,
    send: Annotated[
        str | None, typer.Option(help="Send it to this address, by the mail server or Resend.")
    ] = None,
    firm: Annotated[str | None, typer.Option(help="The name of the firm.")] = None,
    color: Annotated[
        str | None,
        typer.Option(help="The colour of the firm, such as #0b6e4f.", callback=hex_color),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show one mail with made-up facts: its headers and its text, without anybody getting it."""
    message = example(event, firm, color, send)
    if html:
        html.write_text(body(message, "html"), encoding="utf-8")
    if send:
        deliver(message)
    if as_json:
        headers = {name: str(value) for name, value in message.items() if name[0] != "C"}
        print_json(headers | {"text": body(message, "plain"), "html": body(message, "html")})
    elif html or send:
        done = [f"is in {html}"] * bool(html) + [f"went to {send}"] * bool(send)
        say(f"The mail {event} {' and '.join(done)}.")
    else:
        for name in ("From", "Subject", "List-Unsubscribe"):
            typer.echo(f"{name}: {message[name]}")
        typer.echo("\n" + body(message, "plain"), nl=False)


@app.command()
def suppress(
    address: Address,
    reason: Annotated[Reason, typer.Option(help="Why.")] = Reason.bounced,
    as_json: Json = False,
) -> None:
    """Send nothing to an address any more, from any firm."""
    Api(Settings.load()).rpc("suppress_address", address=address, reason=reason.value)
    if as_json:
        print_json({"address": address, "reason": reason.value})
    else:
        say(f"Nothing is sent to {address} any more.")


@app.command()
def allow(address: Address, as_json: Json = False) -> None:
    """Send to an address again, because its owner asks for it."""
    lifted = Api(Settings.load()).rpc("allow_address", address=address)
    if as_json:
        print_json({"address": address, "lifted": lifted})
    elif lifted:
        say(f"Mails go to {address} again.")
    else:
        say(f"Nothing kept mails from {address}.")


def example(event: str, firm: str | None, color: str | None, to: str | None) -> EmailMessage:
    """As the worker would write it, with the addresses of this project where it has some."""
    from edge_jobs.notifications.letters import compose
    from edge_jobs.notifications.message import BadHeader, build, unsubscribe_url
    from edge_jobs.notifications.samples import FIRM, sample

    settings = Settings.load() if to else None
    subject, facts = sample(event, firm=firm or FIRM, color=color)
    try:
        return build(
            compose(event, facts),
            firm=facts["firm"],
            color=color,
            sender=settings.mail_from if settings else "Firmbase <no-reply@example.com>",
            to=to or "somebody@example.com",
            subject=subject,
            # Each time another one: an example may be sent as often as one likes.
            message_id=make_msgid(domain="example.com"),
            app_url=settings.app_url if settings else "https://app.example.com",
            unsubscribe_url=unsubscribe_url(
                settings.url if settings else "https://project.example.com", "EXAMPLE"
            ),
        )
    except BadHeader as error:
        raise Refused(code=error.code, message=str(error)) from error


def deliver(message: EmailMessage) -> None:
    import smtplib

    import httpx

    from edge_jobs.errors import Snooze
    from edge_jobs.notifications.carrier import carrier
    from edge_jobs.notifications.resend import NotTaken

    try:
        carrier(Settings.load()).send(message)
    except PermanentError as error:
        raise Refused(code=error.code, message=str(error)) from error
    except (NotTaken, Snooze, httpx.HTTPError, smtplib.SMTPException, OSError) as error:
        said = f"The mail was not taken: {error}."
        raise Refused(code="not_taken", message=said, hint="Try `firmbase doctor`.") from error


def body(message: EmailMessage, kind: str) -> str:
    part: Any = message.get_body((kind,))
    return str(part.get_content())
