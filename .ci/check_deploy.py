#!/usr/bin/env python3
"""Checks what ships the connector: `deploy/`, the workflows, and docs/service-mode.md.

What needs a tool that is not on this machine is left out, with a line that says so. `.ci/run` installs the Python packages.
"""

import functools
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import warnings

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
CHART = DEPLOY / "helm" / "baton-okta"
UNIT = DEPLOY / "systemd" / "baton-okta.service"
GUIDE = ROOT / "docs" / "service-mode.md"
WORKFLOWS = ROOT / ".github" / "workflows"
DEPENDABOT = ROOT / ".github" / "dependabot.yml"
# The version of Kubernetes whose schemas count: an old one that is still in use.
KUBERNETES_VERSION = "1.32"

# How the chart is tried: a name, the values, and what has to be in what it makes.
IMAGE = {"repository": "registry.example.com/baton-okta"}
BARE = {"image": IMAGE, "secret": {"existing": "baton-okta-secrets"}}
FULL = {
    "image": {**IMAGE, "digest": "sha256:" + "0" * 64},
    "imagePullSecrets": [{"name": "registry"}],
    "secret": {"clientId": "name@tenant.example/x", "clientSecret": "made-up"},
    "okta": {
        "domain": "acme.okta.com",
        "oauth": {"clientId": "0oa1", "privateKeyId": "k1", "privateKey": {"secretName": "okta-key"}},
    },
    "provisioning": True,
    "options": {"rate-limit-share": 50, "filter-email-domains": ["a.example", "b.example"], "sync-secrets": True},
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}],
    "extraEnvFrom": [{"configMapRef": {"name": "more"}}],
    "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca"}],
    "persistence": {"enabled": True, "storageClass": "fast"},
    "health": {"port": 9000},
    "podLabels": {"team": "iam"},
    "podAnnotations": {"a": "b"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "k", "operator": "Exists"}],
    "affinity": {"podAffinity": {}},
    "priorityClassName": "high",
    "networkPolicy": {"enabled": True, "extraEgress": [{"ports": [{"port": 3128, "protocol": "TCP"}]}]},
    "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
}
FULL_ENV = {
    "BATON_AUTH_METHOD": "private-key-group",
    "BATON_OKTA_CLIENT_ID": "0oa1",
    "BATON_OKTA_PRIVATE_KEY": "/etc/baton-okta/okta.pem",
    "BATON_PROVISIONING": "true",
    "BATON_RATE_LIMIT_SHARE": "50",
    "BATON_FILTER_EMAIL_DOMAINS": "a.example,b.example",
    "BATON_SYNC_SECRETS": "true",
    "BATON_HEALTH_CHECK_PORT": "9000",
}
FULL_KINDS = ["Deployment", "NetworkPolicy", "PersistentVolumeClaim", "PodMonitor", "Secret"]
# Values that the chart must refuse, with a word of what it says.
REFUSED = [
    ({}, "image"),
    ({**BARE, "secret": {}}, "okta.domain"),
    ({**BARE, "secret": {}, "okta": {"domain": "acme.okta.com"}}, "secret.clientId"),
    ({**BARE, "secret": {"clientId": "i", "clientSecret": "s"}, "okta": {"domain": "d"}}, "secret.apiToken"),
    ({**BARE, "okta": {"oauth": {"clientId": "0oa1"}}}, "privateKeyId"),
    ({**BARE, "okta": {"domain": "https://acme.okta.com"}}, "domain"),
    ({**BARE, "options": {"api-token": "x"}}, "api-token"),
    ({**BARE, "replicas": 2}, "replicas"),
]

found: list[str] = []
left_out: list[str] = []


def problem(where: object, what: object) -> None:
    """Notes what is wrong, and goes on."""
    name = where.relative_to(ROOT) if isinstance(where, pathlib.Path) else where
    found.append(f"{name}: {what}")


def needs(what: str):
    """The module of that name, or None with a note."""
    try:
        return __import__(what)
    except ImportError:
        left_out.append(f"the Python package {what} is not installed")
        return None


def tool(name: str) -> str | None:
    """A program on the path or beside this Python, or None with a note."""
    beside = pathlib.Path(sys.executable).parent / name
    path = str(beside) if beside.exists() else shutil.which(name)
    if path is None:
        left_out.append(f"{name} is not on this machine")
    return path


def run(*command: object) -> str | None:
    """What a failed program says, None if all went well."""
    ended = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, timeout=120)
    return (ended.stdout + ended.stderr).strip() if ended.returncode else None


