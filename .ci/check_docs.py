#!/usr/bin/env python3
"""Checks what Markdown files and comments refer to.

* Every relative link in a Markdown file leads to a file, and every `#anchor` to a heading.
* Every document named in code, configuration or Markdown (`docs/spec/okta-api.md`) is in the repository.
* Every section behind such a name (`docs/spec/okta-api.md` 2.4) or behind a link exists: as the number of a heading, or as
  the dotted number in the first column of a table.
* The specification is cited by its path from the root of the repository; within `docs/spec` by links.
"""

import functools
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SPEC = ROOT / "docs" / "spec"

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)

# The start of a comment line, so that a citation that is wrapped reads as one line.
COMMENT = re.compile(r"^\s*(?://[/!]?|#|\*)\s?")
NUMBER = r"\d+(?:\.\d+)*"
# "2.4", "sections 6.2, 6.4 and 7", "4.4 to 4.6": what may follow the name of a document.
SECTIONS = rf"(?:sections?\s+)?{NUMBER}(?![\w.]*\w|\s*%)(?:(?:\s*,\s*(?:and\s+)?|\s+(?:and|to)\s+|\s*–\s*)(?:sections?\s+)?{NUMBER}(?![\w.]*\w|\s*%))*"
# A path, or the bare name of a document of the specification.
NAMED = re.compile(rf"(?<![\w/.-])((?:\.\./)*(?:[\w.-]+/)*[\w.-]+\.md)`?(?:,?\s+({SECTIONS}))?")
LINKED = re.compile(rf"\]\(([\w./-]+\.md)(?:#[\w-]*)?\),?\s+({SECTIONS})")
# A section of the same document: "(section 4.7)".
OWN = re.compile(rf"(?<!\) )(?<!\),)\bsections? ({NUMBER}(?:(?:, | and | to ){NUMBER})*)(?! of\b)")


def anchor(heading: str) -> str:
    """The anchor that code forges make of a heading."""
    text = re.sub(r"[`*_]", "", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


@functools.cache
def headings(page: pathlib.Path) -> list[str]:
    return HEADING.findall(page.read_text(encoding="utf-8"))


@functools.cache
def sections(page: pathlib.Path) -> set[str]:
    """The numbers by which parts of a document can be cited."""
    numbered = [re.match(rf"({NUMBER})\.?\s", heading) for heading in headings(page)]
    rows = re.findall(r"^\|\s*(\d+(?:\.\d+)+)\s*\|", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {match.group(1) for match in numbered if match} | set(rows)


def broken_links(page: pathlib.Path) -> list[str]:
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = []
    for target in LINK.findall(prose):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            found.append(f"{target} leads nowhere")
        elif fragment and file.suffix == ".md" and fragment not in {anchor(heading) for heading in headings(file)}:
            found.append(f"{target} names a heading that does not exist")
    return found


def missing_sections(page: pathlib.Path, cited: str | None) -> list[str]:
    numbers = re.findall(NUMBER, cited or "")
    known = sections(page)
    return [f"{page.relative_to(ROOT)} has no section {number}" for number in numbers if number not in known]


def comments(text: str) -> str:
    """The comments of a source file, each block as one line."""
    lines = [COMMENT.sub(" ", line).strip() if COMMENT.match(line) else "\n" for line in text.splitlines()]
    return " ".join(lines)


def wrong_citations(file: pathlib.Path) -> list[str]:
    text = file.read_text(encoding="utf-8")
    is_page = file.suffix == ".md"
    # Paths in fenced blocks are what somebody types or sees, not citations.
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL) if is_page else comments(text)
    prose = prose if is_page else re.sub(r"[ \t]+", " ", prose)
    in_spec = SPEC in file.parents
    found = []
    for name, cited in NAMED.findall(re.sub(r"\]\([^)\s]*\)", "]", prose) if is_page else prose):
        page = ROOT / name
        beside = (file.parent / name).resolve()
        if page.is_file():
            found += missing_sections(page, cited)
        elif (SPEC / name).is_file() and not in_spec:
            found.append(f"{name} has to be cited as docs/spec/{name}")
        elif beside.is_file():
            found += missing_sections(beside, cited)
        else:
            found.append(f"{name} is not in the repository")
    if is_page:
        for name, cited in LINKED.findall(prose):
            page = (file.parent / name).resolve()
            found += missing_sections(page, cited) if page.is_file() else []
    if in_spec and sections(file):
        for cited in OWN.findall(prose):
            found += missing_sections(file, cited)
    return found


def tracked(*patterns: str) -> list[pathlib.Path]:
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def main() -> int:
    pages = tracked("*.md")
    sources = tracked("*.rs", "*.py", "*.toml", "*.yaml", "*.yml", "*.proto", "*.sh", "*Dockerfile*", ".ci/*")
    found = [f"{page.relative_to(ROOT)}: {problem}" for page in pages for problem in broken_links(page)]
    for file in sorted({*pages, *sources}):
        found += [f"{file.relative_to(ROOT)}: {problem}" for problem in dict.fromkeys(wrong_citations(file))]
    print("\n".join(found) or f"{len(pages)} pages and {len(sources)} sources: all links and citations lead somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
