# SPDX-License-Identifier: ISC
"""fixtures.py: the parties of an end-to-end test, each ended by its own process id afterwards."""
import shutil
from types import SimpleNamespace

import pytest

import accounting
import broker as mqtt
import certs
import gateway as daemon
import schemas
from peer import Peer
from proc import nmsp2mqtt


@pytest.fixture(scope="session", autouse=True)
def published_records_fit_their_schemas():
    """All that any subscriber saw in the run, against the shipped schemas."""
    yield
    for kind, documents in mqtt.SEEN.items():
        validator = schemas.strict(kind)
        for document in documents:
            faults = [fault.message for fault in validator.iter_errors(document)]
            assert not faults, f"{faults[0]} in {document}"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """Two certificates of a controller, an authority, and what it issued."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = certs.self_signed(folder, "authority")
    return SimpleNamespace(
        first=certs.self_signed(folder, "wlc-first"),
        second=certs.self_signed(folder, "wlc-second"),
        authority=authority, issued=certs.issued(folder, "wlc-issued", authority),
        broker=certs.issued(folder, "broker", authority))


@pytest.fixture(scope="session")
def identity(tmp_path_factory):
    """A state directory with an identity made by the program: {certificate, key} paths."""
    folder = tmp_path_factory.mktemp("identity")
    config = folder / "identity.conf"
    state = folder / "state"
    state.mkdir()
    config.write_text(daemon.smallest(state), encoding="utf-8")
    done = nmsp2mqtt("identity", "-c", config)
    assert done.returncode == 0, done.stderr.decode()
    return certs.Pair(str(state / "identity.crt"), str(state / "identity.key"))


@pytest.fixture
def brokers(tmp_path):
    """Makes brokers."""
    made = []

    def make(**options):
        folder = tmp_path / f"broker{len(made)}"
        folder.mkdir()
        made.append(mqtt.Broker(folder, **options))
        return made[-1]
    yield make
    for one in made:
        one.stop()


@pytest.fixture
def broker(brokers):
    return brokers()


@pytest.fixture
def subscribers(brokers):
    """Makes paho subscribers (or, asked for, mosquitto_sub) on a broker."""
    made = []

    def make(on, kind=mqtt.Subscriber, **options):
        made.append(kind(on, **options))
        return made[-1]
    yield make
    for one in made:
        one.stop()


@pytest.fixture
def subscriber(subscribers, broker):
    return subscribers(broker)


@pytest.fixture
def mosquitto_sub(subscribers, broker):
    return subscribers(broker, mqtt.MosquittoSub)


@pytest.fixture
def peers(certificates):
    """Makes controllers; at the end none may have read a frame that the profile forbids."""
    made = []

    def make(pair=None, **options):
        made.append(Peer(pair or certificates.first, **options))
        return made[-1]
    yield make
    for one in made:
        one.stop()
    ends = [connection.ended for one in made for connection in one.connections]
    assert not [end for end in ends if end and end.startswith("AssertionError")]


@pytest.fixture
def peer(peers):
    return peers()


@pytest.fixture
def sims():
    """Starts simulators."""
    made = []

    def make(*options):
        made.append(daemon.Sim(*options))
        return made[-1]
    yield make
    for one in made:
        one.kill()


@pytest.fixture
def state_dir(tmp_path, identity):
    folder = tmp_path / "state"
    folder.mkdir()
    for path in identity:
        shutil.copy2(path, folder)
    return folder


@pytest.fixture
def gateways(tmp_path, state_dir, brokers, peers, sims):
    """Starts daemons: gateways(controllers, mqtts, files=…, gateway=…, http=…, log=…, allow=[…]).

    The other parties are asked for first, so that they outlive the daemons.
    """
    made = []

    def make(controllers, mqtts, allow=(), options=(), env=None, gateway=(), **rest):
        path = tmp_path / f"gateway{len(made)}.conf"
        # Each has a control socket of its own, as there can be one of a kind.
        own = {"control": tmp_path / f"control{len(made)}.sock"} if made else {}
        text = daemon.configuration(state_dir, controllers, mqtts,
                                    gateway={**own, **dict(gateway)}, **rest)
        path.write_text(text, encoding="utf-8")
        made.append(daemon.Gateway(path, allow, options, env))
        return made[-1]
    yield make
    _end(made)


def _end(made):
    """Ends the daemons in order and looks at what they said."""
    faults = []
    for one in made:
        was_running = one.running
        try:
            status = one.stop()
        except Exception:
            one.kill()
            status = "none: it did not stop"
        print(f"-- log of {one.config.name}", *one.stderr, sep="\n")
        if was_running and status != 0:
            faults.append(f"exit status {status}")
        faults += one.complaints() + accounting.faults(one.log)
    assert not faults, faults


@pytest.fixture
def gateway(gateways, broker):
    """Starts the daemon with one controller "hq" and one output "main" on `broker`."""
    def start(peer, controller=(), main=(), **rest):
        return gateways({"hq": daemon.controller_options(peer, **dict(controller))},
                        {"main": daemon.mqtt_options(broker, **dict(main))}, **rest)
    return start
