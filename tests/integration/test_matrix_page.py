"""The page of `policy matrix`, in a real browser."""

from __future__ import annotations

import functools

import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner

from policy_proxy.cli import main

OLD = """\
"placement:traits:list": "rule:admin_or_service_api or role:reader"
"""
NEW = """\
"cloud_auditor": "role:auditor and (project_id:ops or service_roles:audit)"
"placement:traits:list": "rule:admin_or_service_api or rule:cloud_auditor"
"placement:resource_providers:delete": "role:admin and role:owner"
"""
NAMES = ["admin", "service", "owner", "reader", "auditor", "admin + owner", "any other"]
HOSTILE = "<img/src=x/onerror=document.title='bad'>"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of some policies by their text: where it lies."""
    folder = tmp_path_factory.mktemp("pages")

    @functools.cache
    def written(*policies):
        number = len(list(folder.iterdir()))
        names = []
        for place, policy in enumerate(policies):
            names.append(folder / f"{number}-{place}.yaml")
            names[-1].write_text(policy)
        page = folder / f"{number}.html"
        arguments = ["policy", "matrix", *map(str, names), "--format", "html", "--output", page]
        result = CliRunner().invoke(main, list(map(str, arguments)))
        assert result.exit_code == 0, result.output
        return page

    return written


@pytest.fixture
def opened(browser, pages):
    """Opens the page of some policies in a window that has no network. What the page complains of,
    and what it asks for besides itself, is an error.
    """
    contexts, said = [], []

    def shown(*policies, **options):
        context = browser.new_context(
            **{"viewport": {"width": 1200, "height": 700}, "offline": True} | options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        address = pages(*policies).as_uri()
        asked = {address, "data:,"}
        page.on("request", lambda request: request.url in asked or said.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        return page

    yield shown
    for context in contexts:
        context.close()
    assert said == []


def rows(page):
    """The rules of the rows that are seen."""
    return page.locator("tr.operation:visible .rule").all_inner_texts()


def roles(page):
    """The columns that are seen."""
    return page.locator(".roles th:visible").all_inner_texts()


def row(page, rule):
    return page.locator("tr.operation").filter(has=page.locator(".rule", has_text=rule))


def cell(page, rule, role):
    """The button of a cell."""
    heads = page.locator(".roles th").all_inner_texts()
    return row(page, rule).first.locator("td").nth(heads.index(role)).get_by_role("button")


def focused(page):
    """Where the focus is: the rule and the role of a cell."""
    return page.evaluate(
        """() => {
          const cell = document.activeElement.closest("td");
          const row = cell.parentElement;
          const place = [...row.querySelectorAll("td")].indexOf(cell);
          const head = document.querySelectorAll(".roles th")[place];
          return [row.querySelector(".rule").textContent, head.dataset.role];
        }"""
    )


def test_who_may_what_is_seen(opened):
    page = opened(NEW)

    assert roles(page) == NAMES
    assert len(rows(page)) == 33
    assert cell(page, "traits:list", "admin").inner_text().strip() == "allowed"
    assert cell(page, "traits:list", "reader").inner_text().strip() == "denied"
    said = " ".join(cell(page, "traits:list", "auditor").inner_text().split())
    assert said == "depends: whose project_id is ops, or with service role audit"


def test_it_filters_by_operation(opened):
    page = opened(NEW)

    page.get_by_label("Operation", exact=True).fill("delete traits/")
    assert rows(page) == ["traits:delete"]
    assert page.locator("#count").inner_text() == "1 of 33 operations"
    assert page.locator("tr.group:visible").all_inner_texts() == ["Traits"]

    page.get_by_label("Operation", exact=True).fill("nothing like it")
    assert rows(page) == []
    assert page.get_by_text("Nothing fits these filters.").is_visible()

    page.get_by_role("button", name="Show all").click()
    assert len(rows(page)) == 33
    assert page.get_by_text("Nothing fits these filters.").is_hidden()


def test_it_filters_by_role(opened):
    page = opened(NEW)

    for role in ("admin", "service", "reader"):
        page.get_by_label(role, exact=True).set_checked(False, force=True)

    assert roles(page) == ["owner", "auditor", "admin + owner", "any other"]
    assert page.locator("tr.operation").first.locator("td:visible").count() == 4
    assert page.locator(".scopes [data-scope]").get_attribute("colspan") == "4"


def test_it_filters_by_effect(opened):
    page = opened(NEW)

    for effect in ("allowed", "denied"):
        page.get_by_label(effect, exact=True).set_checked(False, force=True)

    assert rows(page) == ["usages", "traits:list"]
    assert page.locator("tr:visible td.dim:visible").count() == 12

    page.get_by_label("auditor", exact=True).set_checked(False, force=True)
    assert rows(page) == ["usages"]


def test_filters_are_reached_and_used_by_keys(opened):
    page = opened(NEW)

    page.get_by_label("Operation", exact=True).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")

    page.keyboard.press("Tab")
    page.keyboard.press("Space")

    assert not page.get_by_label("allowed", exact=True).is_checked()
    assert not page.get_by_label("denied", exact=True).is_checked()
    assert rows(page) == ["usages", "traits:list"]


def test_the_heads_stay_in_sight(opened):
    page = opened(NEW, viewport={"width": 800, "height": 600})
    frame = page.locator(".frame")
    before = page.locator(".roles th").first.bounding_box()

    frame.evaluate("frame => frame.scrollTo(300, 500)")
    box = frame.bounding_box()
    after = page.locator(".roles th").first.bounding_box()
    side = row(page, "usages").first.locator("th").bounding_box()

    assert frame.evaluate("frame => [frame.scrollLeft > 100, frame.scrollTop > 400]") == [
        True,
        True,
    ]
    assert after["y"] == before["y"]
    assert after["x"] < before["x"]
    assert abs(side["x"] - box["x"]) < 3


def test_it_is_one_stop_and_arrows_lead_on(opened):
    page = opened(NEW)

    assert page.locator("#matrix [tabindex='0']").count() == 1
    page.get_by_role("button", name="Show all").focus()
    page.keyboard.press("Tab")
    first = focused(page)
    for key in ("ArrowRight", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    assert first == ["resource_providers:list", "admin"]
    assert focused(page) == ["resource_providers:list", "service"]
    page.keyboard.press("Control+End")
    assert focused(page) == ["reshaper:reshape", "any other"]
    page.keyboard.press("Home")
    assert focused(page) == ["reshaper:reshape", "admin"]
    page.keyboard.press("Control+Home")
    assert focused(page) == first
    assert page.locator("#matrix [tabindex='0']").count() == 1


def test_arrows_pass_by_what_is_filtered_out(opened):
    page = opened(NEW)
    page.get_by_label("Operation", exact=True).fill("get traits")
    page.get_by_label("service", exact=True).set_checked(False, force=True)

    page.locator("#matrix [tabindex='0']").focus()
    page.keyboard.press("ArrowRight")

    page.keyboard.press("ArrowDown")

    assert focused(page) == ["traits:show", "owner"]


def test_what_has_the_focus_is_not_under_the_heads(opened):
    page = opened(NEW, viewport={"width": 800, "height": 600})
    page.locator("#matrix [tabindex='0']").focus()

    page.keyboard.press("Control+End")
    page.keyboard.press("Home")
    for _ in range(25):
        page.keyboard.press("ArrowUp")

    button = page.locator("#matrix [tabindex='0']").bounding_box()
    heads = page.locator(".roles th").first.bounding_box()
    corner = page.locator(".corner").bounding_box()
    assert button["y"] >= heads["y"] + heads["height"] - 1
    assert button["x"] >= corner["x"] + corner["width"] - 1


def test_a_cell_opens_its_explanation_by_keys_and_gives_the_focus_back(opened):
    page = opened(NEW)
    cell(page, "traits:list", "auditor").focus()

    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="GET /traits")
    text = " ".join(dialog.inner_text().split())
    page.keyboard.press("Escape")

    assert "auditor, project token" in text
    assert "Allowed are those, and only those, to whom one of these applies:" in text
    assert "whose project_id is ops with service role audit" in text
    assert "role:admin or role:service or (role:auditor and (project_id:ops or" in text
    assert "yes role:auditor: the role is auditor" in text
    assert "no project_id:ops: project-1 ≠ ops" in text
    assert dialog.is_hidden()
    assert focused(page) == ["traits:list", "auditor"]


def test_an_explanation_is_closed_by_its_button_and_by_a_click_beside_it(opened):
    page = opened(NEW)
    dialog = page.get_by_role("dialog")

    cell(page, "usages", "reader").click()
    page.get_by_role("button", name="Close").click()
    assert dialog.is_hidden()

    cell(page, "usages", "reader").click()
    assert dialog.is_visible()
    page.mouse.click(20, 20)
    assert dialog.is_hidden()


def test_every_cell_has_an_explanation_of_its_own_kind(opened):
    page = opened(NEW)
    effects = page.evaluate(
        """() => [...document.querySelectorAll("#matrix td")].map((cell) => {
          const found = JSON.parse(document.querySelector("#data").textContent)
            [cell.querySelector("button").dataset.place];
          const allowed = found.examples.map((one) => one.answers[0].allowed);
          return [cell.dataset.effect, found.policies[0].effect, allowed.sort().join()];
        })"""
    )
    wanted = {"allowed": "true", "denied": "false", "depends": "false,true"}

    assert len(effects) == 33 * 7
    assert [one for one in effects if one[0] != one[1] or one[2] != wanted[one[0]]] == []


def test_a_screen_reader_is_told_rows_columns_and_effects(opened):
    page = opened(NEW)
    page.get_by_label("Operation", exact=True).fill("list traits.")

    told = page.get_by_role("grid", name="Who may do what").aria_snapshot()

    assert 'columnheader "auditor"' in told
    assert 'rowheader "GET /traits traits:list"' in told
    assert 'button "allowed"' in told
    assert 'button "depends: whose project_id is ops, or with service role audit"' in told
    assert page.locator("output#count").inner_text() == "1 of 33 operations"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("policies", [(NEW,), (OLD, NEW)], ids=["one", "two"])
def test_axe_finds_nothing(opened, policies, scheme):
    """https://github.com/dequelabs/axe-core"""
    page = opened(*policies, color_scheme=scheme)

    def violations():
        found = Axe().run(page)
        return found.violations_count, found.generate_report() if found.violations_count else ""

    whole = violations()
    page.get_by_label("denied", exact=True).set_checked(False, force=True)
    filtered = violations()
    cell(page, "traits:list", "auditor").click()
    explained = violations()

    assert (whole, filtered, explained) == ((0, ""),) * 3


