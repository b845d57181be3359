# SPDX-License-Identifier: Apache-2.0
"""scripts/sandbox: what other people's scripts rely on, and what it does when something is wrong."""
import os
import re
import shutil
import socket
import stat
import subprocess
import urllib.request
from pathlib import Path

import pytest
from conftest import SANDBOX, run, running

CONTRACT = ["SNMP_TARGET", "SNMP_ARGS", "MIBDIRS", "MIBS", "DEVSEC_STORE", "DEVSEC_APPLIED", "DEVSECCTL", "SNMPD_PID",
            "DEVSECD_PID"]


def program(pid):
    return Path(f"/proc/{pid}/exe").resolve().name


def pass_phrases(sandbox):
    found = []
    for user in ("admin", "monitor"):
        found += re.findall(r"Passphrase (\S+)", (sandbox.dir / "client" / user / "snmp.conf").read_text())
    assert len(set(found)) == 4
    return found


def ask_plainly(sandbox, line):
    """Runs a shell line after nothing but the eval that the contract promises, with as little environment as can be."""
    script = f'eval "$({SANDBOX} env {sandbox.dir})"; {line}'
    return run(["env", "-i", f"PATH={os.environ['PATH']}", "HOME=/nonexistent", "bash", "-euc", script])


def test_plain_eval_is_enough_for_the_clients(module_sandbox):
    done = ask_plainly(module_sandbox, "snmpget $SNMP_ARGS $SNMP_TARGET DEVICE-SECURITY-MIB::devsecStoreGeneration.0")
    assert done.returncode == 0, done.text
    assert re.fullmatch(r"DEVICE-SECURITY-MIB::devsecStoreGeneration\.0 = Gauge32: [1-9]\d*\n", done.stdout), done.text
    assert done.stderr == ""


def test_plain_eval_is_enough_for_a_walk_with_names(module_sandbox):
    done = ask_plainly(module_sandbox, "snmpwalk $SNMP_ARGS $SNMP_TARGET devsecMIB")
    assert done.returncode == 0, done.text
    assert "devsecTlsPermitMode.0 = INTEGER: ciphertextCleartext(2)" in done.stdout
    assert "enterprises" not in done.stdout


def test_plain_eval_is_enough_for_devsecctl(module_sandbox):
    done = ask_plainly(module_sandbox, "$DEVSECCTL get tls.permit-mode")
    assert (done.stdout, done.returncode) == ("ciphertextCleartext\n", 0), done.text


def test_env_is_one_assignment_a_line(module_sandbox):
    lines = module_sandbox.command("env").stdout.splitlines()
    assignments = {}
    for line in lines[:-1]:
        name, value = re.fullmatch(r"([A-Z0-9_]+)='([^']*)'", line).groups()
        assignments[name] = value
    assert lines[-1].startswith("export ")
    assert [name for name in CONTRACT if not assignments.get(name)] == []
    assert program(assignments["SNMPD_PID"]) == "snmpd"
    assert program(assignments["DEVSECD_PID"]) == "devsecd"


def test_no_pass_phrase_outside_the_files_for_it(module_sandbox):
    shown = module_sandbox.command("env").stdout
    for server in ("snmpd", "devsecd"):
        shown += module_sandbox.log(server)
        for part in ("cmdline", "environ"):
            shown += Path(f"/proc/{module_sandbox.pid(server)}/{part}").read_text(errors="replace")
    assert [phrase for phrase in pass_phrases(module_sandbox) if phrase in shown] == []


def test_nothing_in_the_folder_is_open_to_others(module_sandbox):
    assert stat.S_IMODE(module_sandbox.dir.stat().st_mode) == 0o700
    for path in ("snmpd.conf", "devsecd.yaml", "sandbox.state", "client/admin/snmp.conf", "client/monitor/snmp.conf"):
        assert stat.S_IMODE((module_sandbox.dir / path).stat().st_mode) == 0o600, path


def test_snmpd_listens_on_loopback_only(module_sandbox):
    port = int(module_sandbox.target.rpartition(":")[2])
    tables = Path("/proc/net/udp").read_text() + Path("/proc/net/udp6").read_text()
    local = [words[1] for words in map(str.split, tables.splitlines()) if words[1].endswith(f":{port:04X}")]
    assert local == [f"0100007F:{port:04X}"]


