# SPDX-License-Identifier: Apache-2.0
"""The checks of scripts/test can fail: each rule, broken in a small tree of its own, is reported where it is broken."""
import pytest
from conftest import ROOT, ours, run

SPDX = "SPDX-License-Identifier: Apache-2.0"
C_HEAD = f"/* {SPDX} */\n/* A file to look at. */\n"
HASH_HEAD = f"# {SPDX}\n# A file to look at.\n"
MACHINE_PATH = "/wor" + "k/main/x"


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def function_of(lines):
    """A C function whose braces enclose `lines` lines, the braces counted."""
    return "int f(void)\n{\n" + "    x();\n" * (lines - 2) + "}\n"


CLEAN = {
    "src/tls/a.c": C_HEAD + "#include <openssl/ssl.h>\n" + function_of(60),
    "src/store/b.c": C_HEAD + "#include <yaml.h>\n" + "int x;\n" * 497,
    "subagent/c.c": C_HEAD + "#include <net-snmp/net-snmp-config.h>\n#include \"base/error.h\"\n",
    "scripts/d": "#!/bin/bash\n" + HASH_HEAD,
    "tests/e.py": f'# {SPDX}\n"""A file to look at."""\n',
    "CMakeLists.txt": f"# {SPDX}\n",
}

FAULTS = [
    ("src/a.c", C_HEAD + "int x;\n" * 499, "src/a.c:1: 501 lines, 500 at most"),
    ("src/a.c", C_HEAD + function_of(61), "src/a.c:4: a function of 61 lines, 60 at most"),
    ("scripts/a.sh", HASH_HEAD + "f() {\n" + "    :\n" * 59 + "}\n", "scripts/a.sh:3: a function of 61 lines"),
    ("tests/a.py", HASH_HEAD + "def f():\n" + "    g()\n" * 60, "tests/a.py:3: a function of 61 lines"),
    ("src/a.c", C_HEAD + "/" + "/" * 120 + "\n", "src/a.c:3: 121 columns, 120 at most"),
    ("src/a.c", "/* A file. */\n", f"src/a.c:1: the first line is not '/* {SPDX} */'"),
    ("src/a.h", f"/* {SPDX} */\n#include <stdio.h>\n", "src/a.h:2: no comment that says what the file is for"),
    ("scripts/a", "#!/bin/sh\necho\n", f"scripts/a:2: line 2 is not '# {SPDX}'"),
    ("scripts/a", f"#!/bin/sh\n# {SPDX}\necho\n", "scripts/a:3: no sentence that says what the file is for"),
    ("src/a.c", C_HEAD + "#include <net-snmp/library/asn1.h>\n", "src/a.c:3: net-snmp's headers may be included only"),
    ("cli/a.c", C_HEAD + "#include <yaml.h>\n", "cli/a.c:3: libyaml's headers may be included only in src/store/"),
    ("src/base/a.c", C_HEAD + "#include <openssl/evp.h>\n", "src/base/a.c:3: OpenSSL's headers may be included only"),
    ("src/tls/a.c", C_HEAD + "# include <heimdal/krb5.h>\n", "src/tls/a.c:3: Heimdal's headers may be included only"),
    ("src/tls/a.c", C_HEAD + "#include <curl/curl.h>\n", "src/tls/a.c:3: libcurl's headers may be included only in"),
    ("master/a.c", C_HEAD + '#include "base/error.h"\n', 'master/a.c:3: "base/error.h" may not be included here'),
    ("src/a.c", C_HEAD + '#include "../subagent/agent.h"\n', 'src/a.c:3: "../subagent/agent.h" may not be included'),
    ("docs/a.md", f"Look into {MACHINE_PATH}.\n", "docs/a.md:1: '/wor" + "k/m...' is a path of one machine"),
]


def test_style_passes_what_is_right(tmp_path):
    for name, text in CLEAN.items():
        write(tmp_path, name, text)
    done = run([ROOT / "scripts/check-style", tmp_path])
    assert (done.returncode, done.text) == (0, f"{len(CLEAN)} files, 0 faults\n")