def test_colours_are_the_systems_until_they_are_chosen(opened):
    def back(page):
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light, dark = (opened(NEW, color_scheme=scheme) for scheme in ("light", "dark"))
    assert back(light) != back(dark)
    night = back(dark)
    dark.get_by_role("button", name="Colours: system").click()
    assert back(dark) == back(light)
    dark.get_by_role("button", name="Colours: light").click()
    assert back(dark) == night


def test_two_policies_stand_beside_each_other_with_the_differences_marked(opened):
    page = opened(OLD, NEW)

    lost = cell(page, "traits:list", "reader")
    gained = cell(page, "traits:list", "auditor")
    assert " ".join(lost.inner_text().split()) == "allowed becomes denied lost"
    assert " ".join(gained.inner_text().split()).startswith("denied becomes depends: whose")
    assert cell(page, "traits:list", "admin").inner_text().strip() == "allowed"

    page.get_by_label("only what changes").set_checked(True, force=True)
    assert rows(page) == ["resource_providers:delete", "traits:list"]

    gained.click()
    dialog = page.get_by_role("dialog")
    assert "auditor, project token: gained" in dialog.inner_text()
    sides = dialog.locator(".sides").first.locator("section")
    assert [side.locator(".pill").inner_text() for side in sides.all()] == ["denied", "depends"]
    left, right = (side.bounding_box() for side in sides.all())
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]


