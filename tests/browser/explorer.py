"""The explorer of the OpenAPI document, at /docs of examples/server.rs: as its visitors use it, and in the dark, and on a phone."""

import json

from driver import Service, checks

ME = "#operations-users-users_current_user_users_me_get"
WIDTHS = "[document.documentElement.scrollWidth <= innerWidth, innerWidth]"


def text_of(selector):
    return f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"


def click(page, selector):
    page.until(f"document.querySelector({json.dumps(selector)}) !== null")
    page.run(f"document.querySelector({json.dumps(selector)}).click()")


def write(page, selector, text):
    """Types into a field that React controls."""
    page.until(f"document.querySelector({json.dumps(selector)}) !== null")
    page.run(f"document.querySelector({json.dumps(selector)}).focus()")
    page.browser.call("Input.insertText", page.session, text=text)


def shown(page):
    """The operations that the filter leaves."""
    return page.run("[...document.querySelectorAll('.opblock-summary-path')].map(path => path.dataset.path)")


def the_explorer(browser, folder, server, email, password, pictures=None):
    """`pictures` is a folder for what the guide shows."""
    service = Service(server, folder, LIMITS="off")
    try:
        page = browser.page("about:blank")
        violations = "addEventListener('securitypolicyviolation', event => (window.refused ??= []).push(event.violatedDirective + ' ' + event.blockedURI))"
        browser.call("Page.enable", page.session)
        browser.call("Page.addScriptToEvaluateOnNewDocument", page.session, source=violations)
        page.window(1000, 700)
        page.open(f"{service.url}/docs")
        page.until("document.querySelectorAll('.opblock').length > 20")
        page.run(f"fetch('/auth/register', {{ method: 'POST', headers: {{ 'content-type': 'application/json' }}, body: JSON.stringify({json.dumps({'email': email, 'password': password, 'first_name': 'Arthur'})}) }}).then(response => response.status)")

        click(page, ".auth-wrapper .authorize")
        write(page, "#oauth_username", email)
        write(page, "#oauth_password", password)
        click(page, "[aria-label='Apply given OAuth2 credentials']")
        page.until("document.querySelector('.modal-ux').innerText.includes('Authorized')")
        click(page, ".modal-ux .btn-done")
        page.until("document.querySelector('.modal-ux') === null")
        click(page, f"{ME} .opblock-summary-control")
        page.shows("an operation that is open has a link of its own", "location.hash", "#/users/users_current_user_users_me_get")
        click(page, f"{ME} .try-out__btn")
        click(page, f"{ME} .execute")
        page.until(f"document.querySelector('{ME} .live-responses-table .response-col_status') !== null")
        profile = text_of(f"{ME} .live-responses-table .highlight-code")
        page.shows("an authorized request shows the profile",
                   f"[{json.dumps(email)}, '\"first_name\": \"Arthur\"'].map(text => ({profile}).includes(text))", [True, True])
        if pictures:
            page.run(f"document.querySelector('{ME}').scrollIntoView()")
            page.picture(f"{pictures}/explorer.png")
        page.shows("the response refers to its schema", f"({text_of('section.models')}).includes('UserRead')", True)

        write(page, ".operation-filter-input", "suspension lift")
        page.until("document.querySelectorAll('.opblock').length === 1")
        checks("the filter finds words of the path and of the summary", shown(page), ["/users/{id}/suspension"])

        page.open(f"{service.url}/docs?again#/users/users_current_user_users_me_get")
        page.until(f"document.querySelector('{ME}.is-open') !== null")
        page.shows("a link opens its operation", text_of(f"{ME} .opblock-summary-description"), "Read your account")
        kept = page.run("JSON.stringify({ ...localStorage, ...sessionStorage })")
        checks("the token is kept nowhere", "access_token" in kept or "Bearer" in kept, False)

        luminance = "getComputedStyle(document.querySelector('.opblock-tag')).color"
        light = page.run(luminance)
        page.window(1000, 700, dark=True)
        is_dark = f"getComputedStyle(document.body).backgroundColor === 'rgb(28, 32, 34)' && {luminance} !== {json.dumps(light)}"
        page.shows("dark mode follows the system", is_dark, True)

        page.window(390, 844, dark=True)
        page.shows("a phone shows an open operation without scrolling sideways", WIDTHS, [True, 390])
        click(page, ".auth-wrapper .authorize")
        page.until("document.querySelector('.modal-ux') !== null")
        inside = "(() => { const box = document.querySelector('.modal-ux').getBoundingClientRect(); return box.left >= 0 && box.right <= 390 })()"
        page.shows("and the dialog", f"[{WIDTHS}, {inside}]", [[True, 390], True])

        hosts = page.run("[...new Set(performance.getEntriesByType('resource').map(entry => new URL(entry.name).origin))]")
        checks("nothing is loaded from elsewhere", hosts, [service.url])
        checks("nothing is against the Content-Security-Policy", page.run("window.refused ?? []"), [])
    finally:
        service.close()
