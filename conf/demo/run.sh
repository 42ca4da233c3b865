#!/bin/bash
# SPDX-License-Identifier: ISC
# run.sh [CONF]: run the gateway with a configuration; without one, a whole demo on loopback
#
# The demo is a broker (mosquitto), a controller (nmsp-sim), the gateway and a subscriber
# (mosquitto_sub) that prints the feed. It ends with Ctrl-C, after RUN_SECONDS, or when a part dies.
set -u

here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../../build}
PATH=$PATH:/usr/sbin # where Debian keeps mosquitto

if [ $# -gt 0 ]; then
	"$build/nmsp2mqtt" identity -c "$1" || exit 1
	exec "$build/nmsp2mqtt" run -c "$1"
fi

directory=$(mktemp -d "${TMPDIR:-/tmp}/nmsp2mqtt-demo.XXXXXX") || exit 1
declare -A pid=()
broker_port='' page_port='' mac='' hash=''
controller_port=16113 # until the simulator says which it got
feed_log=$directory/subscriber.log

# start NAME COMMAND…: in a session of its own, so that Ctrl-C reaches this script alone.
start() {
	local name=$1
	shift
	if [ "$name" = subscriber ]; then
		setsid "$@" 2>"$feed_log" </dev/null &
	else
		setsid "$@" >"$directory/$name.out" 2>"$directory/$name.log" </dev/null &
	fi
	pid[$name]=$!
}

alive() {
	kill -0 "${pid[$1]}" 2>/dev/null
}

# stop NAME: ask, wait for at most ten seconds, insist; returns its exit status.
stop() {
	local name=$1 process=${pid[$1]:-} i
	[ -n "$process" ] || return 0
	unset "pid[$name]"
	kill -TERM "$process" 2>/dev/null
	for ((i = 0; i < 100; i++)); do
		kill -0 "$process" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$process" 2>/dev/null && echo "demo: the $name had to be killed" >&2
	wait "$process" 2>/dev/null
}

finish() {
	local status=$1 name
	trap '' INT TERM HUP
	[ -z "${timer:-}" ] || kill "$timer" 2>/dev/null
	# The gateway first: its goodbye should still reach the controller and the subscriber.
	for name in gateway controller; do
		stop "$name" && continue
		[ "$status" -ne 0 ] || fail_note "$name" "did not stop cleanly"
		status=1
	done
	[ "$status" -ne 0 ] || grep -v '^listening on ' "$directory/controller.out"
	stop subscriber
	stop broker
	rm -rf "$directory"
	exit "$status"
}

# fail_note NAME WHAT: what happened to it, and the end of what it said.
fail_note() {
	echo "demo: the $1 $2; the end of its log:" >&2
	tail -n 15 "$directory/$1.log" | sed 's/^/    /' >&2
}

# await NAME CONDITION…: until the condition holds, NAME dies, or ten seconds have passed.
await() {
	local name=$1 i
	shift
	for ((i = 0; i < 200; i++)); do
		"$@" && return 0
		alive "$name" || return 1
		sleep 0.05
	done
	return 1
}

port_open() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

fill() {
	sed -e "s|@DIRECTORY@|$directory|g" -e "s|@MAC@|$mac|g" \
		-e "s|@BROKER_PORT@|$broker_port|g" -e "s|@CONTROLLER_PORT@|$controller_port|g" \
		-e "s|@PAGE_PORT@|$page_port|g" \
		"$here/$1.in" >"$directory/$1"
}

# pick_page_port: one that nobody listens on now.
pick_page_port() {
	page_port=9464
	while port_open "$page_port"; do
		page_port=$((20000 + RANDOM % 10000))
	done
}

start_broker() {
	local attempt
	for attempt in 1 2 3 4 5; do
		broker_port=$((20000 + RANDOM % 10000))
		port_open "$broker_port" && continue
		fill mosquitto.conf
		start broker mosquitto -c "$directory/mosquitto.conf"
		await broker port_open "$broker_port" && alive broker && return
		grep -q 'in use' "$directory/broker.log" || break
	done
	fail_note broker "did not start (attempt $attempt)"
	finish 1
}

identity_field() {
	sed -n "s/^[[:space:]]*$1[[:space:]]*:[[:space:]]*//p" "$directory/identity.out" | head -n 1
}

make_identity() {
	fill nmsp2mqtt.conf
	"$build/nmsp2mqtt" identity -c "$directory/nmsp2mqtt.conf" \
		>"$directory/identity.out" 2>"$directory/identity.log"
	mac=$(identity_field 'MAC Address')
	hash=$(identity_field 'SHA2 Key Hash')
	if [ -z "$mac" ] || [ -z "$hash" ]; then
		fail_note identity "has no MAC address or no key hash"
		finish 1
	fi
}

start_controller() {
	start controller "$build/nmsp-sim" --port 0 --allow "$mac=$hash" \
		--aps 6 --clients 8 --tags 3 --seed 1
	if ! await controller grep -q '^listening on ' "$directory/controller.out"; then
		fail_note controller "did not start"
		finish 1
	fi
	controller_port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$directory/controller.out")
}

start_subscriber() {
	start subscriber mosquitto_sub -h 127.0.0.1 -p "$broker_port" -v -t 'nmsp/#'
}

describe() {
	cat <<-END
	nmsp2mqtt demo, all on 127.0.0.1; Ctrl-C ends it

	  broker      mosquitto, port $broker_port
	  controller  nmsp-sim "hq", port $controller_port, TLS; it admits MAC $mac
	              with key hash ${hash:0:16}… and nobody else
	  gateway     nmsp2mqtt "demo": nmsp/demo/state, nmsp/demo/hq/state,
	              nmsp/demo/hq/rssi, …/info, …/statistics, …/attachment, …/ap
	  page        http://127.0.0.1:$page_port/
	  files       $directory (removed at the end)

	In another terminal: mosquitto_sub -h 127.0.0.1 -p $broker_port -v -t 'nmsp/demo/hq/rssi'
	The feed:

	END
}

# Waits for whatever comes first: the time that was given, or the end of a part.
watch_over() {
	local ended name
	if [ -n "${RUN_SECONDS:-}" ]; then
		sleep "$RUN_SECONDS" &
		timer=$!
	fi
	wait -n -p ended "${pid[@]}" ${timer:+"$timer"} 2>/dev/null
	local status=$?
	[ "$ended" = "${timer:-}" ] && timer='' && finish 0
	for name in "${!pid[@]}"; do
		[ "${pid[$name]}" = "$ended" ] || continue
		unset "pid[$name]"
		# Nobody reads the feed any more, as after `make run | head`.
		[ "$name" = subscriber ] && [[ $status = 0 || $status = 141 ]] && finish 0
		fail_note "$name" "ended by itself (status $status)"
	done
	finish 1
}

trap 'finish 0' INT TERM HUP
trap : PIPE # a reader that left must not keep us from cleaning up
mkdir "$directory/state"
pick_page_port
start_broker
make_identity
start_controller
fill nmsp2mqtt.conf
start_subscriber
describe
start gateway "$build/nmsp2mqtt" run -c "$directory/nmsp2mqtt.conf"
watch_over
