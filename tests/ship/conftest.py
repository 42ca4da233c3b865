# SPDX-License-Identifier: ISC
"""conftest.py: images, containers, and the parties that they talk to"""
import pytest

import engine
from fixtures import brokers, subscribers  # noqa: F401
from proc import free_port


@pytest.fixture(scope="session")
def base():
    """The base image; without containers all that needs them is skipped, and says why."""
    reason = engine.why_not()
    if reason:
        pytest.skip(reason)
    engine.enter()
    engine.FOLDER.mkdir(parents=True, exist_ok=True)
    engine.make_base()
    return engine.BASE


@pytest.fixture(scope="session")
def image(base):
    """The image of docker/Dockerfile."""
    del base
    engine.build("nmsp2mqtt")
    return "localhost/nmsp2mqtt"


@pytest.fixture(scope="session")
def sim_image(image):
    del image
    engine.build("nmsp-sim", "--target", "sim")
    return "localhost/nmsp-sim"


@pytest.fixture
def containers():
    """Starts containers."""
    made = []

    def start(image, *command, options=()):
        made.append(engine.Container(image, *command, options=options))
        return made[-1]
    yield start
    for one in reversed(made):
        print(f"-- log of {one.name[:12]}", one.log(), sep="\n")
        one.remove()


@pytest.fixture
def controller(containers, sim_image):
    """A simulated controller; its port."""
    port = free_port()
    containers(sim_image, "--address", "127.0.0.1", "--port", port, "--allow-all", "--speed", "5",
               options=["--cgroups", "disabled"])
    return port
