"""The dashboard's server as others may use it: what it gives away, what it lets into a kernel, and how it ends."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import websockets
from websockets.exceptions import InvalidStatus

from workbench.errors import EnvironmentFailure, InputError
from workbench_widgets.server import Options
from workbench_widgets.server import serve as serve_dashboard

pytest.importorskip("voila")

PATIENCE_S = 40


def ask(url, method="GET", body=None, **headers):
    """Return status, headers and text of one request, as no browser would tidy it up."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE_S)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, path or "/", body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    text = answer.read().decode("utf8", "replace")
    connection.close()
    return answer.status, dict(answer.getheaders()), text


def kernel_of(page):
    config = re.search(r'<script id="jupyter-config-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    return json.loads(config.group(1))["kernelId"]


@contextmanager
def a_session(dashboard):
    """A page opened without a browser: yields its kernel's id and its text, and closes it as a page does."""
    status, _, page = ask(dashboard.url)
    assert status == 200, page
    kernel = kernel_of(page)
    try:
        yield kernel, page
    finally:
        ask(f"{dashboard.url}voila/api/shutdown/{kernel}", "POST")


def wait_until(true, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize(
    "path",
    [
        "voila/files/app.ipynb", "voila/files/../../data/workbench.db", "files/app.ipynb", "notebooks/app.ipynb", "app.ipynb",
        "tree", "voila/tree", "voila/render/app.ipynb", "voila/api/contents", "api/contents", "api/contents/app.ipynb",
        "api/sessions", "api/terminals", "api/kernels", "api/kernelspecs", "api/config/x", "api/status", "terminals/1", "lab", "edit/app.ipynb",
        "nbconvert/html/app.ipynb", "data/workbench.db", "workbench.toml", "outputs/", "models/",
        "voila/static/../../../../../workbench.db", "voila/static/%2e%2e/%2e%2e/%2e%2e/app.py",
        "voila/templates/workbench/static/../index.html.j2", "voila/templates/workbench/static/..%2findex.html.j2",
        "voila/labextensions/../../../../pyvenv.cfg", "voila/query/566e883d-a03e-4865-9546-988c3dfb39ae", "voila/execution/ab346468-ccf7-459b-a55a-746f2d098996",
        "metrics", "login",
    ],
)  # fmt: skip
def test_neither_sources_nor_data_nor_services_are_reachable(dashboard, path):
    status, _, text = ask(dashboard.url + path)
    assert status in (403, 404)
    assert "WORKBENCH_WORKSPACE" not in text
    assert "SQLite format" not in text
    assert str(dashboard.path) not in text


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "api/kernels"), ("POST", "api/sessions"), ("POST", "api/terminals"), ("PUT", "api/contents/x.ipynb"),
     ("POST", ""), ("DELETE", ""), ("PUT", "voila/files/x")],
)  # fmt: skip
def test_nothing_can_be_started_or_written(dashboard, method, path):
    before = set(dashboard.path.rglob("*.ipynb"))
    status, _, _ = ask(dashboard.url + path, method, body="{}")
    assert status in (403, 404, 405)
    assert set(dashboard.path.rglob("*.ipynb")) == before


def test_page_carries_no_source_no_inline_script_and_strict_headers(dashboard):
    status, headers, page = ask(dashboard.url)
    kernel = kernel_of(page)
    assert status == 200
    assert "pages.app" not in page
    assert "import os" not in page
    assert re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page) == []
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page)
    assert all("json" in tag for tag in inline), inline
    assert re.search(r'<html lang="en"', page)
    assert "<title>Embedded fleet" in page
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "'unsafe-inline'" not in re.search(r"script-src [^;]*", policy).group()
    assert "frame-ancestors 'self'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in headers
    nonce = re.search(r"'nonce-([^']+)'", policy).group(1)
    assert f'nonce="{nonce}"' in page
    ask(f"{dashboard.url}voila/api/shutdown/{kernel}", "POST")
    for path in (
        "voila/static/voila.js",
        "voila/templates/workbench/static/page.js",
        "nothing",
        f"api/kernels/{uuid.uuid4()}",
    ):
        _, headers, _ = ask(dashboard.url + path)
        assert "default-src 'self'" in headers["Content-Security-Policy"], path
        assert headers["X-Content-Type-Options"] == "nosniff", path


