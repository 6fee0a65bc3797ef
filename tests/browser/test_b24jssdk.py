"""The emulator's messenger against a client nobody here wrote: the unmodified `@bitrix24/b24jssdk`."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, ConsoleMessage, Frame, Page, expect

from tests.browser.handler_app import SDK, HandlerApp, frame_in, install_with_widget, visit
from tests.support.emulator import Emulator

pytestmark = pytest.mark.browser

ADMIN, EMPLOYEE = 1, 3
DIALOG = "chat22"


@pytest.fixture
def console_errors() -> list[str]:
    """What the console of `page` complained about; a test that expects a complaint checks and clears it."""
    return []


@pytest.fixture
def page(browser: Browser, console_errors: list[str]) -> Iterator[Page]:
    """A fresh window; an error on its console or an uncaught one fails the test."""

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            console_errors.append(message.text)

    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.on("console", on_console)
        page.on("pageerror", lambda error: console_errors.append(str(error)))
        yield page
    assert console_errors == []


@pytest.fixture(scope="module")
def handler() -> Iterator[HandlerApp]:
    if not SDK.exists():
        pytest.skip("no @bitrix24/b24jssdk in node_modules: run make setup")
    with HandlerApp() as app:
        yield app


@pytest.fixture(scope="module")
def bitrix_process(handler: HandlerApp) -> Iterator[Emulator]:
    with Emulator(app_url=handler.url) as emulator:
        yield emulator


@pytest.fixture
def bitrix(bitrix_process: Emulator, handler: HandlerApp) -> Emulator:
    """A fresh world whose application is the handler app."""
    bitrix_process.reset()
    handler.opens.clear()
    return bitrix_process


@pytest.fixture
def handler_installed(bitrix: Emulator, handler: HandlerApp) -> Emulator:
    """The application with one widget, as a finished installer leaves it on both portals."""
    install_with_widget(bitrix, handler)
    return bitrix


@pytest.fixture
def widget(page: Page, handler_installed: Emulator) -> Callable[..., Frame]:
    """Opens the widget by a click in the sidebar."""

    def open_widget(user: int = EMPLOYEE, key: str = "alpha", dialog: str = DIALOG, **params: str) -> Frame:
        visit(page, handler_installed, "/online/", user, key, dialog=dialog, **params)
        page.locator("[data-app]").click()
        return frame_in(page, "[data-app-frame]")

    return open_widget


def test_init_knows_viewer_placement_and_options(
    widget: Callable[..., Frame], handler: HandlerApp, handler_installed: Emulator
) -> None:
    frame = widget(EMPLOYEE)
    found: dict[str, Any] = frame.evaluate(
        """() => ({
            admin: b24.auth.isAdmin, lang: b24.getLang(), placement: b24.placement.title,
            options: b24.placement.options, origin: b24.getTargetOrigin(), sid: b24.getAppSid(),
            member: b24.auth.getAuthData().member_id, name: window.name,
        })"""
    )
    path, query, body = handler.opens[-1]
    portal = handler_installed.portals["alpha"]
    assert (path, query["DOMAIN"], query["PROTOCOL"]) == ("/widget/", portal.domain, "0")
    assert (body["PLACEMENT"], body["member_id"]) == ("IM_SIDEBAR", portal.member_id)
    assert found["name"] == f"{portal.domain}|0|{query['APP_SID']}"
    assert found["sid"] == query["APP_SID"]
    assert (found["admin"], found["lang"], found["placement"]) == (False, "en", "IM_SIDEBAR")
    assert found["options"] == {"dialogId": DIALOG, "URI": f"/online/?as={EMPLOYEE}&dialog={DIALOG}"}
    assert (found["origin"], found["member"]) == (portal.url, portal.member_id)


def test_administrator_is_known_as_such(widget: Callable[..., Frame]) -> None:
    assert widget(ADMIN).evaluate("() => b24.auth.isAdmin") is True


def test_language_reaches_form_frame_and_title(
    page: Page, widget: Callable[..., Frame], handler: HandlerApp
) -> None:
    frame = widget(EMPLOYEE, lang="de")
    assert frame.evaluate("() => b24.getLang()") == "de"
    assert handler.opens[-1][1]["LANG"] == "de"
    expect(page.locator("[data-app-title]")).to_have_text("Notizen")


def test_calls_go_to_the_portal_across_origins(widget: Callable[..., Frame]) -> None:
    found = widget(EMPLOYEE).evaluate(
        """async () => {
            const answer = await b24.actions.v2.call.make({ method: "profile" });
            return answer.getData().result;
        }"""
    )
    assert (found["ID"], found["ADMIN"]) == (str(EMPLOYEE), False)


def test_expired_token_is_refreshed_by_the_parent(
    widget: Callable[..., Frame], handler_installed: Emulator, console_errors: list[str]
) -> None:
    frame = widget(EMPLOYEE)
    before = frame.evaluate("() => b24.auth.getAuthData().access_token")
    handler_installed.control.advance(3700)
    found = frame.evaluate(
        """async () => {
            const answer = await b24.actions.v2.call.make({ method: "profile" });
            return [answer.getData().result.ID, b24.auth.getAuthData().access_token];
        }"""
    )
    assert found[0] == str(EMPLOYEE)
    assert found[1] != before
    assert ["401" in error for error in console_errors] == [True]
    console_errors.clear()


def test_refresh_auth_gives_a_token_of_the_viewer(
    widget: Callable[..., Frame], handler_installed: Emulator
) -> None:
    auth = widget(EMPLOYEE).evaluate("() => b24.auth.refreshAuth()")
    answer = requests.post(
        f"{handler_installed.portals['alpha'].client_endpoint}profile",
        json={"auth": auth["access_token"]},
        timeout=10,
    )
    assert answer.json()["result"]["ID"] == str(EMPLOYEE)


def test_resize_window_changes_the_frame(page: Page, widget: Callable[..., Frame]) -> None:
    frame = widget(EMPLOYEE)
    assert frame.evaluate("() => b24.parent.resizeWindow(300, 1400)") == {"width": 300, "height": 1400}
    box = page.locator("[data-app-frame] iframe").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (300, 1400)


def test_options_are_kept_and_only_administrators_set_those_of_the_application(
    page: Page, widget: Callable[..., Frame]
) -> None:
    frame = widget(ADMIN)
    frame.evaluate("() => b24.options.appSet('mode', 'wide')")
    frame.evaluate("() => b24.options.userSet('seen', 'yes')")
    page.reload()
    page.locator("[data-app]").click()
    frame = frame_in(page, "[data-app-frame]")
    assert frame.evaluate("() => [b24.options.appGet('mode'), b24.options.userGet('seen')]") == [
        "wide",
        "yes",
    ]
    frame = widget(EMPLOYEE)
    frame.evaluate("() => b24.options.appSet('mode', 'narrow')")
    page.reload()
    page.locator("[data-app]").click()
    frame = frame_in(page, "[data-app-frame]")
    assert frame.evaluate("() => b24.options.appGet('mode')") == "wide"


def test_first_run_is_announced_once(page: Page, widget: Callable[..., Frame]) -> None:
    assert widget(EMPLOYEE).evaluate("() => b24.isFirstRun") is True
    assert widget(EMPLOYEE).evaluate("() => b24.isFirstRun") is False


def test_denied_and_foreign_messages_meet_silence(page: Page, widget: Callable[..., Frame]) -> None:
    frame = widget(EMPLOYEE)
    heard = frame.evaluate(
        """async (origin) => {
            const heard = [];
            addEventListener("message", (event) => heard.push(event.data.split(":")[0]));
            const sid = b24.getAppSid();
            parent.postMessage(`getInitData:wrong-sid:${"0".repeat(32)}`, origin);
            parent.postMessage(`setTitle:{"title":"a:b"}:denied:${sid}`, origin);
            parent.postMessage(`dropTables:unknown:${sid}`, origin);
            parent.postMessage(`toString:inherited:${sid}`, origin);
            parent.postMessage({ method: "getInitData", params: "", callback: "object", appSid: sid }, origin);
            parent.postMessage(`setUserOption:{"name":"a","value":"b:c"}:string:${sid}`, origin);
            await new Promise((resolve) => setTimeout(resolve, 500));
            return heard;
        }""",
        page.url.split("/online")[0],
    )
    assert heard == ["object", "string"]


def test_open_application_answers_when_closed(page: Page, widget: Callable[..., Frame]) -> None:
    frame = widget(EMPLOYEE)
    frame.evaluate(
        """() => {
            b24.slider.openSliderAppPage({ bx24_title: "Big", note: 7 }).then(() => { window.answered = 1; });
        }"""
    )
    page_frame = frame_in(page, ".slider")
    expect(page.locator(".slider__title")).to_have_text("Big")
    assert page_frame.evaluate("() => [b24.placement.title, b24.placement.options]") == [
        "DEFAULT",
        {"note": "7"},
    ]
    page_frame.evaluate("() => { b24.parent.closeApplication(); }")
    frame.wait_for_function("() => window.answered === 1")
    expect(page.locator(".slider")).to_have_count(0)


def test_open_path_knows_its_roots(page: Page, widget: Callable[..., Frame]) -> None:
    frame = widget(EMPLOYEE)
    error = "(error) => error.message"
    refused = frame.evaluate(
        f"""() => b24.parent.message.send("openPath", {{ path: "/evil/" }}).catch({error})"""
    )
    assert refused == {"result": "error", "errorCode": "PATH_NOT_AVAILABLE"}
    frame.evaluate(
        """() => {
            b24.slider.openPath(b24.slider.getUrl("/company/personal/user/3/"), 950)
                .then((answer) => { window.answer = answer; });
        }"""
    )
    page.locator(".slider__close").click()
    frame.wait_for_function("() => window.answer")
    assert frame.evaluate("() => window.answer") == {"isOpenAtNewWindow": False, "isClose": True}


def test_select_user_returns_the_chosen_colleague(page: Page, widget: Callable[..., Frame]) -> None:
    frame = widget(EMPLOYEE)
    frame.evaluate("() => { b24.dialog.selectUser().then((user) => { window.picked = user; }); }")
    page.get_by_role("radio", name="Mei Tanaka").check()
    page.get_by_role("button", name="Choose", exact=True).click()
    frame.wait_for_function("() => window.picked")
    assert frame.evaluate("() => [window.picked.id, window.picked.name]") == ["7", "Mei Tanaka"]


def test_im_open_messenger_switches_the_chat(page: Page, widget: Callable[..., Frame]) -> None:
    widget(EMPLOYEE).evaluate("() => { b24.parent.imOpenMessenger('chat21'); }")
    expect(page.locator(".talk__title")).to_have_text("General chat")


def test_one_click_installs_and_the_slider_goes_on_to_the_application(
    page: Page, bitrix: Emulator, handler: HandlerApp
) -> None:
    visit(page, bitrix, "/market/", ADMIN)
    page.locator("[data-product]").first.locator("[data-action=install]").click()
    installer = frame_in(page, ".slider")
    assert installer.evaluate("() => [b24.isInstallMode, b24.auth.isAdmin]") == [True, True]
    assert bitrix.control.installation("alpha")["installed"] is False
    installer.evaluate("() => { b24.installFinish(); }")
    expect(page.locator(".slider iframe")).not_to_have_attribute("name", installer.name)
    page_frame = frame_in(page, ".slider")
    assert page_frame.evaluate("() => b24.isInstallMode") is False
    assert [path for path, _query, _body in handler.opens] == ["/install/", "/app/"]
    assert bitrix.control.installation("alpha")["installed"] is True
    page.keyboard.press("Escape")
    expect(page.locator("[data-state=installed]")).to_have_count(1)


def test_older_portal_opens_the_widget_too(widget: Callable[..., Frame], handler: HandlerApp) -> None:
    frame = widget(2, key="beta", dialog="")
    assert "APPLICATION_TOKEN" not in handler.opens[-1][2]
    assert "URI" not in frame.evaluate("() => b24.placement.options")