def test_the_monitor_reads_and_cannot_write(module_sandbox):
    done = module_sandbox.get("DEVICE-SECURITY-MIB::devsecSmtpPort.0", user="monitor")
    assert done.returncode == 0 and "25" in done.stdout, done.text
    before = module_sandbox.settings
    done = module_sandbox.set("DEVICE-SECURITY-MIB::devsecSmtpPort.0", "u", "26", user="monitor")
    assert done.returncode != 0 and "noAccess" in done.text, done.text
    assert module_sandbox.settings == before


def test_starting_twice_says_so_and_harms_nothing(module_sandbox):
    done = module_sandbox.command("start")
    assert done.returncode == 1
    assert f"runs already (snmpd {module_sandbox.pid('snmpd')}, devsecd {module_sandbox.pid('devsecd')})" in done.stderr
    assert module_sandbox.get("DEVICE-SECURITY-MIB::devsecAgentVersion.0").returncode == 0


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path):
    (tmp_path / "snmpd.conf").write_text("# mine\n")
    mode = tmp_path.stat().st_mode
    done = run([SANDBOX, "start", tmp_path])
    assert done.returncode == 1 and "is there and is not a sandbox's" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["snmpd.conf"]
    assert (tmp_path / "snmpd.conf").read_text() == "# mine\n" and tmp_path.stat().st_mode == mode


def test_two_instances_do_not_meet(module_sandbox, sandbox):
    assert sandbox.target != module_sandbox.target
    done = sandbox.set("DEVICE-SECURITY-MIB::devsecSmtpPort.0", "u", "2525")
    assert done.returncode == 0, done.text
    assert sandbox.value("devsecSmtpPort.0") == "2525"
    assert module_sandbox.value("devsecSmtpPort.0") == "25"


def test_stop_ends_both_and_start_finds_the_store_again(sandbox):
    pids = [sandbox.pid("snmpd"), sandbox.pid("devsecd")]
    assert sandbox.set("DEVICE-SECURITY-MIB::devsecSmtpPort.0", "u", "2525").returncode == 0
    phrases, settings = pass_phrases(sandbox), sandbox.settings
    sandbox.stop()
    assert [pid for pid in pids if running(pid)] == []
    sandbox.stop()
    assert run([SANDBOX, "env", sandbox.dir]).stdout.count("_PID=''") == 2
    sandbox.start()
    assert sandbox.value("devsecSmtpPort.0") == "2525"
    assert (pass_phrases(sandbox), sandbox.settings) == (phrases, settings)


@pytest.mark.parametrize("server", ["snmpd", "devsecd"])
def test_restart_after_a_kill(sandbox, server):
    assert sandbox.set("DEVICE-SECURITY-MIB::devsecSmtpPort.0", "u", "2525").returncode == 0
    before = sandbox.pid(server)
    sandbox.kill(server)
    sandbox.restart(server)
    assert sandbox.pid(server) != before
    assert sandbox.value("devsecSmtpPort.0") == "2525"