def test_only_known_extensions_are_loaded(dashboard):
    with a_session(dashboard) as (_, page):
        names = set(re.findall(r'"load": "static/[^"]+", "name": "([^"]+)"', page))
    assert "jupyter-vuetify" in names
    assert names <= {
        "@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget", "jupyter-vue", "jupyter-vuetify",
    }  # fmt: skip


def test_requests_under_a_strange_name_are_refused(dashboard):
    port = urlsplit(dashboard.url).port
    for path in ("", "voila/static/voila.js", f"api/kernels/{uuid.uuid4()}"):
        status, _, text = ask(dashboard.url + path, Host=f"rebound.example:{port}")
        assert status == 403
        assert "not reached by that name" in text
    assert ask(f"{dashboard.url}nothing", Host=f"localhost:{port}")[0] == 404


def message(kind, content, channel="shell", session="test"):
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": kind,
        "session": session,
        "username": "x",
        "version": "5.3",
        "date": "",
    }
    return {
        "channel": channel,
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "buffers": [],
    }


def as_v1(message):
    """Write a message in the binary form that JupyterLab uses."""
    parts = [
        message["channel"].encode(),
        *(json.dumps(message[key]).encode() for key in ("header", "parent_header", "metadata", "content")),
    ]
    offsets = [8 * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    return b"".join([len(offsets).to_bytes(8, "little"), *(place.to_bytes(8, "little") for place in offsets), *parts])


def as_old_binary(message):
    """Write a message in the older binary form."""
    body = json.dumps(message).encode()
    return (1).to_bytes(4, "big") + (8).to_bytes(4, "big") + body


def answers(dashboard, kernel, messages, *, form=json.dumps, subprotocols=None, **options):
    """Send messages over a real websocket, then ask for the kernel's state; return all that came until the answer."""

    async def talk():
        address = f"ws{dashboard.url[4:]}api/kernels/{kernel}/channels?session_id={uuid.uuid4().hex}"
        async with websockets.connect(address, subprotocols=subprotocols, max_size=None, **options) as channel:
            for one in messages:
                await channel.send(form(one))
            last = message("kernel_info_request", {})
            await channel.send(form(last))
            came = []
            # Replies and what the kernel publishes come on ways of their own: only "idle again" is published after all else.
            awaited = {"kernel_info_reply", '"idle"'}
            while awaited:
                text = await asyncio.wait_for(channel.recv(), PATIENCE_S)
                came.append(text if isinstance(text, str) else text.decode("utf8", "replace"))
                if last["header"]["msg_id"] in came[-1]:
                    awaited -= {word for word in awaited if word in came[-1]}
            return came

    return asyncio.run(talk())


def attacks(mark: Path):
    code = f"open({str(mark)!r}, 'w').write('run')"
    execute = {
        "code": code,
        "silent": False,
        "store_history": False,
        "user_expressions": {},
        "allow_stdin": True,
        "stop_on_error": True,
    }
    comm = {"comm_id": "x", "data": {}}
    return [
        message("execute_request", execute),
        message("execute_request", execute, channel="control"),
        message("complete_request", {"code": f"{code};", "cursor_pos": 3}),
        message("inspect_request", {"code": "open", "cursor_pos": 4, "detail_level": 1}),
        message("input_reply", {"value": code}, channel="stdin"),
        message("history_request", {"hist_access_type": "tail", "n": 10, "output": False, "raw": True}),
        message("debug_request", {"command": "evaluate", "arguments": {"expression": code}}, channel="control"),
        message("create_subshell_request", {}, channel="control"),
        message("interrupt_request", {}, channel="control"),
        message("shutdown_request", {"restart": False}, channel="control"),
        message("shutdown_request", {"restart": False}),
        message("comm_open", {"comm_id": "y", "target_name": "jupyter.widget", "data": {"state": {"_model_module": "@jupyter-widgets/controls", "_model_name": "HTMLModel"}}}),
        message("comm_open", {"comm_id": "z", "target_name": "antigravity", "target_module": "antigravity", "data": {}}),
        message("comm_msg", comm | {"data": {"method": "custom", "content": {"create_widget": ["antigravity", "x"], "props": {}, "id": "1"}}}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "subprotocols"),
    [(json.dumps, None), (as_old_binary, None), (as_v1, ["v1.kernel.websocket.jupyter.org"])],
    ids=["json", "binary", "v1"],
)
def test_no_code_can_be_sent_to_a_kernel(dashboard, tmp_path, form, subprotocols):
    mark = tmp_path / "mark"
    with a_session(dashboard) as (kernel, _):
        came = answers(dashboard, kernel, attacks(mark), form=form, subprotocols=subprotocols)
        again = answers(dashboard, kernel, [message("comm_info_request", {})])
        assert ask(f"{dashboard.url}api/kernels/{kernel}")[0] == 200
    assert not mark.exists()
    replies = set(re.findall(r'"msg_type":\s*"(\w+_reply)"', " ".join(came)))
    assert replies <= {"kernel_info_reply"}
    # The kernel made no widget for us, and what it shows it still shows.
    comms = next(text for text in again if "comm_info_reply" in text)
    assert '"y"' not in comms
    assert "jupyter.widget" in comms


def shown_model(page):
    """Return the id of the widget that the page shows, which is also that of its comm."""
    return re.search(r'"model_id": "(\w+)"', page).group(1)


def test_a_view_cannot_make_its_kernel_import_or_call_what_it_names(dashboard, tmp_path):
    mark = tmp_path / "mark"
    with a_session(dashboard) as (kernel, page):
        comm = shown_model(page)

        def custom(content):
            return message("comm_msg", {"comm_id": comm, "data": {"method": "custom", "content": content}})

        answers(
            dashboard,
            kernel,
            [
                custom({"create_widget": ["subprocess", "Popen"], "props": {"args": ["touch", str(mark)]}, "id": "1"}),
                custom({"update_ref": {"functionRef": "close", "args": []}, "id": comm, "prop": "lost"}),
                custom({"event": "beat", "data": 7, "create_widget": ["subprocess", "Popen"]}),
            ],
        )
        heard = answers(dashboard, kernel, [custom({"event": "beat", "data": 8})])
    assert not mark.exists()
    assert any('"answered"' in text and "8" in text for text in heard)
    assert not any('"answered": 7' in text for text in heard)


def test_another_origins_websocket_is_refused(dashboard):
    with a_session(dashboard) as (kernel, _):
        with pytest.raises(InvalidStatus) as refused:
            answers(dashboard, kernel, [], origin="http://elsewhere.example")
        assert refused.value.response.status_code == 403
        own = dashboard.url.rstrip("/")
        assert answers(dashboard, kernel, [], origin=own)


def test_only_the_state_of_a_kernel_can_be_asked_for(dashboard):
    with a_session(dashboard) as (kernel, _):
        assert ask(f"{dashboard.url}api/kernels/{kernel}", "DELETE")[0] == 405
        assert ask(f"{dashboard.url}api/kernels/{kernel}/interrupt", "POST")[0] in (403, 404)
        assert ask(f"{dashboard.url}api/kernels/{kernel}/restart", "POST")[0] in (403, 404)
        assert ask(f"{dashboard.url}voila/api/shutdown/{kernel}", "POST", Origin="http://elsewhere.example")[0] in (
            403,
            404,
        )
        assert ask(f"{dashboard.url}api/kernels/{kernel}")[0] == 200


def test_a_closed_page_frees_its_kernel(dashboard):
    with a_session(dashboard) as (kernel, _):
        assert ask(f"{dashboard.url}api/kernels/{kernel}")[0] == 200
    wait_until(lambda: ask(f"{dashboard.url}api/kernels/{kernel}")[0] == 404)


def test_too_many_pages_get_a_friendly_page_and_a_freed_place_is_used(demo_path, serve):
    with serve(demo_path, "--max-kernels", "1") as dashboard:
        with a_session(dashboard):
            status, headers, text = ask(dashboard.url)
            assert status == 503
            assert int(headers["Retry-After"]) > 0
            assert "All places are taken" in text
            assert "--max-kernels" in text
            assert len(dashboard.kernels()) == 1
        wait_until(lambda: ask(dashboard.url)[0] == 200)
        assert len(dashboard.kernels()) <= 1


def living(pids):
    """Return those of the processes that run; one that waits to be reaped does not."""

    def runs(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False

    return [pid for pid in pids if runs(pid)]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_kernel_outlives_the_server(demo_path, serve, how):
    with serve(demo_path) as dashboard:
        ask(dashboard.url)
        wait_until(lambda: len(dashboard.kernels()) == 2)
        kernels = dashboard.kernels()
        dashboard.process.send_signal(how)
        dashboard.process.wait(timeout=PATIENCE_S)
        wait_until(lambda: not living(kernels), 5)
        if how != signal.SIGKILL:
            assert dashboard.process.returncode == 0


def test_it_stands_under_another_path_and_asks_for_its_token(demo_path, serve):
    with serve(demo_path, "--base-url", "/plant/fleet", "--token", "--max-kernels", "1") as dashboard:
        assert "/plant/fleet/?token=" in dashboard.url
        base = dashboard.url.split("?")[0]
        status, headers, _ = ask(base)
        assert (status, headers["Location"].split("?")[0]) == (302, "/plant/fleet/login")
        assert ask(f"{base}api/kernels/{uuid.uuid4()}")[0] == 403
        assert ask(f"{base}login")[0] == 200
        status, _, page = ask(dashboard.url)
        assert status == 200
        assert 'src="/plant/fleet/voila/static/voila.js"' in page
        assert ask(f"{base}voila/static/voila.js")[0] == 200
        assert ask(f"{base}voila/templates/workbench/static/page.js")[0] == 200


def command(*words):
    return subprocess.run(
        [sys.executable, "-c", "from workbench.cli import main; main()", *map(str, words)],
        capture_output=True, text=True, timeout=60, env={**os.environ, "WORKBENCH_WORKSPACE": ""}, check=False,
    )  # fmt: skip


def test_a_taken_port_is_said_with_a_remedy(demo_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = command("-w", demo_path, "dashboard", "--port", taken.getsockname()[1], "--no-browser")
    assert refused.returncode == 3
    assert "is in use" in refused.stderr
    assert "--port 0" in refused.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_kernels": 0},
        {"port": 70_000},
        {"base_url": "a b"},
        {"base_url": "/a?b"},
        {"warm_kernels": 9},
        {"idle_s": 0},
    ],
)
def test_choices_that_cannot_be_are_refused_before_anything_starts(demo_path, wrong):
    with pytest.raises(InputError):
        serve_dashboard(demo_path, Options(**wrong), announce=print)


def test_a_missing_workspace_is_refused(tmp_path):
    with pytest.raises(InputError, match="workbench init"):
        serve_dashboard(tmp_path, Options(), announce=print)


def test_missing_extras_are_named_with_the_command_that_installs_them(demo_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "workbench_widgets.server.app", None)
    with pytest.raises(EnvironmentFailure, match=r"pip install 'predictive-maintenance-workbench\[report,dashboard\]'"):
        serve_dashboard(demo_path, Options(), announce=print)


def test_listening_for_others_warns_that_there_is_no_login(demo_path, serve):
    with serve(
        demo_path,
        "--host",
        "0.0.0.0",  # noqa: S104
        "--name",
        "plant.example",
    ) as dashboard:
        log = next(
            iter(sorted(demo_path.parent.glob("dashboard-*.log"), key=lambda file: file.stat().st_mtime, reverse=True))
        )
        assert "no login" in log.read_text()
        port = urlsplit(dashboard.url).port
        local = f"http://127.0.0.1:{port}/nothing"
        assert ask(local, Host="plant.example")[0] == 404
        assert ask(local, Host="10.1.2.3:80")[0] == 404
        assert ask(local, Host="elsewhere.example")[0] == 403


def test_the_dashboard_writes_nothing_into_its_workspace(demo_path, serve, tmp_path):
    path = tmp_path / "W"
    shutil.copytree(demo_path, path)
    before = {
        file: file.stat().st_mtime_ns for file in path.rglob("*") if file.is_file() and "workbench.db" not in file.name
    }
    with serve(path, "--max-kernels", "1") as dashboard, a_session(dashboard):
        pass
    after = {
        file: file.stat().st_mtime_ns for file in path.rglob("*") if file.is_file() and "workbench.db" not in file.name
    }
    assert after == before
