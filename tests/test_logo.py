"""A logo is a small picture and nothing else, whatever was chosen, and stands on every page and on reports."""

from __future__ import annotations

import base64
import io
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pikepdf
import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageDraw, PngImagePlugin

from ap_ledger.domain.look import SetLogo
from ap_ledger.domain.pictures import BYTES, WIDEST, sides_of
from ap_ledger.domain.setting import OpenSetting
from ap_ledger.errors import Refused
from ap_ledger.recording.ledger import new_id
from api.setting import logos
from api.setting.logos import small_logo
from tests.browsing import Place, axe
from tests.house import House
from tests.test_setting_up import form_of, opened

SECRET = "52.1234N 1.4321W, by Hazel"


def drawn(width: int = 900, height: int = 300, mode: str = "RGBA") -> Image.Image:
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((1, 1, width - 2, height - 2), fill=(0, 105, 92, 255))
    return picture.convert(mode)


def file_of(picture: Image.Image, kind: str = "PNG", **more: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **more)
    return file.getvalue()


def part(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, dots: bytes, *more: bytes, kind: tuple[int, ...] = (8, 6, 0, 0, 0)) -> bytes:
    """A PNG written by hand, as no program writes one."""
    head = part(b"IHDR", struct.pack(">II", width, height) + bytes(kind))
    return b"".join([b"\x89PNG\r\n\x1a\n", head, *more, part(b"IDAT", zlib.compress(dots)), part(b"IEND", b"")])


def small() -> bytes:
    return small_logo(file_of(drawn()))


@pytest.fixture
def leader(house: House) -> Iterator[TestClient]:
    with house.browser() as client:
        yield client


def choose(client: TestClient, given: bytes, name: str = "logo.png") -> Any:
    fields = form_of(opened(client, "/setting/look"), "logo")
    return client.post("/setting/look", data=fields, files={"picture": (name, given)})


# What is kept ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "mode"), [
    *(("PNG", mode) for mode in ("RGBA", "RGB", "L", "P", "1", "LA")), *(("JPEG", mode) for mode in ("RGB", "L", "CMYK", "1")),
    *(("WEBP", mode) for mode in ("RGBA", "RGB", "L", "P", "1", "LA")),
])  # fmt: skip
def test_a_picture_of_any_kind_and_mode_becomes_a_small_one(kind: str, mode: str) -> None:
    picture = drawn(mode="RGB").convert("CMYK") if mode == "CMYK" else drawn(mode=mode)
    made = small_logo(file_of(picture, kind))
    # What is drawn in dots of two colours packs badly, and is made smaller still.
    assert sides_of(made) == ((256, 86) if mode == "1" else (512, 171)) and len(made) <= BYTES
    assert Image.open(io.BytesIO(made)).getpixel((128, 43))[3] == 255  # type: ignore[index]


def test_nothing_of_where_by_whom_and_with_what_it_was_made_is_kept() -> None:
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", SECRET)
    exif = Image.Exif()
    exif[0x010E], exif[0x013B] = SECRET, SECRET
    for given in (
        file_of(drawn(), pnginfo=words, exif=exif, icc_profile=SECRET.encode()),
        file_of(drawn(mode="RGB"), "JPEG", exif=exif, comment=SECRET, icc_profile=SECRET.encode()),
        file_of(drawn(), "WEBP", exif=exif, xmp=SECRET.encode(), icc_profile=SECRET.encode()),
    ):
        assert b"Hazel" in given or b"iCCP" in given
        made = small_logo(given)
        sides_of(made)
        assert b"Hazel" not in made and Image.open(io.BytesIO(made)).info == {}


def test_a_photograph_that_lies_on_its_side_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert sides_of(small_logo(file_of(drawn(300, 200, "RGB"), "JPEG", exif=exif))) == (128, 192)


def test_a_picture_full_of_noise_is_made_smaller_until_it_fits() -> None:
    noise = Image.effect_noise((800, 300), 90).convert("RGBA")
    made = small_logo(file_of(noise))
    assert sides_of(made)[0] < WIDEST and len(made) <= BYTES


