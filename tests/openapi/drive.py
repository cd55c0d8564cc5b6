"""Two daemons that talk to each other, and schemathesis at the APIs of one of them."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).parent
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
]
# Examples for each operation, beside those that the document's limits give.
EXAMPLES = os.environ.get("EXAMPLES", "12")
SEED = os.environ.get("SEED", "1")

# What is not asked, and why.
CLIENT_LEFT_OUT = {
    r"^/api/v1/events$": "the stream does not end",
    r"^/api/v1/session": "argon2 is slow on purpose, and signing out ends the token of all other requests",
    r"^/api/v1/me/password$": "ends all other sessions",
}
ADMIN_LEFT_OUT = {
    r"^/admin/v1/session$": "ends the session",
    r"^/admin/v1/users/\{local\}/(sessions|erasure)$": "ends what the other operations are asked of",
}


def ask(base, token, path, body=None):
    request = urllib.request.Request(base + path, data=None if body is None else json.dumps(body).encode())
    request.add_header("content-type", "application/json")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def sign_in(org):
    org["base"] = f"http://{org['client']}"
    credentials = {"user": org["users"][0], "password": org["password"]}
    return ask(org["base"], None, "/api/v1/session", credentials)["token"]


def known(org, token):
    """What exists, so that requests are also about something: see hooks.py."""
    rooms = [room["id"] for room in ask(org["base"], token, "/api/v1/rooms")["items"]]
    posted = ask(org["base"], token, f"/api/v1/rooms/{rooms[0]}/notes", {"title": "Stand", "text": "Who brings what"})
    ask(org["base"], token, f"/api/v1/rooms/{rooms[0]}/calendar",
        {"title": "Fair", "days": {"first": "2026-03-02", "last": "2026-03-03"}, "repeats": "FREQ=WEEKLY;COUNT=3"})
    return {
        "room": rooms,
        "index": ["0", "1", "2", str(posted["index"]), str(posted["index"] + 1)],
        "comment": ["1", "9"],
        "address": ["bob@globex.example", "carol@acme.example", "nobody@globex.example"],
        "local": ["carol"],
        "domain": ["nobody.example"],
        "user": ["carol"],
    }


def drive(name, document, token, left_out, environment):
    command = [str(pathlib.Path(sys.executable).parent / "st"), "--config-file", str(HERE / "schemathesis.toml")]
    command += ["run", document, "-H", f"Authorization: Bearer {token}"]
    command += ["--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--seed", SEED]
    command += ["--max-examples", EXAMPLES, "--continue-on-failure", "--request-timeout", "20", "--no-color"]
    command += ["--warnings", "off", "--no-shrink", "--suppress-health-check", "all"]
    for path, why in left_out.items():
        print(f"{name}: {path} is left out: {why}", flush=True)
    command += ["--exclude-path-regex", "|".join(left_out)]
    with tempfile.TemporaryDirectory() as elsewhere:
        return subprocess.run(command, cwd=elsewhere, env=environment).returncode


def main():
    program = os.environ["HANDCLASP"]
    with tempfile.TemporaryDirectory() as dir, subprocess.Popen(
        [program, "demo", "--json", "--dir", f"{dir}/town"], stdout=subprocess.PIPE, text=True
    ) as demo:
        try:
            told = (json.loads(line) for line in demo.stdout)
            org = next(line["ready"] for line in told if "ready" in line)[0]
            token = sign_in(org)
            admin = pathlib.Path(org["dir"], "keys/admin.token").read_text().strip()
            environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"), "KNOWN": json.dumps(known(org, token))}
            client = drive("client", f"{org['base']}/api/v1/openapi.json", token, CLIENT_LEFT_OUT, environment)
            console = drive("admin", f"http://{org['admin']}/admin/v1/openapi.json", admin, ADMIN_LEFT_OUT, environment)
            alive = demo.poll() is None
        finally:
            demo.terminate()
    print(f"client: {client}, admin: {console}, daemons {'still there' if alive else 'gone'}")
    return 0 if (client, console, alive) == (0, 0, True) else 1


if __name__ == "__main__":
    sys.exit(main())
