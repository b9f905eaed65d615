"""Two hundred pieces of script through every text field there is, drawn by a real browser: none of them runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ap_ledger.domain.device import EnrolDevice
from ap_ledger.domain.framework import PublishFramework
from ap_ledger.domain.setting import AddCommissioner, AddPlace, SetRetention, SetTimetable
from ap_ledger.domain.student import AdmitStudent, ExpectStudent, IdentifyStudent, StartPlacement
from ap_ledger.domain.support import SetOwnItems
from ap_ledger.events.base import RETENTION_CLASSES, Ref
from ap_ledger.events.setting import RetentionClock, Slot
from ap_ledger.events.student import ExpectedDay
from ap_ledger.recording.ledger import new_id
from api.core.asking import SESSION_COOKIE
from frameworks import shipped_definitions
from tests.house import SLOTS, Clock, House

pytestmark = pytest.mark.browser

RUN = ("alert(1)", "window.ran=1", "top.ran=1", "(()=>{window.ran=1})()", "eval('ran=1')")
SHAPES = (
    "<script>{}</script>", "<ScRiPt>{}</sCrIpT>", "<script src=data:text/javascript,{}></script>", "<script type=module>{}</script>", "</script><script>{}</script>",
    "<img src=x onerror={}>", "<img src=x onerror=\"{}\">", "<img/src/onerror={}>", "<svg onload={}>", "<svg><script>{}</script></svg>", "<svg><animate onbegin={} attributeName=x>",
    "<body onload={}>", "<details open ontoggle={}>", "<input autofocus onfocus={}>", "<video><source onerror={}>", "<iframe srcdoc='<script>{}</script>'>", "<iframe src=javascript:{}>",
    "<object data=javascript:{}>", "<a href=javascript:{}>x</a>", "<form action=javascript:{}><button>x", "<meta http-equiv=refresh content='0;url=javascript:{}'>",
    "<style>@import 'javascript:{}'</style>", "<base href=javascript:{}//>", "<math><mtext><script>{}</script>", "<template><script>{}</script></template>",
    "'\"><script>{}</script>", "\"><img src=x onerror={}>", "' onmouseover='{}", "\" autofocus onfocus=\"{}", "--><script>{}</script>", "]]><script>{}</script>",
    "</title><script>{}</script>", "</textarea><script>{}</script>", "</style><script>{}</script>", "</option></select><script>{}</script>", "{{{{{}}}}}", "${{{}}}", "{{% {} %}}",
    "javascript:{}", "data:text/html,<script>{}</script>", "&lt;script&gt;{}&lt;/script&gt;", "\u003cscript\u003e{}\u003c/script\u003e", "<scr\x00ipt>{}</script>",
)  # fmt: skip
PAYLOADS = list(dict.fromkeys(shape.format(run).replace("\x00", "") for run, shape in product(RUN, SHAPES)))[:205]
EACH = 5
"""Payloads told about one student."""


def cut(words: str, length: int = 119) -> str:
    return words[:length]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, list[UUID]]]:
    clock = Clock(datetime.now(UTC).replace(microsecond=0))
    house = House.furnished("sqlite", tmp_path_factory.mktemp("script") / "data", clock=clock)
    run, students, now = house.ledger.execute, [], clock.now
    words = iter(PAYLOADS * 40)
    every_day = {"weekdays": tuple(range(1, 8))}
    slots = tuple(Slot(id=name, label=cut(next(words)), kind=kind, starts=a, ends=b, **every_day) for name, kind, a, b in SLOTS)
    run(SetTimetable(id=new_id(), setting_id=house.setting, from_date=date(2026, 1, 2), slots=slots))
    for words_ in PAYLOADS[:40]:
        run(AddPlace(id=new_id(), setting_id=house.setting, place_id=new_id(), label=cut(words_)))
        run(AddCommissioner(id=new_id(), setting_id=house.setting, commissioner_id=new_id(), name=cut(words_), kind="school"))
    for words_ in PAYLOADS:
        house.person(cut(words_), "ap-staff")
        run(EnrolDevice(id=new_id(), setting_id=house.setting, author_id=house.leader, device=new_id(), name=cut(words_), kind="tablet"))
    clocks = tuple(RetentionClock(retention_class=kept, years=0, counted_from="admission", basis=cut(next(words))) for kept in RETENTION_CLASSES)
    run(SetRetention(id=new_id(), setting_id=house.setting, author_id=house.leader, from_date=date(2026, 1, 1), clocks=clocks))
    ecm = next(one for one in shipped_definitions() if one["id"] == "every-child-matters")
    theirs = {**ecm, "id": "theirs", "title": PAYLOADS[7], "summary": PAYLOADS[8], "items": [{"id": f"t{n}", "label": cut(one), "items": [{"id": f"i{n}", "label": cut(one), "plain": cut(one)}]} for n, one in enumerate(PAYLOADS)]}  # fmt: skip
    theirs.pop("crosswalks", None)
    run(
        PublishFramework(
            id=new_id(), setting_id=house.setting, definition={name: theirs[name] for name in theirs if name not in ("scores", "bands", "translations")}
        )
    )
    days = tuple(ExpectedDay(weekday=n, slots=tuple(slot[0] for slot in SLOTS)) for n in range(1, 8))
    for first in range(0, len(PAYLOADS), EACH):
        some, student = PAYLOADS[first : first + EACH], new_id()
        whose: dict[str, Any] = {"setting_id": house.setting, "student": student, "author_id": house.leader}
        students.append(student)
        run(AdmitStudent(id=new_id(), on=date(2026, 1, 5), **whose))
        run(IdentifyStudent(id=new_id(), given_name=cut(some[0]), family_name=cut(some[1]), known_as=cut(some[2]), **whose))
        run(StartPlacement(id=new_id(), placement_id=new_id(), start=date(2026, 1, 5), purpose=cut(some[4]), **whose))
        run(ExpectStudent(id=new_id(), from_date=date(2026, 1, 5), days=days, **whose))
        run(SetOwnItems(id=new_id(), definition=Ref(id="personal-goal", version=1), labels={f"goal.{n + 1}": one for n, one in enumerate(some)}, **whose))
        common, at = {"student": student}, now - timedelta(hours=2)
        for one in some:
            note = house.note(one, at=at, **common)
            house.record(
                note, house.entry("voice-heard", at, student, speaker="student", words=one), house.entry("incident-recorded", at, student, category="argument", restrictive=False, text=one),
                house.entry("context-noted", at, student, category=cut(one), text=one), house.entry("visit-logged", at, student, effort="attempted", channel="phone", note=one),
                house.entry("worry-raised", at, student, text=one), house.unit("bus-stop", "introduced", at, **common, note=one), house.rung(at=at, **common),
                house.rung(one, at, **common), {**house.note(one, at=at, **common), "retention_class": one},
            )  # fmt: skip
            house.record({**house.correct(note, now - timedelta(hours=1), text=f"{one} again"), "reason": one, "reason_code": cut(one)})
    house.runner.catch_up()
    yield house, students
    house.close()


APP = ("/visit", "/day", "/steps", "/sessions")
"""The pages that write themselves in the browser."""


def test_no_words_that_anybody_can_write_ever_run(planted: tuple[House, list[UUID]], chromium: Any) -> None:
    from ap_ledger.cli.demo import serving

    house, students = planted
    assert len(PAYLOADS) >= 200 and len(set(PAYLOADS)) == len(PAYLOADS)
    lead = house.person("Larch", "dsl", "leader", "administrator")
    house.runner.catch_up()
    secret = house.accounts.begin(lead, "full")
    pages = [
        "/",
        "/people",
        "/devices",
        "/worries",
        "/due",
        "/learning",
        "/contact",
        "/retention",
        "/audit",
        "/frameworks",
        "/frameworks/theirs/1",
        "/proposals",
        "/me",
        "/frameworks/new",
        "/held",
        "/visit",
        "/day",
    ]
    pages += [f"/steps?student={student}" for student in students[:3]]
    pages += [f"/sessions?slot=lesson&framework={framework}@1" for framework in ("theirs", "personal-goal")]
    for student in students:
        pages += [f"/students/{student}", f"/students/{student}/erasure"]
    pages += [f"/students/{students[0]}/learning", f"/students/{students[0]}/questionnaires"]
    with serving(Path(house.settings.data)) as url:
        context = chromium.new_context()
        context.add_cookies(
            [{"name": SESSION_COOKIE, "value": secret, "domain": "127.0.0.1", "path": "/", "secure": True, "httpOnly": True, "sameSite": "Lax"}]
        )
        page, ran = context.new_page(), []
        page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: ran.append(message.text))
        page.on("pageerror", lambda error: ran.append(str(error)))
        drawn = 0
        for address in pages:
            answer = page.goto(url + address)
            assert answer is not None and answer.status == 200, address
            if address.startswith(APP):
                page.wait_for_selector('html[data-ready="1"]', state="attached")
            # The policy would stop a script that got in; a word in the console, or an element of the payloads', says that one did.
            found = page.evaluate(
                """() => ({ran: window.ran || top.ran || 0, drawn: document.body.innerText.split('alert(1)').length + document.body.innerText.split('ran=1').length,
                    inside: document.querySelectorAll('iframe, object, embed, base, video, math, template, meta[http-equiv], [onerror], [onload], [onfocus], [ontoggle], [onmouseover], '
                        + '[onbegin], a[href^="javascript:"], form[action^="javascript:"], script:not([src]):not([type="application/json"])').length})"""
            )
            assert (ran, found["ran"], found["inside"]) == ([], 0, 0), address
            drawn += found["drawn"]
        assert drawn > 2_000, "the words were there to be seen"
        context.close()
