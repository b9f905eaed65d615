"""Tablets and phones: let in by a one-time QR code from a signed-in screen, shut out in one click."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Body as FromBody
from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from ap_ledger.bootstrap import Service
from ap_ledger.domain.device import RevokeDevice
from ap_ledger.errors import Refused
from ap_ledger.events.moments import moment
from ap_ledger.recording.ledger import new_id
from api.core.asking import Asker, Asking, keep_device
from api.core.gate import OPEN, Gate, gated
from api.core.giving import command_of, give
from api.core.navigation import Nav
from api.core.problems import problems
from api.core.service import Current, Using
from api.core.show import base_of, id_of, qr_code, read_form, setting_for, show, text_of
from api.people.answers import Enrolled

router = gated(default_response_class=HTMLResponse)


@router.get(
    "/devices",
    gate=Gate("manage-devices"),
    nav=Nav("Devices", "more", 8, also="phones tablets enrol", group="people"),
    include_in_schema=False,
)
def devices_page(request: Request, using: Current, asking: Asking, setting: str = "") -> HTMLResponse:
    """The devices of a setting."""
    return _devices(request, using, asking, setting)


def _devices(
    request: Request,
    using: Service,
    asking: Asker,
    setting: str,
    refusal: str = "",
    status: int = 200,
    qr: str = "",
    link: str = "",
    name: str = "",
) -> HTMLResponse:
    body, settings = setting_for(using.reader, asking, setting, "manage-devices")
    devices = [
        {
            "id": device["id"],
            "name": device["name"],
            "kind": device["kind"],
            "revoked": device["revoked"],
            "since": moment(device["enrolled_at"]).date(),
        }
        for device in using.reader.whole("devices", body)
    ]
    devices.sort(key=lambda device: (device["revoked"], str(device["name"])))
    return show(
        request,
        "devices.html",
        status,
        setting=body,
        settings=settings,
        devices=devices,
        said=refusal,
        qr=qr,
        link=link,
        name=name,
        command=new_id,
    )


@router.post("/devices", gate=Gate("manage-devices"), include_in_schema=False)
async def change_devices(request: Request, using: Using, asking: Asking) -> Response:
    """Shows a code that lets one device in within five minutes, or shuts one out."""
    return await run_in_threadpool(_change, request, using, asking, await read_form(request))


def _change(request: Request, using: Service, asking: Asker, form: FormData) -> Response:
    body, _ = setting_for(using.reader, asking, text_of(form, "setting"), "manage-devices")
    if text_of(form, "do") == "revoke":
        try:
            about = {"device": id_of(form, "device"), "reason_code": "revoked-by-staff"}
            command = command_of(RevokeDevice, form, asking, body["id"], **about)
            position = give(using, asking, command, form).position
        except Refused as refusal:
            return _devices(request, using, asking, body["id"], refusal.message, 422)
        return RedirectResponse(f"/devices?setting={body['id']}&min_position={position}", 303)
    name, kind = text_of(form, "name").strip(), text_of(form, "kind")
    if not 1 <= len(name) <= 120 or kind not in ("tablet", "phone"):
        return _devices(
            request,
            using,
            asking,
            body["id"],
            "Give the device a name of at most 120 letters, and say what it is.",
            422,
        )
    secret = using.ways_in.admit(UUID(body["id"]), name, "tablet" if kind == "tablet" else "phone", asking.person)
    link = f"{base_of(request)}/enrol?key={secret}"
    qr = qr_code(link, 6)
    return _devices(request, using, asking, body["id"], qr=qr, link=link, name=name)


@router.get("/enrol", gate=Gate(OPEN), include_in_schema=False)
def enrol_page(request: Request, using: Using, key: str = "") -> HTMLResponse:
    """What the code leads to, on the device itself. Opening it uses nothing up."""
    link = using.ways_in.look(key, "enrol")
    return show(request, "enrol.html", key=key, name=link.about["name"])


@router.post("/enrol", gate=Gate(OPEN), include_in_schema=False)
async def enrol(request: Request, using: Using) -> Response:
    """Lets this browser in as the device."""
    form = await read_form(request, 64 * 1024)
    _, credential = await run_in_threadpool(using.ways_in.enrol, text_of(form, "key"))
    return keep_device(RedirectResponse("/sign-in", 303), credential)


@router.post(
    "/api/v1/devices/enrol",
    gate=Gate(OPEN),
    operation_id="enrolDevice",
    summary="Let a device in by the code on a signed-in screen",
    responses=problems(403),
    response_class=JSONResponse,
)
def enrol_program(using: Using, key: Annotated[str, FromBody(embed=True, min_length=1, max_length=200)]) -> Enrolled:
    """The credential is shown once. Send it as `Authorization: Bearer CREDENTIAL`; it outlives every sign-in."""
    device, credential = using.ways_in.enrol(key)
    return Enrolled(device_id=device, credential=credential)
