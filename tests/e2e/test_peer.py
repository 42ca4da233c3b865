# SPDX-License-Identifier: ISC
"""test_peer.py: the other parties themselves, so that a fault of theirs is not sought elsewhere."""
import socket
import ssl

import pytest

import broker as mqtt
import nmsp_wire as wire

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def dial(peer, pair):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(pair.certificate, pair.key)
    raw = socket.create_connection((peer.host, peer.port), timeout=10)
    return context.wrap_socket(raw)


def read_frame(client):
    data = b""
    while not (frames := wire.parse_frames(data)[0]):
        data += client.recv(4096)
    return frames[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_peer_greets_and_answers(peers, certificates, version):
    peer = peers(lowest=version, highest=version)
    with dial(peer, certificates.second) as client:
        assert read_frame(client).id == wire.CAPABILITY
        client.send(wire.frame(wire.SUBSCRIBE_REQUEST, wire.service(1, (1,)), transaction=5))
        granted = read_frame(client)
        assert (granted.id, granted.transaction) == (wire.SUBSCRIBE_RESPONSE, 5)
        peer.ready().send_bytewise(wire.frame(wire.MEASUREMENT))
        assert read_frame(client).id == wire.MEASUREMENT
        peer.ready().close()
        assert client.recv(1) == b""


@pytest.mark.parametrize("version", VERSIONS)
def test_peer_refuses_with_alert_46(peers, certificates, version):
    peer = peers(lowest=version, highest=version, refuse=True)
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_UNKNOWN"):
        with dial(peer, certificates.second) as client:
            client.recv(1)
    assert peer.wait_dial().wait_end() and not peer.sessions


def test_subscribers_see_the_same(broker, subscriber, mosquitto_sub, subscribers):
    old = subscribers(broker, protocol=3)
    subscriber.publish("nmsp/gw1/hq/none", '{"schema":"other/1","text":"21 °C"}')
    inboxes = (subscriber, mosquitto_sub, old)
    seen = [inbox.wait_for(lambda message: message.json)[0] for inbox in inboxes]
    assert len({(message.topic, message.payload) for message in seen}) == 1


@pytest.mark.parametrize("secured", ["password", "tls"])
def test_secured_brokers(brokers, subscribers, certificates, secured):
    options = {"password": {"user": "gw1", "password": "a b:c"},
               "tls": {"tls": certificates.broker, "authority": certificates.authority}}[secured]
    broker = brokers(**options)
    for kind in (mqtt.Subscriber, mqtt.MosquittoSub):
        assert subscribers(broker, kind).messages == []
