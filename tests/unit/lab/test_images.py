"""Which image a release gets."""

from __future__ import annotations

import pytest

from lab import debian, images
from lab.errors import LabError


class FakePodman:
    """Has the images that it is told to have."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)

    def succeeds(self, *arguments: str) -> bool:
        if arguments[0] == "rmi":
            self.names.discard(arguments[-1])
        return arguments[-1] in self.names

    def run(self, *arguments: str) -> str:
        assert arguments[0] == "images"
        return "\n".join(self.names)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was tried to be built; Debian 11 only exists on the archive host and sid nowhere."""
    attempts: list[tuple[str, str]] = []

    def build(podman: FakePodman, release: str, mirror: str) -> None:
        attempts.append((release, mirror))
        if release == "sid" or (release == "bullseye" and mirror != debian.ARCHIVE):
            raise LabError("404 Not Found")
        podman.names.add(images.image_name(release))

    monkeypatch.setattr(images, "_build", build)
    monkeypatch.setattr(debian, "mirror_of_this_machine", lambda: "http://mirror.example/debian")
    return attempts


def test_an_image_that_is_there_is_not_built_again(tried: list[tuple[str, str]]) -> None:
    assert images.ensure_image(FakePodman(images.image_name("trixie")), "trixie") == images.image_name("trixie")
    assert tried == []


def test_a_release_that_has_moved_is_taken_from_the_archive(tried: list[tuple[str, str]]) -> None:
    assert images.ensure_image(FakePodman(), "bullseye") == images.image_name("bullseye")
    assert tried == [("bullseye", "http://mirror.example/debian"), ("bullseye", debian.ARCHIVE)]


def test_a_release_that_cannot_be_had_is_replaced_by_debian_12_and_one_line_says_so(
    tried: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert images.ensure_image(FakePodman(), "sid") == images.image_name("bookworm")
    said = [line for line in capsys.readouterr().err.splitlines() if "!" in line]
    assert len(said) == 1
    assert "Debian sid cannot be had" in said[0]


def test_an_image_of_an_earlier_recipe_is_removed(tried: list[tuple[str, str]]) -> None:
    podman = FakePodman(f"{images.REPOSITORY}:trixie-0123456789ab", images.image_name("bookworm"))
    images.ensure_image(podman, "trixie")
    assert podman.names == {images.image_name("trixie"), images.image_name("bookworm")}


def test_no_image_at_all_is_an_error_that_says_what_was_tried(
    tried: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LabError("no route to host")

    monkeypatch.setattr(images, "_build", fail)
    with pytest.raises(LabError, match="no route to host"):
        images.ensure_image(FakePodman(), "trixie")
