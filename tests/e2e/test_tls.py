# SPDX-License-Identifier: ISC
"""test_tls.py: who is let in by whom, in which version of TLS, and what is said when not."""
import ssl

import pytest

import play
from certs import key_hashes
from gateway import HASTY

TROUBLE = r"hq"
V = ssl.TLSVersion
OLD = "ALL:@SECLEVEL=0"
# Long enough for a gateway that hammers to dial again.
CALM = 4


def no_further_dial(peer, count=1):
    """The controller is left alone after `count` dials."""
    with pytest.raises(TimeoutError):
        peer.wait_dial(count + 1, timeout=CALM)


def works(peer, subscriber, session=1):
    subscriber.state("hq", "subscribed", session)
    peer.ready(session).send(play.measurement(session))
    assert subscriber.records(session, "rssi")


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3], ids=["1.2", "1.3"])
def test_one_version_only(gateway, peers, subscriber, version):
    peer = peers(lowest=version, highest=version)
    gateway(peer)
    works(peer, subscriber)
    assert peer.ready().version == {V.TLSv1_2: "TLSv1.2", V.TLSv1_3: "TLSv1.3"}[version]


def test_client_certificate_is_the_identity(gateway, peer, identity):
    gateway(peer)
    with open(identity.certificate, encoding="ascii") as file:
        assert peer.ready().certificate == ssl.PEM_cert_to_DER_cert(file.read())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_controller_needs_the_old_version_allowed(gateway, peers, subscriber):
    peer = peers(lowest=V.TLSv1, highest=V.TLSv1, ciphers=OLD)
    gateway(peer, controller={"tls": {"min_version": "1.0"}})
    works(peer, subscriber)
    assert peer.ready().version == "TLSv1"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_controller_is_refused_otherwise(gateway, peers, subscriber):
    peer = peers(lowest=V.TLSv1, highest=V.TLSv1, ciphers=OLD)
    gateway(peer, allow=[TROUBLE])
    document = subscriber.wait_for(
        lambda message: message.topic == "nmsp/gw1/hq/state" and message.json
        and message.json["state"] in ("backoff", "quarantined"))[0].json
    assert "TLS" in document["reason"] and "min_version" in document["reason"]
    assert not peer.sessions


def test_floor_of_1_3(gateway, peers, subscriber):
    peer = peers(highest=V.TLSv1_2)
    gateway(peer, controller={"tls": {"min_version": "1.3"}}, allow=[TROUBLE])
    subscriber.wait_for(lambda message: message.topic == "nmsp/gw1/hq/state" and message.json
                        and "TLS" in message.json.get("reason", ""))
    assert not peer.sessions


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3], ids=["1.2", "1.3"])
def test_refused_certificate(gateway, peers, subscriber, identity, version):
    """Alert 46: quarantined, with the cause and what mends it, and no hammering."""
    peer = peers(lowest=version, highest=version, refuse=True)
    gateway(peer, controller=HASTY, allow=[TROUBLE])
    document = subscriber.state("hq", "quarantined")
    reason = document["reason"].lower()
    assert key_hashes(identity)[1] in reason and "02005e100001" in reason.replace(":", "")
    assert play.moment(document["retry_at"]) > play.moment(document["since"])
    no_further_dial(peer)


def test_quarantine_ends(gateway, peers, subscriber):
    """After the pause the controller is tried again, and may have learnt."""
    peer = peers(refuse=True)
    gateway(peer, controller={"quarantine": 2}, allow=[TROUBLE])
    subscriber.state("hq", "quarantined")
    peer.use(refuse=False)
    subscriber.state("hq", "subscribed")
    assert 1.5 < peer.dials[1] - peer.dials[0] < 8


def test_tofu_remembers_over_a_restart(gateway, peer, subscriber, certificates):
    running = gateway(peer)
    works(peer, subscriber)
    running.stop_in_order()
    running = gateway(peer)
    peer.ready(2)
    running.stop_in_order()
    peer.use(certificates.second)
    gateway(peer, allow=[TROUBLE])
    subscriber.state("hq", "quarantined")
    assert all(session.pair == certificates.first for session in peer.sessions)


def test_tofu_changed_certificate(gateway, peer, subscriber, certificates):
    gateway(peer, controller=HASTY, allow=[TROUBLE])
    works(peer, subscriber)
    peer.use(certificates.second)
    peer.ready().reset()
    document = subscriber.state("hq", "quarantined")
    assert certificates.second.fingerprint in document["reason"].lower().replace(":", "")
    dials = len(peer.dials)
    no_further_dial(peer, dials)
    assert len(peer.sessions) == 1


def test_fingerprint(gateway, peer, subscriber, certificates):
    text = certificates.first.fingerprint.upper()
    colons = ":".join(text[at:at + 2] for at in range(0, 64, 2))
    gateway(peer, controller={"tls": {"verify": "fingerprint", "fingerprint": colons}})
    works(peer, subscriber)


def test_wrong_fingerprint(gateway, peer, subscriber, certificates):
    wrong = certificates.second.fingerprint
    gateway(peer, controller={"tls": {"verify": "fingerprint", "fingerprint": wrong}, **HASTY},
            allow=[TROUBLE])
    document = subscriber.state("hq", "quarantined")
    assert certificates.first.fingerprint in document["reason"].lower().replace(":", "")
    assert not peer.sessions
    no_further_dial(peer)


def test_authority(gateway, peers, subscriber, certificates):
    peer = peers(certificates.issued)
    options = {"tls": {"verify": "ca", "ca_file": certificates.authority.certificate}}
    gateway(peer, controller=options)
    works(peer, subscriber)


def test_not_of_the_authority(gateway, peer, subscriber, certificates):
    options = {"tls": {"verify": "ca", "ca_file": certificates.authority.certificate}, **HASTY}
    gateway(peer, controller=options, allow=[TROUBLE])
    assert subscriber.state("hq", "quarantined")["reason"]
    assert not peer.sessions
    no_further_dial(peer)


def test_authority_but_another_name(gateway, peers, subscriber, certificates):
    """The certificate is the authority's, but for 127.0.0.1 and localhost, not for 127.0.0.2."""
    peer = peers(certificates.issued, address="127.0.0.2")
    options = {"tls": {"verify": "ca", "ca_file": certificates.authority.certificate}}
    gateway(peer, controller=options, allow=[TROUBLE])
    assert subscriber.state("hq", "quarantined")["reason"]
    assert not peer.sessions


def test_none_takes_any(gateway, peer, subscriber, certificates):
    gateway(peer, controller={"tls": {"verify": "none"}, **HASTY}, allow=[TROUBLE])
    works(peer, subscriber)
    peer.use(certificates.second)
    peer.ready().reset()
    works(peer, subscriber, 2)


def test_something_else_listens(gateway, peers, subscriber):
    peer = peers(plain=b"SSH-2.0-OpenSSH_9.2\r\n")
    gateway(peer, allow=[TROUBLE])
    assert subscriber.state("hq", "backoff")["reason"]