def read(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8")


# Kubernetes


def validate(where: object, document: dict) -> None:
    """One object against the schema of its kind. Custom resources have none here."""
    kubernetes_validate = needs("kubernetes_validate")
    if kubernetes_validate is None or "." in document["apiVersion"].partition("/")[0].replace(".k8s.io", ""):
        return
    try:
        kubernetes_validate.validate(document, KUBERNETES_VERSION, strict=True)
    except Exception as error:  # noqa: BLE001 the package has no common class for them
        problem(where, f"{document['kind']}: {getattr(error, 'message', error)}")


def manifests(yaml) -> dict:
    """Checks the manifests one by one; gives the Deployment."""
    deployment = {}
    for path in sorted(KUBERNETES.rglob("*.yaml")):
        for document in yaml.safe_load_all(read(path)):
            if path.name == "kustomization.yaml":
                for name in document.get("resources", []) + document.get("components", []):
                    if not (path.parent / name).exists():
                        problem(path, f"there is no {name}")
                continue
            validate(path, document)
            if document["kind"] == "Deployment":
                deployment = document
            if document["kind"] == "Secret" and any(document["stringData"].values()):
                problem(path, "the template of the Secret has values")
    return deployment


def kustomize(yaml) -> None:
    """The manifests put together, alone and with each component."""
    kubectl = tool("kubectl")
    if kubectl is None:
        return
    components = [None, *(path.name for path in sorted(KUBERNETES.iterdir()) if path.is_dir())]
    for component in components:
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / "kubernetes"
            shutil.copytree(KUBERNETES, copy)
            if component:
                with (copy / "kustomization.yaml").open("a", encoding="utf-8") as file:
                    file.write(f"components:\n  - {component}\n")
            ended = subprocess.run([kubectl, "kustomize", copy], capture_output=True, text=True, timeout=60)
        where = f"deploy/kubernetes with {component}" if component else "deploy/kubernetes"
        if ended.returncode:
            problem(where, ended.stderr.strip())
            continue
        for document in yaml.safe_load_all(ended.stdout):
            validate(where, document)
            image = f"{IMAGE['repository']}:{version()}"
            if document["kind"] == "Deployment" and pod(document)["containers"][0]["image"] != image:
                problem(where, f"the image is not {image}")


def pod(deployment: dict) -> dict:
    return deployment["spec"]["template"]["spec"]


def hardened(where: object, deployment: dict) -> None:
    """What must not get lost, whoever edits it."""
    spec = pod(deployment)
    container = spec["containers"][0]
    context = container["securityContext"]
    env = {entry["name"]: entry.get("value") for entry in container["env"]}
    probes = [container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")]
    limits = container["resources"]["limits"]
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    for what, holds in {
        "one process, replaced and not doubled": deployment["spec"]["replicas"] == 1
        and deployment["spec"]["strategy"] == {"type": "Recreate"},
        "not root": spec["securityContext"]["runAsNonRoot"] is True,
        "the usual seccomp profile": spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"},
        "no token of the cluster": spec["automountServiceAccountToken"] is False,
        "a read-only root file system": context["readOnlyRootFilesystem"] is True,
        "no privileges": context["allowPrivilegeEscalation"] is False and context["capabilities"] == {"drop": ["ALL"]},
        "a limit of memory, none of CPU": "memory" in limits and "cpu" not in limits,
        "probes that do not depend on Okta": probes == ["/live", "/ready", "/live"],
        "health checks switched on": env.get("BATON_HEALTH_CHECK") == "true",
        "working data and sorting where it can write": {env.get("BATON_C1Z_TEMP_DIR"), env.get("TMPDIR")} <= mounted,
    }.items():
        if not holds:
            problem(where, f"the Deployment has not: {what}")


# Helm


def chart(yaml, manifest: dict) -> None:
    """Helm's own engine renders the chart, in the forms that people will use."""
    if needs("helm_python") is None:
        return
    from helm_python.chart import Chart, lint
    from helm_python.errors import HelmError

    facts = yaml.safe_load(read(CHART / "Chart.yaml"))
    for key in ("version", "appVersion"):
        if facts[key] != version():
            problem(CHART / "Chart.yaml", f"{key} is {facts[key]}, but Cargo.toml says {version()}")
    for message in lint(str(CHART), BARE)["errors"]:
        problem(CHART, message)
    with Chart.load(str(CHART)) as loaded:
        bare = rendered(yaml, loaded, BARE)
        same_pod(bare["Deployment"], manifest)
        full = rendered(yaml, loaded, FULL)
        if sorted(full) != FULL_KINDS:
            problem(CHART, f"with everything switched on it makes {sorted(full)}")
        env = {entry["name"]: entry.get("value") for entry in pod(full["Deployment"])["containers"][0]["env"]}
        for name, value in FULL_ENV.items():
            if env.get(name) != value:
                problem(CHART, f"{name} is {env.get(name)!r} and not {value!r}")
        for values, word in REFUSED:
            try:
                loaded.validate_schema(values)
                loaded.render(values=values, name="baton-okta")
                problem(CHART, f"it takes {values}")
            except HelmError as error:
                if word not in str(error):
                    problem(CHART, f"for {values} it says {error}, which does not tell of {word}")


def rendered(yaml, loaded, values: dict) -> dict:
    """What the chart makes of these values, by kind."""
    loaded.validate_schema(values)
    texts = loaded.render(values=values, name="baton-okta", namespace="connectors")
    objects = {}
    for name, text in texts.items():
        if name.endswith("NOTES.txt"):
            if "<no value>" in text or "deployment/baton-okta" not in text:
                problem(CHART, "NOTES.txt does not read well")
            continue
        for document in filter(None, yaml.safe_load_all(text)):
            validate(name, document)
            objects[document["kind"]] = document
            if document["kind"] == "Deployment":
                hardened(name, document)
    return objects


def same_pod(made: dict, manifest: dict) -> None:
    """Without settings the chart makes the pod of the manifest, but for the image."""
    ours, theirs = pod(made), pod(manifest)
    ours["containers"][0]["image"] = theirs["containers"][0]["image"]
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            problem(CHART, f"{key} of the pod is not as in deploy/kubernetes/deployment.yaml")
    labels = made["spec"]["template"]["metadata"]["labels"]
    for name, value in manifest["spec"]["template"]["metadata"]["labels"].items():
        if labels.get(name) != value:
            problem(CHART, f"the pod has not the label {name}: {value}")


# Image, unit, workflows


@functools.cache
def version() -> str:
    return re.search(r'^version = "(.*)"$', read(ROOT / "Cargo.toml"), re.MULTILINE)[1]


def dockerfile() -> None:
    path = DEPLOY / "Dockerfile"
    text = read(path)
    stages = re.findall(r"^FROM\s+\S+\s+AS\s+(\S+)$", text, re.MULTILINE)
    kept = {line[1:] for line in read(ROOT / ".dockerignore").splitlines() if line.startswith("!")}
    for options, names in re.findall(r"^COPY\s+((?:--\S+\s+)*)(.+)$", text, re.MULTILINE):
        stage = re.search(r"--from=(\S+)", options)
        if stage and stage[1] not in stages:
            problem(path, f"there is no stage {stage[1]}")
        for name in [] if stage else names.split()[:-1]:
            if not (ROOT / name).exists() or name not in kept:
                problem(path, f"{name} is not there, or .dockerignore keeps it out")
    rust = re.search(r'^rust-version = "(.*)"$', read(ROOT / "Cargo.toml"), re.MULTILINE)[1]
    if f"FROM rust:{rust}-" not in text:
        problem(path, f"it does not build with Rust {rust}, which Cargo.toml names")
    for image in re.findall(r"^FROM\s+(?!scratch\b)(\S+)|^# syntax=(\S+)", text, re.MULTILINE):
        if not re.search(r"@sha256:[0-9a-f]{64}$", "".join(image)):
            problem(path, f"{''.join(image)} is not pinned to a digest")
    for workflow in WORKFLOWS.glob("*.yaml"):
        if f'RUST_VERSION: "{rust}"' not in read(workflow):
            problem(workflow, f"it does not build with Rust {rust}, which Cargo.toml names")
    hadolint = tool("hadolint")
    if hadolint and (said := run(hadolint, "--no-color", path)):
        problem(path, said)


def unit(yaml) -> None:
    yaml.safe_load(read(UNIT.parent / "config.yaml"))
    analyze = tool("systemd-analyze")
    if analyze is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        # The program need not be installed here.
        copy = pathlib.Path(folder) / UNIT.name
        copy.write_text(read(UNIT).replace("/usr/local/bin/baton-okta", "/bin/true"), encoding="utf-8")
        ended = subprocess.run([analyze, "verify", copy], capture_output=True, text=True, timeout=60)
    # A key that systemd does not know is only warned about.
    said = [line for line in ended.stderr.splitlines() if UNIT.name in line]
    if ended.returncode or said:
        problem(UNIT, "; ".join(said) or ended.stderr.strip())


def workflows() -> None:
    paths = sorted(WORKFLOWS.glob("*.yaml"))
    for path in paths:
        for action in re.findall(r"uses: (\S+)(?!.*#)", read(path)):
            problem(path, f"{action} has no comment that says which version it is, and whose")
    check = tool("check-jsonschema")
    if check and (said := run(check, "--builtin-schema", "vendor.github-workflows", *paths)):
        problem(WORKFLOWS, said)
    if check and (said := run(check, "--builtin-schema", "vendor.dependabot", DEPENDABOT)):
        problem(DEPENDABOT, said)
    zizmor = tool("zizmor")
    if zizmor and (said := run(zizmor, "--offline", "--quiet", "--color=never", WORKFLOWS, DEPENDABOT)):
        problem(WORKFLOWS, said)


# Names


def sources(*folders: str) -> str:
    """The source of crates, without their tests."""
    paths = [path for folder in folders for path in sorted((ROOT / "crates" / folder / "src").rglob("*.rs"))]
    return "\n".join(read(path).partition("#[cfg(test)]")[0] for path in paths if "tests" not in path.stem)


def options() -> set[str]:
    """The names of all options that do something, from the tables of fields."""
    text = sources("baton-runtime", "baton-okta")
    constants = dict(re.findall(r'const (\w+): &str = "([^"]+)"', text))
    names = set()
    for entry in re.split(r"\bField::(?=\w+\()", text)[1:]:
        first = re.match(r'\w+\(\s*(?:"([^"]+)"|(\w+))', entry)
        if first and ".legacy(" not in entry:
            names.add(first[1] or constants.get(first[2]))
    return names - {None}


def names() -> None:
    """Variables, options and metrics that are named exist."""
    known = options()
    variables = {f"BATON_{name.upper().replace('-', '_')}" for name in known}
    variables |= set(re.findall(r'"(BATON_[A-Z0-9_]+)"', sources("baton-runtime", "baton-service")))
    metrics = set(re.findall(r'"(baton_[a-z0-9_]+)"', sources("baton-service")))
    for path in [*sorted(path for path in DEPLOY.rglob("*") if path.is_file()), *sorted(WORKFLOWS.iterdir()), GUIDE]:
        text = read(path)
        for name in sorted(set(re.findall(r"\bBATON_[A-Z0-9_]*[A-Z0-9]\b", text)) - variables):
            problem(path, f"the program knows no variable {name}")
        for name in sorted(set(re.findall(r"\bbaton_[a-z0-9_]*[a-z0-9]\b", text)) - metrics):
            problem(path, f"the program knows no metric {name}")
    for name in sorted(set(re.findall(r"`(?:baton-okta )?--([a-z0-9-]+)[ =`]", read(GUIDE))) - known - {"help"}):
        problem(GUIDE, f"the program knows no option --{name}")
    for name in sorted(set(re.findall(r"\bdeploy/[\w./-]*\w", read(GUIDE)))):
        if not (ROOT / name).exists():
            problem(GUIDE, f"there is no {name}")


def attempt(where: object, check, *arguments) -> object:
    """Runs a check; what is so wrong that it cannot be looked at is a problem, too."""
    try:
        return check(*arguments)
    except Exception as error:  # noqa: BLE001 parsers and the engine raise what they like
        problem(where, f"{type(error).__name__}: {error}")
        return None


def main() -> int:
    warnings.filterwarnings("ignore")
    attempt(DEPLOY / "Dockerfile", dockerfile)
    attempt(WORKFLOWS, workflows)
    attempt(DEPLOY, names)
    yaml = needs("yaml")
    if yaml is not None:
        attempt(UNIT, unit, yaml)
        attempt(KUBERNETES, kustomize, yaml)
        manifest = attempt(KUBERNETES, manifests, yaml)
        if manifest:
            attempt(KUBERNETES / "deployment.yaml", hardened, KUBERNETES / "deployment.yaml", manifest)
            attempt(CHART, chart, yaml, manifest)
    for what in sorted(set(left_out)):
        print(f"left out: {what}")
    print("\n".join(found) or "image, manifests, chart, unit and workflows are as they should be")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
