"""The action that sends messages to phones."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import voluptuous as vol

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.components.notify import BaseNotificationService
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr

from ..common import Claude, messages_of, translation_of
from .common import Phone, add_phone, notifications

pytestmark = [pytest.mark.smoke]

MESSAGE = {"title": "Session limit reached", "message": "At 16:00.", "tag": "session"}


async def send(claude: Claude, *phones: Phone | str, **data: Any) -> None:
    """Send a message with the action."""
    devices = [item if isinstance(item, str) else item.device for item in phones]
    await claude.hass.services.async_call(
        DOMAIN, "send_message", {**MESSAGE, "phones": devices, **data}, blocking=True
    )


@pytest.fixture
async def claude(claude: Claude) -> Claude:
    """Return Home Assistant with an account."""
    await claude.entry()
    return claude


async def test_fields(claude: Claude) -> None:
    """With a sound: the fields of Android and of iOS."""
    phone = add_phone(claude.hass)
    await send(claude, phone, url="https://example.org/")
    (call,) = phone.calls
    assert call.data == {
        "title": "Session limit reached",
        "message": "At 16:00.",
        "data": {
            "channel": "Claude",
            "clickAction": "https://example.org/",
            "group": "claude_pulse",
            "priority": "high",
            "tag": "session",
            "url": "https://example.org/",
        },
    }
    assert not notifications(claude.hass)


async def test_silent_fields(claude: Claude) -> None:
    """Without a sound: Android takes it from the channel, and iOS from the push."""
    phone = add_phone(claude.hass)
    await send(claude, phone, sound=False)
    (call,) = phone.calls
    assert call.data["data"] == {
        "alert_once": True,
        "channel": "Claude (silent)",
        "clickAction": "https://claude.ai/settings/usage",
        "group": "claude_pulse",
        "importance": "low",
        "priority": "normal",
        "push": {"interruption-level": "passive", "sound": "none"},
        "tag": "session",
        "url": "https://claude.ai/settings/usage",
    }


@pytest.mark.parametrize(
    ("live_update", "expected"),
    [
        (
            {"percent": 42.4, "ends_at": "2026-05-04T16:00:00+00:00"},
            {
                "chronometer": True,
                "critical_text": "42%",
                "progress": 42,
                "when": 1777910400,
            },
        ),
        (
            {"percent": "104", "ends_at": None},
            {"critical_text": "100%", "progress": 100},
        ),
        ({"percent": -1}, {"critical_text": "0%", "progress": 0}),
    ],
)
async def test_live_update(
    claude: Claude, live_update: dict[str, Any], expected: dict[str, Any]
) -> None:
    """The fields of a live update, which are the same on Android and iOS."""
    phone = add_phone(claude.hass)
    await send(claude, phone, sound=False, live_update=live_update)
    (call,) = phone.calls
    silent = {"alert_once", "importance", "push"}
    common = {"channel", "clickAction", "group", "priority", "tag", "url", *silent}
    shown = {key: item for key, item in call.data["data"].items() if key not in common}
    assert shown == {"live_update": True, "progress_max": 100, **expected}


async def test_no_live_update_without_a_phone(
    claude: Claude, caplog: pytest.LogCaptureFixture
) -> None:
    """Progress is nothing for the notifications of Home Assistant."""
    await send(claude, sound=False, live_update={"percent": 42})
    await send(claude, "unknown", sound=False, live_update={"percent": 42})
    assert not notifications(claude.hass)
    assert len(messages_of(caplog, "messages.phones")) == 1


async def test_no_phones(claude: Claude) -> None:
    """Without phones, the message is a notification until it is cleared."""
    await send(claude)
    await send(claude, title="Session limit: you can continue", sound=False)
    assert notifications(claude.hass) == {"session": "Session limit: you can continue"}
    await claude.hass.services.async_call(
        DOMAIN, "clear_message", {"tag": "session"}, blocking=True
    )
    assert not notifications(claude.hass)


async def test_clear(claude: Claude) -> None:
    """All phones remove the message, also if one cannot be reached."""
    ada, ben = add_phone(claude.hass), add_phone(claude.hass, "iPhone")
    await send(claude, ada, "unknown")
    assert notifications(claude.hass)
    await claude.hass.services.async_call(
        DOMAIN,
        "clear_message",
        {"tag": "session", "phones": [ada.device, "unknown", ben.device]},
        blocking=True,
    )
    assert not notifications(claude.hass)
    for phone in (ada, ben):
        assert phone.calls[-1].data == {
            "message": "clear_notification",
            "data": {"tag": "session"},
        }


async def test_several_phones(claude: Claude) -> None:
    """Each phone gets the message once, even if it is chosen twice."""
    ada, ben = add_phone(claude.hass), add_phone(claude.hass, "iPhone")
    await send(claude, ada, ben, ada)
    assert ada.texts == ben.texts == ["Session limit reached"]
    assert not notifications(claude.hass)


async def test_one_phone_as_text(claude: Claude) -> None:
    """One device ID needs no list."""
    phone = add_phone(claude.hass)
    await send(claude, phones=phone.device)
    assert phone.texts == ["Session limit reached"]


async def test_renamed_phone(claude: Claude) -> None:
    """A name that somebody gave the device in Home Assistant changes no action."""
    phone = add_phone(claude.hass)
    registry = dr.async_get(claude.hass)
    registry.async_update_device(phone.device, name_by_user="Kitchen phone")
    await send(claude, phone)
    assert phone.texts == ["Session limit reached"]


def remove(hass: HomeAssistant, phone: Phone) -> None:
    """Delete a phone."""
    dr.async_get(hass).async_remove_device(phone.device)


async def test_deleted_phone(claude: Claude, caplog: pytest.LogCaptureFixture) -> None:
    """The other phones get the message, which is also a notification."""
    ada, ben = add_phone(claude.hass), add_phone(claude.hass, "Ben's iPhone")
    remove(claude.hass, ada)
    await send(claude, ada, ben)
    assert (ada.texts, ben.texts) == ([], ["Session limit reached"])
    assert notifications(claude.hass) == {"session": "Session limit reached"}
    assert messages_of(caplog, "messages.phones") == [
        f"A message may not have reached device {ada.device}: it has no notify action. Open "
        "the Home Assistant app on it, or remove it from the automation"
    ]


async def test_same_names(claude: Claude, caplog: pytest.LogCaptureFixture) -> None:
    """Home Assistant has one action for both, and nobody knows whose phone gets it."""
    ada, ben = add_phone(claude.hass, "iPhone"), add_phone(claude.hass, "iPhone!")
    await send(claude, ada)
    assert (ada.texts, ben.texts) == ([], [])
    assert notifications(claude.hass)
    assert messages_of(caplog, "messages.phones") == [
        f"A message may not have reached device {ada.device}: another device has the same "
        "name. Rename one of them in the Home Assistant app"
    ]
    remove(claude.hass, ada)
    await send(claude, ben)
    assert ben.texts == ["Session limit reached"]


async def test_action_that_fails(
    claude: Claude, caplog: pytest.LogCaptureFixture
) -> None:
    """An action that raises anything, or is missing. No name is logged."""

    async def fail() -> None:
        raise HomeAssistantError("mobile_app_ada_s_pixel_8 of Ada is not connected")

    async def crash() -> None:
        raise ValueError("Ada")

    phones = [
        add_phone(claude.hass, "Ada's iPhone", fail),
        add_phone(claude.hass, "Ada's iPad", crash),
        add_phone(claude.hass, "Ada's tablet", has_action=False),
    ]
    working = add_phone(claude.hass)
    await send(claude, *phones, working)
    assert working.texts == ["Session limit reached"]
    assert notifications(claude.hass) == {"session": "Session limit reached"}
    logged = messages_of(caplog, "messages.phones")
    assert len(logged) == 3
    for phone, message in zip(phones, logged, strict=True):
        assert phone.device in message
        assert "ada" not in message.lower().replace(phone.device, "")


async def test_slow_phone(claude: Claude, caplog: pytest.LogCaptureFixture) -> None:
    """A phone that never answers holds up no other, and the message is a notification."""
    got = asyncio.Event()

    async def wait_forever() -> None:
        await asyncio.Event().wait()

    async def answer() -> None:
        got.set()

    slow = add_phone(claude.hass, "iPhone", wait_forever)
    working = add_phone(claude.hass, on_message=answer)
    sending = asyncio.create_task(send(claude, slow, working))
    await got.wait()
    assert not notifications(claude.hass)
    claude.clock.tick(31)
    await sending
    assert working.texts == ["Session limit reached"]
    assert notifications(claude.hass)
    (message,) = messages_of(caplog, "messages.phones")
    assert message.endswith("there was no answer for 30 seconds")


async def test_clear_with_a_slow_phone(claude: Claude) -> None:
    """A new message that comes while a phone is slow is not removed."""
    await send(claude)
    asked, answered = asyncio.Event(), asyncio.Event()

    async def be_slow() -> None:
        asked.set()
        await answered.wait()

    slow = add_phone(claude.hass, on_message=be_slow)
    data = {"tag": "session", "phones": [slow.device]}
    clearing = asyncio.create_task(
        claude.hass.services.async_call(DOMAIN, "clear_message", data, blocking=True)
    )
    await asked.wait()
    assert not notifications(claude.hass)
    await send(claude, title="Session limit: you can continue")
    answered.set()
    await clearing
    assert notifications(claude.hass) == {"session": "Session limit: you can continue"}


async def test_order_of_messages(claude: Claude) -> None:
    """A phone that is slow to remove a message does not remove the next one."""
    asked, answered = asyncio.Event(), asyncio.Event()

    async def be_slow_once() -> None:
        if not asked.is_set():
            asked.set()
            await answered.wait()

    slow = add_phone(claude.hass, on_message=be_slow_once)
    data = {"tag": "session", "phones": [slow.device]}
    clearing = asyncio.create_task(
        claude.hass.services.async_call(DOMAIN, "clear_message", data, blocking=True)
    )
    await asked.wait()
    sending = asyncio.create_task(send(claude, slow))
    for _ in range(100):
        await asyncio.sleep(0)
    answered.set()
    await asyncio.gather(clearing, sending)
    assert slow.texts == ["clear_notification", "Session limit reached"]


async def test_phones_at_the_same_time(claude: Claude) -> None:
    """No phone waits for another."""
    both = asyncio.Event()
    waiting = 0

    async def wait_for_the_other() -> None:
        nonlocal waiting
        waiting += 1
        if waiting == 2:
            both.set()
        await both.wait()

    ada = add_phone(claude.hass, "iPhone", wait_for_the_other)
    ben = add_phone(claude.hass, "iPad", wait_for_the_other)
    await send(claude, ada, ben)
    assert len(ada.calls) == len(ben.calls) == 1


async def test_anyone_can_send(claude: Claude) -> None:
    """A user who is no administrator sends it as that user."""
    user = await claude.hass.auth.async_create_user(
        "Ben", group_ids=["system-read-only"]
    )
    phone = add_phone(claude.hass)
    context = Context(user_id=user.id)
    for name, data in (
        ("send_message", {**MESSAGE, "phones": [phone.device]}),
        ("clear_message", {"tag": "session", "phones": [phone.device]}),
    ):
        await claude.hass.services.async_call(
            DOMAIN, name, data, blocking=True, context=context
        )
    assert phone.texts == ["Session limit reached", "clear_notification"]
    assert {call.context.user_id for call in phone.calls} == {user.id}


@pytest.mark.parametrize(
    "data",
    [
        {"title": None},
        {"tag": None},
        {"live_update": {}},
        {"live_update": {"percent": "x"}},
        {"live_update": {"percent": 1, "ends_at": "x"}},
        {"live_update": {"percent": "nan"}},
        {"live_update": {"percent": 1, "ends_at": "9999-12-31T23:59:59-10:00"}},
        {"sound": "x"},
    ],
)
async def test_invalid_data(claude: Claude, data: dict[str, Any]) -> None:
    """Invalid data is refused."""
    with pytest.raises(vol.Invalid):
        await send(claude, **data)


async def test_automation_with_a_number_as_its_name(claude: Claude) -> None:
    """A template turns such a name into a number, and the message has it nevertheless."""
    event = {"type": "choose_account", "kind": "account", "limit": "account"}
    composed = await claude.hass.services.async_call(
        DOMAIN,
        "compose_message",
        {"event": {**event, "automation": 2026}},
        blocking=True,
        return_response=True,
    )
    assert composed
    assert str(composed["message"]).startswith("The automation 2026 does not know")


async def test_time_out_of_range(claude: Claude) -> None:
    """A time that cannot be converted to UTC is refused like any other invalid one."""
    with pytest.raises(vol.Invalid):
        await claude.hass.services.async_call(
            DOMAIN,
            "list_events",
            {"since": "0001-01-01T00:00:00+10:00"},
            blocking=True,
            return_response=True,
        )


async def test_responses(claude: Claude) -> None:
    """The two actions with a response, and an event that is not one."""
    hass = claude.hass
    event = {"type": "test", "kind": "account", "limit": "test", "device_id": "1"}
    composed = await hass.services.async_call(
        DOMAIN, "compose_message", {"event": event}, blocking=True, return_response=True
    )
    assert composed == {
        "title": "Claude Pulse alerts work",
        "message": "You will get messages like this one.",
        "tag": "claude_pulse_1_test",
        "url": "https://claude.ai/settings/usage",
    }
    with pytest.raises(ServiceValidationError, match="no type or limit") as error:
        await hass.services.async_call(
            DOMAIN,
            "compose_message",
            {"event": {"type": "unknown"}},
            blocking=True,
            return_response=True,
        )
    assert await translation_of(hass, error.value) == f"{error.value}."


async def test_reason_in_the_language(claude: Claude) -> None:
    """Why the usage cannot be read, and nothing for a reason that is not known."""
    event = {"type": "cannot_be_read", "kind": "account", "limit": "account"}
    for reason, expected in (
        (
            "rate_limited",
            "claude.ai is rate limiting you. Claude Pulse waits and tries ",
        ),
        ("unknown", ""),
        (None, ""),
    ):
        composed = await claude.hass.services.async_call(
            DOMAIN,
            "compose_message",
            {"event": {**event, "reason": reason}},
            blocking=True,
            return_response=True,
        )
        assert composed
        message = str(composed["message"])
        assert message.startswith(
            f"Your usage is not watched at the moment. {expected}".strip()
        )
        assert message.endswith(".")


async def test_list_events(claude: Claude) -> None:
    """The account needs no name if it is the only one."""

    async def found(**data: Any) -> Any:
        response = await claude.hass.services.async_call(
            DOMAIN,
            "list_events",
            {"since": "2026-05-04 07:00:00", **data},
            blocking=True,
            return_response=True,
        )
        assert response
        return response["device_id"]

    registry = dr.async_get(claude.hass)
    (ada,) = claude.hass.config_entries.async_entries(DOMAIN)
    device = dr.async_entries_for_config_entry(registry, ada.entry_id)[0].id
    assert await found() == await found(device_id=device) == device
    with pytest.raises(ServiceValidationError):
        await found(device_id="unknown")
    ben = await claude.entry("ben", title="Ben")
    other = dr.async_entries_for_config_entry(registry, ben.entry_id)[0].id
    with pytest.raises(ServiceValidationError):
        await found()
    assert await found(automation="automation.unknown") is None
    assert list(notifications(claude.hass)) == ["claude_pulse_automation.unknown"]
    assert await found(device_id=other, automation="automation.unknown") == other
    assert not notifications(claude.hass)
    await claude.hass.config_entries.async_set_disabled_by(
        ben.entry_id, ConfigEntryDisabler.USER
    )
    await claude.settle()
    assert await found() == device


async def test_text_that_looks_like_a_template(claude: Claude) -> None:
    """A phone gets names as they are. Home Assistant 2024.1 renders what it notifies."""
    received: list[tuple[str, Any]] = []

    class App(BaseNotificationService):
        """The notify action of the app."""

        async def async_send_message(self, message: str = "", **kwargs: Any) -> None:
            """Record a message."""
            received.append((message, kwargs.get("title")))

    phone = add_phone(claude.hass, has_action=False)
    app, name = App(), "mobile_app_ada_s_pixel_8"
    await app.async_setup(claude.hass, name, name)
    await app.async_register_services()
    for text in ("{{ 6 * 7 }} limit", "{% Fable", "{# Ada #} limit"):
        await send(claude, phone, title=text, message=text)
        assert received == [(text, text)]
        received.clear()
    assert not notifications(claude.hass)
