"""The built app, as the stack serves it."""

import httpx

from cli.local import webapp
from tests.conftest import RunningStack


def test_the_app_is_served_as_by_a_static_host(stack: RunningStack) -> None:
    webapp.build()
    with httpx.Client(base_url=stack.env["APP_URL"]) as app:
        page = app.get("/")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == "no-cache"
        assert page.headers["x-content-type-options"] == "nosniff"
        # The page itself forbids what is never needed, the server all but its own stack.
        assert "script-src 'self'; style-src 'self'" in page.text
        assert f"connect-src 'self' {stack.url} ws://" in page.headers["content-security-policy"]
        assert "<script>" not in page.text
        for path in ("/contracts/00000000-0000-0000-0000-000000000000", "/settings/notifications"):
            assert app.get(path).text == page.text
        script = page.text.split('src="')[1].split('"')[0]
        asset = app.get(script)
        assert asset.headers["content-type"] == "text/javascript; charset=utf-8"
        assert "immutable" in asset.headers["cache-control"]
        assert app.get("/assets/gone.js").status_code == 404
        assert app.post("/").status_code == 404
        project = app.get("/config.json").json()
        assert project == {"url": stack.url, "publishableKey": stack.publishable_key}


def test_nothing_else_of_the_disk_is_served(stack: RunningStack) -> None:
    webapp.build()
    for path in (
        "/../index.html",
        "/%2e%2e/vite.config.js",
        "/..%2f..%2fservices%2findex.js",
        "//[",
    ):
        # As they stand: a client would tidy them up.
        url = httpx.URL(stack.env["APP_URL"]).copy_with(raw_path=path.encode())
        answer = httpx.get(url)
        assert answer.status_code == 404 or answer.text == httpx.get(stack.env["APP_URL"]).text