def bomb() -> bytes:
    """A few kilobytes that claim 20,000 by 20,000 dots."""
    return png(20_000, 20_000, bytes(20_000 * 50))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b"%PDF-1.7 not a picture", "not a PNG, JPEG or WebP"),
        (b"", "not a PNG, JPEG or WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a PNG, JPEG or WebP"),
        (file_of(drawn(mode="RGB"), "GIF"), "not a PNG, JPEG or WebP"),
        (file_of(drawn(mode="RGB"), "BMP"), "not a PNG, JPEG or WebP"),
        (file_of(drawn())[:900], "damaged"),
        (file_of(drawn(mode="RGB"), "JPEG")[:2000], "damaged"),
        (file_of(drawn(), "WEBP")[:400], "damaged|not a PNG"),
        (bytes(2 * 1024 * 1024 + 1), "over 2 MB"),
        (bomb(), "more than a logo needs"),
        (png(5_000, 4_000, bytes(90)), "5,000 by 4,000 dots, which is more than a logo needs"),
        (png(9_700, 9_700, bytes(90)), "more than a logo needs"),
        (file_of(drawn(12, 12)), "12 by 12 dots"),
        (file_of(drawn(3000, 20)), "too long and narrow"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_logo_is_refused_in_a_sentence(given: bytes, told: str) -> None:
    with pytest.raises(Refused, match=told):
        small_logo(given)


def test_a_picture_with_a_bomb_of_words_is_refused_or_loses_them() -> None:
    words = part(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80_000_000), 9))
    given = png(64, 64, bytes(64 * (1 + 4 * 64)), words)
    assert len(given) < 200_000
    with pytest.raises(Refused, match="damaged"):
        small_logo(given)


# What a program may send ----------------------------------------------------------------------------------------------


