"""The platforms that have a wheel and an addon, and those of them that this machine builds."""

import platform
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Platform:
    #: As npm's packages are called.
    name: str
    #: Rust's target.
    triple: str
    #: What maturin holds a wheel for Linux against, and what its tag begins with.
    compatibility: str | None = None

    @property
    def system(self) -> str:
        return self.name.split("-")[0]

    @property
    def processor(self) -> str:
        return self.name.split("-")[1]

    @property
    def is_musl(self) -> bool:
        return self.name.endswith("-musl")

    @property
    def package(self) -> str:
        return f"@rolebridge/native-{self.name}"

    @property
    def zig_target(self) -> str:
        """With the oldest glibc that is promised."""
        return self.triple if self.is_musl else f"{self.triple}.2.17"

    @property
    def library(self) -> str:
        """What cargo makes of the crate of the addon."""
        return {"darwin": "librolebridge_node.dylib", "win32": "rolebridge_node.dll"}.get(
            self.system, "librolebridge_node.so"
        )

    @property
    def constraints(self) -> dict[str, list[str]]:
        """What npm installs it by."""
        libc = {"libc": ["musl" if self.is_musl else "glibc"]} if self.system == "linux" else {}
        return {"os": [self.system], "cpu": [self.processor], **libc}


PLATFORMS = (
    Platform("linux-x64-gnu", "x86_64-unknown-linux-gnu", "manylinux2014"),
    Platform("linux-x64-musl", "x86_64-unknown-linux-musl", "musllinux_1_2"),
    Platform("linux-arm64-gnu", "aarch64-unknown-linux-gnu", "manylinux2014"),
    Platform("linux-arm64-musl", "aarch64-unknown-linux-musl", "musllinux_1_2"),
    Platform("darwin-x64", "x86_64-apple-darwin"),
    Platform("darwin-arm64", "aarch64-apple-darwin"),
    # Elsewhere than on Windows it is cross-built with mingw: good for a try, and never published.
    Platform("win32-x64-msvc", f"x86_64-pc-windows-{'msvc' if sys.platform == 'win32' else 'gnu'}"),
)

PROCESSORS = {"x86_64": "x64", "AMD64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def host() -> Platform:
    """The platform of the Python that runs this."""
    processor = PROCESSORS[platform.machine()]
    libc = ""
    if sys.platform == "linux":
        libc = "-gnu" if platform.libc_ver()[0] == "glibc" else "-musl"
    if sys.platform == "win32":
        libc = "-msvc"
    return named(f"{sys.platform}-{processor}{libc}")


def named(name: str) -> Platform:
    for one in PLATFORMS:
        if one.name == name:
            return one
    sys.exit(f"no such platform: {name}; there are {', '.join(one.name for one in PLATFORMS)}")


def chosen(names: list[str]) -> list[Platform]:
    """The platforms of these names; without names all that can be built here: with zig each Linux builds for all."""
    if names:
        return [named(name) for name in names]
    return [one for one in PLATFORMS if one.system == "linux"] if sys.platform == "linux" else [host()]
