"""Mail through a setting's own server. It says that there is something new, and nothing else: to whom, of what and of
whom stands nowhere in it."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from typing import Literal

from ap_ledger.stores.notices.channels import MailServer

SECONDS = 10
"""So long a server is waited for."""
SUBJECT = "There is something new for you in AP Ledger"
BODY = f"{SUBJECT}.\n\nSign in to see it: {{pages}}\n"
TEST_SUBJECT = "A test from AP Ledger"
TEST_BODY = "Mail from AP Ledger arrives. Nobody needs to do anything.\n\n{pages}\n"
ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST = re.compile(rf"(?=.{{1,253}}\Z)({LABEL}(\.{LABEL})*|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)")
"""A name that can be looked up, or an address of version 4 or 6."""

Fault = Literal["unreachable", "unsealed", "sign-in", "sender", "refused"]
"""What kept mail from being sent: no answer, no TLS that can be trusted, the name or the password, whom it is from, or
something else that the server did not like."""
Answer = Literal["sent", "unsure", "refused", "later"]
"""What became of one message: taken; perhaps taken, when the line broke; refused for good; or not now."""


class MailFault(Exception):
    """A server takes no mail at all."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def is_address(text: str) -> bool:
    """Whether this can be an e-mail address: one line, one @, and a name of a host behind it."""
    return len(text) <= 254 and text.isascii() and ADDRESS.fullmatch(text) is not None


class Line:
    """A line to a server, over which message after message goes."""

    def __init__(self, server: MailServer, client: smtplib.SMTP) -> None:
        self._server = server
        self._client = client

    def send(self, address: str, subject: str = SUBJECT, body: str = BODY) -> Answer:
        """Sends one message. Raises MailFault where the server takes none at all."""
        client, message = self._client, self._message(address, subject, body)
        try:
            code, _ = client.mail(self._server.sender)
            if code != 250:
                raise MailFault("sender")
            code, _ = client.rcpt(address)
            if code not in (250, 251):
                client.rset()
                return "later" if code // 100 == 4 else "refused"
        except (OSError, smtplib.SMTPException):
            raise MailFault("unreachable") from None
        try:
            code, _ = client.data(message.as_bytes(policy=SMTP))
        except smtplib.SMTPDataError as error:
            return "later" if error.smtp_code // 100 == 4 else "refused"
        except (OSError, smtplib.SMTPException):
            # The line broke while it was being said: it may have been heard, and is not said twice.
            return "unsure"
        return "sent" if code == 250 else "later" if code // 100 == 4 else "refused"

    def _message(self, address: str, subject: str, body: str) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._server.sender, address, subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=_domain(self._server))
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body.format(pages=self._server.pages))
        return message


@contextmanager
def line_to(server: MailServer) -> Iterator[Line]:
    """A line to a server, opened and signed in on. Raises MailFault."""
    client = _open(server)
    try:
        if server.user:
            _sign_in(client, server)
        yield Line(server, client)
    finally:
        with suppress(OSError, smtplib.SMTPException):
            client.quit()
        client.close()


def _open(server: MailServer) -> smtplib.SMTP:
    # Whoever receives it learns the sender's domain, which they see anyway, and not the name of this machine.
    here = _domain(server)
    try:
        if server.security == "tls":
            context = ssl.create_default_context()
            client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, here, timeout=SECONDS, context=context)
        else:
            client = smtplib.SMTP(server.host, server.port, here, timeout=SECONDS)
        client.ehlo_or_helo_if_needed()
    except ssl.SSLError:
        raise MailFault("unsealed") from None
    except (OSError, smtplib.SMTPException, UnicodeError):
        # A name that nobody can look up is no reason to send no other setting's mail.
        raise MailFault("unreachable") from None
    if server.security == "starttls":
        try:
            client.starttls(context=ssl.create_default_context())
            client.ehlo()
        except (OSError, smtplib.SMTPException):
            client.close()
            raise MailFault("unsealed") from None
    return client


def _sign_in(client: smtplib.SMTP, server: MailServer) -> None:
    try:
        client.login(server.user, server.password)
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError):
        raise MailFault("sign-in") from None
    except (OSError, smtplib.SMTPException, UnicodeError):
        raise MailFault("unreachable") from None


def _domain(server: MailServer) -> str:
    return server.sender.rpartition("@")[2]