@pytest.mark.parametrize("name, text, said", FAULTS, ids=[said for _, _, said in FAULTS])
def test_style_reports_each_fault(tmp_path, name, text, said):
    write(tmp_path, name, text)
    done = run([ROOT / "scripts/check-style", tmp_path])
    assert done.returncode == 1
    assert said in done.stdout, done.text
    assert "1 files, 1 faults" in done.stdout, done.text


def test_style_fails_where_there_is_nothing(tmp_path):
    done = run([ROOT / "scripts/check-style", tmp_path])
    assert (done.returncode, done.stderr) == (1, f"no file below {tmp_path}\n")


def test_format_fails_on_another_layout(tmp_path):
    write(tmp_path, ".clang-format", (ROOT / ".clang-format").read_text())
    write(tmp_path, "a.c", C_HEAD + "int f(void)\n{\n    return 0;\n}\n")
    assert run([ROOT / "scripts/check-format", tmp_path]).returncode == 0
    write(tmp_path, "a.c", C_HEAD + "int f(void) {\n  return 0;\n}\n")
    done = run([ROOT / "scripts/check-format", tmp_path])
    assert done.returncode != 0 and "code should be clang-formatted" in done.text


def static_tree(tmp_path, body):
    """A copy of what scripts/check-static needs, with one source of its own, and a compilation database for it."""
    for name in ("scripts/check-static", "scripts/lib.sh"):
        write(tmp_path, name, (ROOT / name).read_text())
        (tmp_path / name).chmod(0o755)
    write(tmp_path, ".clang-tidy", (ROOT / ".clang-tidy").read_text())
    for folder in ("src", "subagent", "master", "cli", "mib"):
        (tmp_path / folder).mkdir()
    source = tmp_path / "src" / "a.c"
    write(tmp_path, "src/a.c", C_HEAD + body)
    write(tmp_path, "build/compile_commands.json",
          f'[{{"directory": "{tmp_path}", "command": "cc -c {source}", "file": "{source}"}}]')
    return tmp_path


@pytest.mark.parametrize("tool, body, said", [
    ("clang-tidy", "int f(const int *p);\nint f(const int *p)\n{\n    return p ? 0 : *p;\n}\n", "NullDereference"),
    ("clang-tidy", "int f(int a);\nint f(int a)\n{\n    return a == a;\n}\n", "misc-redundant-expression"),
    ("cppcheck", "int f(void);\nint f(void)\n{\n    int a[2] = {0, 1};\n    return a[2];\n}\n", "arrayIndexOutOf"),
])
def test_static_analysis_fails_on_a_defect(tmp_path, tool, body, said):
    root = static_tree(tmp_path, body)
    done = run([root / "scripts/check-static", tool, root / "build"])
    assert done.returncode != 0 and said in done.text, done.text


def test_static_analysis_passes_what_is_right(tmp_path):
    root = static_tree(tmp_path, "int f(int a);\nint f(int a)\n{\n    return a + 1;\n}\n")
    done = run([root / "scripts/check-static", root / "build"])
    assert done.returncode == 0, done.text


def leak(octets, objects, place):
    return (f"Direct leak of {octets} byte(s) in {objects} object(s) allocated from:\n"
            "    #0 0x7fd8 in __interceptor_calloc ../../asan_malloc_linux.cpp:77\n"
            f"    #1 0x7fd9 {place}\n    #2 0x7ff0 (x)\n\n")


LIBRARY = "(/lib/x86_64-linux-gnu/libnetsnmp.so.40+0x9195a)"


@pytest.mark.parametrize("leaks, reported", [
    (leak(110, 1, LIBRARY), False),
    (leak(330, 3, LIBRARY), False),
    (leak(111, 1, LIBRARY), True),
    (leak(110, 1, "in agent_new subagent/agent.c:28"), True),
    (leak(110, 1, LIBRARY) + leak(8, 1, "in agent_new subagent/agent.c:28"), True),
    (leak(110, 1, LIBRARY) + "==2==ERROR: AddressSanitizer: heap-use-after-free\n", True),
    ("", True),
])
def test_only_the_librarys_own_leak_is_passed_over(leaks, reported):
    report = f"=====\n==1==ERROR: LeakSanitizer: detected memory leaks\n\n{leaks}SUMMARY: AddressSanitizer: leaked\n"
    assert bool(ours(report)) == reported
    assert "agent.c:28" not in leaks or "agent.c:28" in ours(report)