LINE = 1 + 4 * 16
DOTS = bytes(16 * LINE)


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        (file_of(drawn(mode="RGB"), "JPEG"), "it is not a PNG"),
        (file_of(drawn(64, 64, "RGB")), "not a PNG of 8-bit RGBA"),
        (png(16, 16, DOTS, kind=(8, 6, 0, 0, 1)), "without interlacing"),
        (png(16, 16, DOTS, part(b"tEXt", b"Comment\0Hazel")), "more than the picture"),
        (png(16, 16, DOTS) + b"Hazel was here", "damaged"),
        (png(16, 16, DOTS) + part(b"tEXt", b"Hazel"), "more than the picture"),
        (png(16, 16, DOTS)[:-3], "damaged"),
        (png(16, 16, DOTS).replace(b"IDAT", b"IDAX"), "damaged"),
        (png(513, 16, bytes(16 * (1 + 4 * 513))), "within 512 by 192"),
        (png(15, 16, DOTS), "at least 16"),
        (png(16, 16, DOTS[:-1]), "more dots than it says, or fewer"),
        (png(16, 16, DOTS + b"\0"), "more dots than it says, or fewer"),
        (png(16, 16, bytes(60_000_000)), "more dots than it says, or fewer"),
        (b"\x89PNG\r\n\x1a\n" + bytes(70_000), "over 64 kB"),
        (b"\x89PNG\r\n\x1a\n", "more than the picture, or less"),
        (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", b"1") + part(b"IEND", b""), "more than the picture, or less"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_program_that_sends_anything_but_a_small_plain_picture_is_told_why_not(house: House, picture: bytes, told: str) -> None:
    written = base64.b64encode(picture).decode()
    if len(written) > 90_000:
        with pytest.raises(Refused, match="at most 64 kB"):
            SetLogo(id=new_id(), setting_id=house.setting, picture=written)
        return
    with pytest.raises(Refused, match=f"This logo cannot be kept: .*{told}"):
        house.ledger.execute(SetLogo(id=new_id(), setting_id=house.setting, picture=written))


@pytest.mark.parametrize("written", ["AAA", "AA=A", "====", "QUJD!"])
def test_what_is_no_base64_is_refused(house: House, written: str) -> None:
    with pytest.raises(Refused):
        house.ledger.execute(SetLogo(id=new_id(), setting_id=house.setting, picture=written))


# Where it stands ------------------------------------------------------------------------------------------------------


def test_a_chosen_logo_stands_on_every_page_and_is_kept_by_a_browser_until_there_is_another(leader: TestClient) -> None:
    assert 'class="logo"' not in opened(leader, "/students")
    done = choose(leader, file_of(drawn(mode="RGB"), "JPEG"), "IMG_0042 of Ash.jpg")
    assert "The logo stands on every page" in done.text and "Ash" not in done.text
    address = re.search(r'class="logo" src="([^"]+)"', opened(leader, "/students"))[1]  # type: ignore[index]
    shown = leader.get(address)
    assert (shown.status_code, shown.headers["content-type"], sides_of(shown.content)) == (200, "image/png", (512, 171))
    assert "immutable" in shown.headers["cache-control"] and "private" in shown.headers["cache-control"]
    choose(leader, file_of(drawn(200, 200)))
    assert leader.get(address).status_code == 404
    gone = leader.post("/setting/look", data=form_of(opened(leader, "/setting/look"), "no-logo"))
    assert "taken off" in gone.text and 'class="logo"' not in gone.text


def test_a_slip_is_said_on_the_page(leader: TestClient) -> None:
    answer = choose(leader, b"words")
    assert answer.status_code == 422 and "not a PNG, JPEG or WebP" in re.search(r'role="alert">([^<]+)', answer.text)[1]  # type: ignore[index]
    fields = form_of(opened(leader, "/setting/look"), "logo")
    assert "Choose a picture first" in leader.post("/setting/look", data=fields).text


def test_the_logo_of_another_setting_is_not_shown(house: House) -> None:
    other = new_id()
    house.ledger.execute(OpenSetting(id=new_id(), setting_id=other, name="Otherfield"))
    house.ledger.execute(SetLogo(id=new_id(), setting_id=other, picture=base64.b64encode(small()).decode()))
    house.runner.catch_up()
    body = house.reader.one("settings", str(other))
    assert body is not None
    address = f"/setting/{other}/logo/{body['logo']['mark']}.png"
    with house.browser() as client:
        assert client.get(address).status_code in (403, 404)


def test_the_body_that_every_page_reads_does_not_hold_the_picture(house: House) -> None:
    house.ledger.execute(SetLogo(id=new_id(), setting_id=house.setting, picture=base64.b64encode(small()).decode()))
    house.runner.catch_up()
    body = house.reader.one("settings", str(house.setting))
    assert body is not None and len(str(body["logo"])) < 200 and (body["logo"]["width"], body["logo"]["height"]) == (512, 171)


def pictures_in(pdf: bytes) -> list[tuple[int, int]]:
    """The sides of every picture that shows through, in a PDF."""
    with pikepdf.open(io.BytesIO(pdf)) as opened_pdf:
        found = [thing for thing in opened_pdf.objects if isinstance(thing, pikepdf.Stream) and thing.get("/Subtype") == "/Image"]
        return [(int(picture.Width), int(picture.Height)) for picture in found if "/SMask" in picture]


def test_a_report_has_the_logo_on_paper_on_a_page_and_with_words_for_whoever_does_not_see_it(house: House, leader: TestClient) -> None:
    address = f"/reports/make?layout=family&student={house.student}&from=2026-01-05&to=2026-03-06"
    before = leader.get(f"{address}&form=pdf")
    assert before.status_code == 200, before.text
    choose(leader, file_of(drawn()))
    assert pictures_in(before.content) == [] and pictures_in(leader.get(f"{address}&form=pdf").content) == [(512, 171)]
    page = leader.get(address).text
    assert 'alt="The logo of Riverbank"' in page and 'src="data:image/png;base64,' in page


def test_a_report_from_what_was_known_on_an_earlier_day_has_the_logo_of_that_day(house: House, leader: TestClient) -> None:
    choose(leader, file_of(drawn()))
    address = f"/reports/make?layout=family&student={house.student}&from=2026-01-05&to=2026-03-06"
    assert 'alt="The logo of Riverbank"' in leader.get(address).text
    assert 'alt="The logo of Riverbank"' not in leader.get(f"{address}&known=2026-03-05").text


@pytest.mark.browser
def test_a_logo_is_chosen_in_a_browser_on_a_phone_and_a_desk(place: Place, browsers: Callable[..., Any], tmp_path: Any) -> None:
    chosen = tmp_path / "logo.png"
    chosen.write_bytes(file_of(drawn()))
    for width, scheme in ((390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")):
        context = browsers(place.story.others["leader"], None, viewport={"width": width, "height": 844}, color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{place.chaos.url}/setting/look")
        page.set_input_files("#picture", chosen)
        page.locator("form:has(#picture) button").click()
        assert "The logo stands on every page" in page.inner_text("main")
        page.wait_for_load_state("load")
        shown = page.evaluate("() => [...document.querySelectorAll('img.logo')].map((one) => one.complete && one.naturalWidth)")
        assert shown == [512, 512]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        axe(page, f"the logo at {width}, {scheme}")


def test_what_is_refused_is_refused_before_a_dot_of_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logos.ImageOps, "exif_transpose", lambda picture: pytest.fail("it was opened"))
    with pytest.raises(Refused, match="more than a logo needs"):
        small_logo(png(5_000, 4_000, bytes(90)))


def test_a_grey_of_sixteen_bits_stays_the_grey_that_it_is() -> None:
    given = png(100, 60, (b"\0" + struct.pack(">H", 20_000) * 100) * 60, kind=(16, 0, 0, 0, 0))
    dot = Image.open(io.BytesIO(small_logo(given))).getpixel((50, 30))
    assert isinstance(dot, tuple) and 75 <= dot[0] <= 79 and dot[3] == 255
