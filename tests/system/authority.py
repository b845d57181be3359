# SPDX-License-Identifier: Apache-2.0
"""A certification authority made with openssl: a root, an intermediate below it, certificates for requests."""
from pathlib import Path

from conftest import run

EXTENSIONS = {
    "root": "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n",
    "intermediate": "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
                    "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
    "leaf": "basicConstraints=CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
}
CONFIGURATION = """[ca]
default_ca = issuing
[issuing]
database = {dir}/index
new_certs_dir = {dir}
serial = {dir}/serial
certificate = {dir}/{name}.pem
private_key = {dir}/{name}.key
default_md = sha256
policy = anything
email_in_dn = no
unique_subject = no
copy_extensions = copy
x509_extensions = leaf
[anything]
countryName = optional
stateOrProvinceName = optional
localityName = optional
organizationName = optional
organizationalUnitName = optional
commonName = optional
[leaf]
{leaf}[intermediate]
{intermediate}"""


def openssl(*words, stdin=None):
    """Runs openssl; fails the test with its words if it fails. Returns its standard output."""
    done = run(["openssl", *words], stdin=stdin)
    assert done.returncode == 0, (words, done.text)
    return done.stdout


class Authority:
    """Root and intermediate under a folder; keys are P-256 and gone with the folder."""

    def __init__(self, folder, name="Test"):
        self.dir = Path(folder)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.count = 0
        for part in ("root", "intermediate"):
            self.key(part)
            self.configure(part)
        (self.dir / "root.ext").write_text(EXTENSIONS["root"])
        self.request("root", f"/O={name}/CN={name} Root")
        openssl("x509", "-req", "-in", self.dir / "root.csr", "-key", self.dir / "root.key", "-days", "3650",
                "-extfile", self.dir / "root.ext", "-out", self.dir / "root.pem")
        self.request("intermediate", f"/O={name}/CN={name} Issuing")
        self.sign("root", self.dir / "intermediate.csr", self.dir / "intermediate.pem", "-extensions", "intermediate",
                  "-days", "3000")

    def key(self, part):
        openssl("genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                self.dir / f"{part}.key")

    def configure(self, part):
        (self.dir / f"{part}.cnf").write_text(CONFIGURATION.format(
            dir=self.dir, name=part, leaf=EXTENSIONS["leaf"], intermediate=EXTENSIONS["intermediate"]))
        (self.dir / "index").touch()
        (self.dir / "serial").write_text("1000\n")

    def request(self, part, subject):
        openssl("req", "-new", "-key", self.dir / f"{part}.key", "-subj", subject, "-out", self.dir / f"{part}.csr")

    def sign(self, part, csr, out, *words):
        openssl("ca", "-batch", "-notext", "-config", self.dir / f"{part}.cnf", "-in", csr, "-out", out, *words)
        return Path(out).read_text(encoding="ascii")

    def issue(self, request, *words):
        """A certificate for a PEM request, by the intermediate; `words` are openssl ca's: -startdate, -days."""
        self.count += 1
        csr = self.dir / f"issued-{self.count}.csr"
        csr.write_text(request, encoding="ascii")
        words = words or ("-days", "365")
        return self.sign("intermediate", csr, self.dir / f"issued-{self.count}.pem", *words)

    def issue_to(self, subject, *words):
        """A key of its own, not the device's, and its certificate."""
        name = f"other-{self.count + 1}"
        self.key(name)
        self.request(name, subject)
        return self.issue((self.dir / f"{name}.csr").read_text(encoding="ascii"), *words)

    @property
    def root(self):
        return (self.dir / "root.pem").read_text(encoding="ascii")

    @property
    def intermediate(self):
        return (self.dir / "intermediate.pem").read_text(encoding="ascii")

    def verify(self, chain):
        """What `openssl verify` says of a PEM text that begins with the leaf: None, or its words."""
        leaf, rest = self.dir / "leaf.check", self.dir / "rest.check"
        end = "-----END CERTIFICATE-----\n"
        first, _, others = chain.partition(end)
        leaf.write_text(first + end, encoding="ascii")
        rest.write_text(others, encoding="ascii")
        words = ["-untrusted", rest] if others else []
        done = run(["openssl", "verify", "-CAfile", self.dir / "root.pem", *words, leaf])
        return None if done.returncode == 0 else done.text
