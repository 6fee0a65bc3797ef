"""Pages that wait: they ask again by themselves, later each time, and let in as soon as the portal answers."""

import re
from collections.abc import Callable

from playwright.sync_api import Frame, Response, expect

from tests.support.browser import Person
from tests.support.emulator import Emulator

PRIYA = 3


def seconds_left(frame: Frame) -> int:
    label = frame.get_by_role("timer")
    expect(label).to_have_text(re.compile(r"Time until the next try: \d+"))
    return int(re.sub(r"\D", "", label.inner_text()))


def test_a_panel_waits_longer_after_each_try_and_opens_by_itself(
    person: Callable[..., Person], installed_by_click: Callable[..., None], bitrix24: Emulator
) -> None:
    installed_by_click()
    priya = person("alpha", PRIYA)
    answers: list[Response] = []

    def opened(response: Response) -> None:
        if "/widget/" in response.url and response.request.method == "POST":
            answers.append(response)

    priya.page.on("response", opened)
    priya.page.clock.install()
    bitrix24.control.fault("alpha", "500")
    priya.chat("chat22")
    priya.page.locator("[data-applications] [data-app]").click()

    for after in (5, 10, 20):
        frame = priya.slider("/widget/")
        expect(frame.locator(f"#retry[data-after='{after}']")).to_be_visible()
        assert [answers[-1].status, answers[-1].headers["retry-after"]] == [503, str(after)]
        assert after - 1 <= seconds_left(frame) < after * 1.5 + 3
        tried = len(answers)
        priya.page.clock.run_for((after - 2) * 1000)
        assert len(answers) == tried
        if after == 20:
            bitrix24.control.fault("alpha")
        priya.page.clock.run_for(after * 1000)

    frame = priya.slider("/widget/")
    frame.get_by_role("textbox", name="New note").wait_for()
    assert [answer.status for answer in answers] == [503, 503, 503, 200]
    priya.watch.problems = [problem for problem in priya.watch.problems if "503" not in problem]