def test_start_holds_none_of_the_callers_descriptors(make_sandbox, tmp_path):
    # Were one inherited, communicate() would wait for the servers' end.
    sandbox = make_sandbox()
    sandbox.stop()
    reader, writer = os.pipe()
    with subprocess.Popen([SANDBOX, "start", sandbox.dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, pass_fds=[writer]) as starter:
        os.close(writer)
        output, _ = starter.communicate(timeout=120)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b""
    assert (starter.returncode, output) == (0, b"")


def test_a_long_folder_gets_short_socket_names(make_sandbox, tmp_path):
    folder = tmp_path / ("long-" * 20 + "name")
    folder.mkdir()
    sandbox = make_sandbox(folder=folder)
    sockets = Path(sandbox.env["DEVSEC_AGENTX_SOCKET"])
    assert len(str(sockets)) < 108 and sockets.is_socket()
    sandbox.stop()
    assert not sockets.parent.exists()


def test_a_taken_port_is_said_and_nothing_is_left(tmp_path):
    folder = tmp_path / "instance"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        done = run([SANDBOX, "start", folder, "--port", taken.getsockname()[1]], timeout=120)
    assert done.returncode == 1
    assert "did not get ready" in done.stderr and "Error opening specified endpoint" in done.stderr
    assert run([SANDBOX, "env", folder]).stdout.count("_PID=''") == 2


def test_stop_leaves_a_process_alone_that_only_has_the_number(tmp_path):
    folder = tmp_path / "instance"
    folder.mkdir()
    with subprocess.Popen(["sleep", "60"]) as other:
        (folder / "sandbox.state").write_text(f"SNMPD={other.pid}:1\nDEVSECD={other.pid}:1\nRUN={folder}/run\n")
        done = run([SANDBOX, "stop", folder])
        assert (done.returncode, done.text) == (0, "")
        assert running(other.pid)
        other.kill()


@pytest.mark.parametrize("arguments, said", [
    (["start"], "start needs a DIR"),
    (["start", "{dir}", "--port", "0"], "--port takes a number from 1 to 65535, got '0'"),
    (["start", "{dir}", "--port", "65536"], "got '65536'"),
    (["start", "{dir}", "--port"], "--port needs a value"),
    (["start", "{dir}", "--preset", "fast"], "--preset takes release or asan, got 'fast'"),
    (["start", "{dir}", "--with", "nginx,ldap"], "unknown peer 'ldap'; known: nginx, kdc, scep"),
    (["start", "{dir}", "--snmpd-conf", "/nonexistent"], "'/nonexistent' cannot be read"),
    (["start", "{dir}", "--verbose"], "unknown option '--verbose'"),
    (["start", "{dir}", "{dir}"], "one DIR only"),
    (["start", "{dir}/with space"], "only letters, digits and"),
    (["restart", "{dir}", "init"], "restart takes snmpd or devsecd, got 'init'"),
    (["halt", "{dir}"], "unknown command 'halt'; known: start, env, restart, stop"),
    ([], "one of start, env, restart, stop is needed"),
])
def test_a_wrong_command_line_is_said_and_touches_nothing(tmp_path, arguments, said):
    folder = tmp_path / "instance"
    done = run([SANDBOX, *[word.format(dir=folder) for word in arguments]])
    assert done.returncode == 2
    assert said in done.stderr
    assert not folder.exists()


def test_an_unfinished_build_is_said(tmp_path):
    done = run([SANDBOX, "start", tmp_path / "instance"], env={**os.environ, "DEVSEC_BUILD": str(tmp_path)})
    assert done.returncode == 1
    assert f"is {tmp_path} a finished build?" in done.stderr


def test_real_peers_answer_and_end_with_the_instance(make_sandbox):
    sandbox = make_sandbox("--with", "nginx,kdc,scep")
    names = ("NGINX_PID", "KDC_PID", "SCEP_PID")
    pids = [int(sandbox.env[name]) for name in names]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{sandbox.env['NGINX_PORT']}/", timeout=10) as page:
        assert page.read() == b"devsec sandbox\n"
    with opener.open(sandbox.env["SCEP_URL"] + "?operation=GetCACert", timeout=10) as answer:
        ca_certificate = answer.read()
    done = subprocess.run(["openssl", "x509", "-in", sandbox.env["SCEP_CA"], "-outform", "DER"], capture_output=True,
                          check=True)
    assert ca_certificate == done.stdout
    done = run(["kinit.heimdal", f"--keytab={sandbox.env['KDC_KEYTAB']}", f"--cache=FILE:{sandbox.dir}/ccache",
                f"device@{sandbox.env['KDC_REALM']}"], env=sandbox.env)
    assert done.returncode == 0, done.text
    sandbox.stop()
    assert [pid for pid in pids if running(pid)] == []


def test_peers_listen_on_loopback_only(make_sandbox):
    sandbox = make_sandbox("--with", "nginx,kdc,scep")
    for table in ("tcp", "tcp6"):
        lines = [line.split() for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
        for name in ("NGINX_PORT", "KDC_PORT", "SCEP_PORT"):
            port = f":{int(sandbox.env[name]):04X}"
            listening = [words[1] for words in lines if words[1].endswith(port) and words[3] == "0A"]
            assert listening == (["0100007F" + port] if table == "tcp" else []), name


def test_the_folder_stays_after_stop(sandbox):
    sandbox.stop()
    assert (sandbox.dir / "store" / "settings.yaml").is_file()
    shutil.rmtree(sandbox.dir)