def test_what_a_policy_says_is_text_and_nothing_else(opened):
    page = opened(f'"placement:traits:list": "role:{HOSTILE} or project_id:{HOSTILE}"\n')

    assert HOSTILE in roles(page)
    cell(page, "traits:list", "any other").click()
    page.wait_for_timeout(200)
    assert HOSTILE in page.get_by_role("dialog").inner_text()
    assert page.title().startswith("Who may do what")
    assert page.locator("img").count() == 0


def test_no_script_runs_but_its_own(browser, pages):
    """Should markup get into the page after all, the browser is told not to run it."""
    source = pages(NEW).read_text().replace("<main>", "<script>document.title='bad'</script><main>")
    page = browser.new_page()
    page.set_content(source)

    assert page.title() != "bad"
    assert page.locator("#count").inner_text() == "33 of 33 operations"
    page.close()


def test_without_scripts_it_is_a_table(opened):
    page = opened(NEW, java_script_enabled=False)

    assert len(rows(page)) == 33
    assert page.locator("#filters").is_hidden()
    assert page.get_by_text("Filters and explanations need scripts").is_visible()


@pytest.mark.parametrize("width", [360, 768, 2400])
def test_it_fits_the_window(opened, width):
    """What is wider than the window scrolls within the frame."""
    many = " or ".join(f"role:a_long_name_of_a_role_{number}" for number in range(30))
    page = opened(f'"placement:traits:list": "{many}"\n', viewport={"width": width, "height": 700})

    assert page.locator(".corner").bounding_box()["width"] > 120
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    cell(page, "traits:list", "any other").click()
    box = page.get_by_role("dialog").bounding_box()

    assert wider <= 0
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_it_can_be_printed_whole(opened):
    page = opened(NEW)
    page.emulate_media(media="print")

    assert page.locator("#filters").is_hidden()
    frame = page.locator(".frame")
    assert frame.evaluate("frame => frame.scrollHeight - frame.clientHeight") <= 1
