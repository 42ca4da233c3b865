/* SPDX-License-Identifier: ISC */
/* test_command.c: requests to a running gateway: what is wrong with them, and when they are
 * responded to */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/command.h"
#include "gateway/gateway.h"
#include "gateway/log.h"
#include "tests/unit/support.h"

#define SUCCESS "0001 [00]"
#define RSSI	"0100 [a483e7123456 01 01 00]"

/* A gateway of two controllers without links. */
struct rig {
	struct gateway gateway;
	struct config config;
	struct config_controller configs[2];
	struct controller *controllers[2];
	struct reading *in;
	const struct message_def *sent[64];
	uint32_t transactions[64];
	size_t n_sent;
	unsigned hang_ups;
	unsigned responses;
	bool ok;
	json_t *response;
};

static void
do_nothing(void *context)
{
	(void)context;
}

static struct rig *
rig_of(struct controller *c)
{
	return c->shared->context;
}

static void
do_hang_up(void *context)
{
	rig_of(context)->hang_ups++;
}

static bool
do_send(void *context, const struct message_def *def, const uint8_t *bytes, size_t size)
{
	struct rig *rig = rig_of(context);
	struct frame frame;
	struct fault fault;

	assert_true(rig->n_sent < COUNT(rig->sent));
	assert_int_equal(frame_parse(rig->in->dict, bytes, size, &frame, &fault), size);
	rig->transactions[rig->n_sent] = frame.transaction;
	rig->sent[rig->n_sent++] = def;
	return true;
}

static void
do_state(void *context)
{
	command_state(&rig_of(context)->gateway, context);
}

static void
do_answered(void *context, const struct question *question, const char *error)
{
	command_answered(&rig_of(context)->gateway, context, question, error);
}

static void
do_stopped(void *context, struct controller *c)
{
	(void)context;
	assert_false(c->stopping);
}

static const struct session_actions actions = {do_nothing, do_hang_up, do_send,
					       do_state,   do_nothing, do_answered};

static void
add_controller(struct rig *rig, size_t place)
{
	static char names[2][4] = {"hq", "lab"}, service[] = "handover";
	static struct config_service handover = {service, service, 0};
	struct controller *c = calloc(1, sizeof *c);

	assert_non_null(c);
	rig->configs[place] = (struct config_controller){.name = names[place],
							 .services = &handover,
							 .n_services = 1,
							 .echo_interval_s = 15,
							 .echo_timeout_s = 30,
							 .backoff_min_ms = 1000,
							 .backoff_max_ms = 60000,
							 .quarantine_s = 600};
	c->config = &rig->configs[place];
	c->shared = &rig->gateway.shared;
	c->dict = rig->in->dict;
	assert_int_equal(controller_init(c), 0);
	c->session.actions = &actions;
	rig->controllers[place] = c;
}

static struct rig *
rig_new(void)
{
	static const struct session_device device = {"gw1", "nmsp2mqtt", "0", 0x020000000001};
	struct rig *rig = calloc(1, sizeof *rig);
	struct gateway *g = &rig->gateway;

	assert_non_null(rig);
	rig->in = reading_new(BASELINE);
	assert_int_equal(uv_loop_init(&g->loop), 0);
	g->config = &rig->config;
	g->controllers = rig->controllers;
	g->n_controllers = 2;
	g->shared = (struct controller_shared){.loop = &g->loop,
					       .pacer = &g->pacer,
					       .pace = do_nothing,
					       .context = rig,
					       .stopped = do_stopped,
					       .device = &device};
	pacer_init(&g->pacer, 1, 1);
	arena_init(&g->shared.writing, 1 << 20);
	assert_int_equal(command_init(g), 0);
	add_controller(rig, 0);
	add_controller(rig, 1);
	return rig;
}

static void
rig_free(struct rig *rig)
{
	struct gateway *g = &rig->gateway;

	command_stop(g);
	command_fini(g);
	for (size_t i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&rig->controllers[i]->timer, NULL);
	uv_run(&g->loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < 2; i++)
		controller_free(rig->controllers[i]);
	assert_int_equal(uv_loop_close(&g->loop), 0);
	arena_fini(&g->shared.writing);
	reading_free(rig->in);
	json_decref(rig->response);
	free(rig);
}

static void
respond(void *context, bool ok, struct buffer *text)
{
	struct rig *rig = context;

	rig->responses++;
	rig->ok = ok;
	json_decref(rig->response);
	rig->response = json_loadb(text->data, text->length, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(rig->response);
	assert_int_equal(json_is_true(json_object_get(rig->response, "ok")), ok);
	assert_int_equal(json_object_get(rig->response, "error") == NULL, ok);
}

/* Runs a command; single quotes in the request stand for double ones. Returns whether there was a
 * response at once. */
static bool
run(struct rig *rig, const char *name, const char *request)
{
	const struct command_asker asker = {"test", respond, rig};
	struct buffer *text = buffer_new(request, strlen(request));
	unsigned before = rig->responses;

	for (size_t i = 0; i < text->length; i++)
		if (text->data[i] == '\'')
			text->data[i] = '"';
	command_run(&rig->gateway, name, text, &asker);
	buffer_unref(text);
	return rig->responses > before;
}

/* Fails unless the last response is this one. */
static void
assert_response(struct rig *rig, const char *text)
{
	support_assert_json(json_incref(rig->response), text);
}

static void
assert_error(struct rig *rig, const char *name, const char *request, const char *error)
{
	const char *said;

	assert_true(run(rig, name, request));
	assert_false(rig->ok);
	said = json_string_value(json_object_get(rig->response, "error"));
	if (!strstr(said, error))
		fail_msg("%s %s: \"%s\" lacks \"%s\"", name, request, said, error);
	assert_string_equal(json_string_value(json_object_get(rig->response, "command")), name);
}

/* A message of a controller. */
static void
receive(struct rig *rig, size_t place, const char *name, uint32_t transaction, const char *hex)
{
	struct reading *in = rig->in;

	reading_body(in, dict_message_named(in->dict, name)->id, hex);
	for (unsigned i = 0; i < 4; i++)
		in->bytes[8 + i] = (uint8_t)(transaction >> 8 * (3 - i));
	reading_open(in);
	session_message(&rig->controllers[place]->session, uv_now(&rig->gateway.loop),
			&in->message);
}

static uint32_t
last_transaction(const struct rig *rig)
{
	return rig->transactions[rig->n_sent - 1];
}

static void
subscribe(struct rig *rig, size_t place)
{
	struct session *s = &rig->controllers[place]->session;
	uint64_t now = uv_now(&rig->gateway.loop);

	session_start(s, now);
	session_connected(s, now);
	receive(rig, place, "capability_notification", 0, "0021 [00000000007fffff]");
	receive(rig, place, "service_subscribe_response", last_transaction(rig), SUCCESS);
	assert_int_equal(s->state, SESSION_SUBSCRIBED);
}

static void
test_what_is_no_request(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	assert_error(rig, "status", "", "bad JSON: expected an object, such as {}, got nothing");
	assert_error(rig, "status", "{", "bad JSON: line 1, column 1: ");
	assert_error(rig, "status", "{'a':1,'a':2}", "bad JSON: line 1, column ");
	assert_error(rig, "status", "{} {}", "bad JSON: line 1, column ");
	assert_error(rig, "status", "[]", "expected an object, such as {}, got an array");
	assert_error(rig, "status", "null", "expected an object, such as {}, got null");
	assert_error(rig, "status", "7", "expected an object, such as {}, got a number");
	assert_error(rig, "status", "'x'", "expected an object, such as {}, got a string");
	assert_error(rig, "status", "true", "expected an object, such as {}, got a boolean");
	rig_free(rig);
}

static void
test_unknown_commands(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	assert_error(rig, "mesure", "{}", "unknown command \"mesure\", did you mean \"measure\"?");
	assert_int_equal(json_object_size(json_object_get(rig->response, "commands")), 10);
	assert_error(rig, "", "{}", "unknown command \"\"");
	assert_error(rig, "controller/enabel", "no JSON", "did you mean \"controller/enable\"?");
	rig_free(rig);
}

static void
test_members(void **state)
{
	static const struct {
		const char *name, *request, *error;
	} cases[] = {
		{"measure", "{'macs':'x'}", "unknown member \"macs\", did you mean \"mac\"?"},
		{"measure", "{'detail':'full'}",
		 "unknown member \"detail\"; expected none but: id controller mac entity"},
		{"ap_info", "{'entity':'client'}", "unknown member \"entity\""},
		{"log_level", "{'mac':'x'}", "unknown member \"mac\""},
		{"measure", "{'id':{}}", "\"id\": expected a string or a number, got an object"},
		{"measure", "{'controller':1}", "\"controller\": expected a string, got a number"},
		{"measure", "{'controller':'hr'}",
		 "\"controller\": there is no \"hr\", did you mean \"hq\"?"},
		{"measure", "{'entity':['tag']}", "\"entity\": expected a string, got an array"},
		{"information", "{'detail':null}", "\"detail\": expected a string, got null"},
		{"location", "{'type':true}", "\"type\": expected a string, got a boolean"},
		{"measure", "{'mac':17}",
		 "\"mac\": expected a MAC address or an array of them, got a number"},
		{"measure", "{'mac':'a4:83'}",
		 "\"mac\": \"a4:83\" is not the address of a device, expected 12 hexadecimal "
		 "digits, with or without : - or ."},
		{"measure", "{'mac':'ff:ff:ff:ff:ff:ff'}", "is not the address of a device"},
		{"measure", "{'mac':['a4:83:e7:12:34:56',{}]}",
		 "or an array of them, got an object"},
		{"measure", "{'mac':[]}",
		 "\"mac\": expected 1 to 64 addresses, or no such member for all, got 0"},
		{"controller/enable", "{}", "\"controller\": expected the name of one"},
		{"controller/disable", "{'controller':'no'}", "\"controller\": there is no \"no\""},
		{"controller/reconnect", "{'controller':[]}",
		 "\"controller\": expected a string, got an array"},
		{"log_level", "{}", "\"level\": expected one of error, warning, info, debug"},
		{"log_level", "{'level':'loud'}", "\"level\": expected one of error, warning"},
		{"log_level", "{'level':3}", "\"level\": expected a string, got a number"},
		{"log_level", "{'level':'info','subject':'sesion hq'}",
		 "\"subject\": \"sesion hq\" is none, expected the name of a controller or output "
		 "behind one of account command conf"},
		{"log_level", "{'level':'info','subject':''}", "\"subject\": \"\" is none"},
		{"log_level", "{'trace':true}",
		 "\"controller\": expected the name of one to trace"},
		{"log_level", "{'trace':'on','controller':'hq'}",
		 "\"trace\": expected true or false"},
		{"log_level", "{'controller':'hq','level':'debug'}",
		 "\"trace\": expected true or false"},
		{"log_level", "{'controller':'no','trace':true}", "there is no \"no\""},
		{"log_level", "{'controller':'hq','trace':true,'level':'info'}",
		 "expected either \"trace\" with \"controller\", or \"level\""},
		{"status", "{'controller':'no'}", "\"controller\": there is no \"no\""},
	};
	struct rig *rig = rig_new();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_error(rig, cases[i].name, cases[i].request, cases[i].error);
	assert_int_equal(rig->n_sent, 0);
	rig_free(rig);
}

static void
test_too_many_macs(void **state)
{
	char request[2048] = "{'mac':['a4:83:e7:12:34:56'";
	struct rig *rig = rig_new();

	(void)state;
	for (int i = 0; i < 64; i++)
		strcat(request, ",'a483e7123456'");
	strcat(request, "]}");
	assert_error(rig, "measure", request,
		     "expected 1 to 64 addresses, or no such member for "
		     "all, got 65");
	rig_free(rig);
}

static void
test_the_id_comes_back(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	assert_true(run(rig, "log_level", "{'level':'info','id':'a-17'}"));
	assert_response(rig, "{'command':'log_level','id':'a-17','ok':true,'level':'info'}");
	assert_true(run(rig, "nonsense", "{'id':17}"));
	assert_int_equal(json_integer_value(json_object_get(rig->response, "id")), 17);
	assert_true(run(rig, "measure", "{'id':1.5,'x':0}"));
	assert_true(json_is_real(json_object_get(rig->response, "id")));
	rig_free(rig);
}

static void
test_log_level(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	assert_true(run(rig, "log_level", "{'level':'warning'}"));
	assert_true(rig->ok);
	assert_false(log_enabled("mqtt main", LOG_LEVEL_INFO));
	assert_true(run(rig, "log_level", "{'level':'debug','subject':'session hq'}"));
	assert_true(log_enabled("session hq", LOG_LEVEL_DEBUG));
	assert_false(log_enabled("session lab", LOG_LEVEL_INFO));
	assert_true(run(rig, "log_level", "{'level':'warning','subject':'session hq'}"));
	assert_false(log_enabled("session hq", LOG_LEVEL_INFO));
	assert_true(run(rig, "log_level", "{'level':'info'}"));
	assert_true(log_enabled("mqtt main", LOG_LEVEL_INFO));
	rig_free(rig);
}

/* Of subjects there can be many, but not without end; those that have a level can still change it.
 */
static void
test_log_level_of_many_subjects(void **state)
{
	static const struct log_settings usual = {.level = LOG_LEVEL_INFO};
	struct rig *rig = rig_new();
	char request[256];

	(void)state;
	log_configure(&usual);
	for (int i = 0; i < LOG_MOST_RULES; i++) {
		snprintf(request, sizeof request, "{'level':'debug','subject':'session %d'}", i);
		assert_true(run(rig, "log_level", request));
		assert_true(rig->ok);
	}
	assert_error(rig, "log_level", "{'level':'debug','subject':'tls'}",
		     "256 subjects have a level of their own already; a reload");
	assert_true(run(rig, "log_level", "{'level':'error','subject':'session 7'}"));
	assert_true(rig->ok);
	assert_false(log_enabled("session 7", LOG_LEVEL_WARNING));
	snprintf(request, sizeof request, "{'level':'debug','subject':'session %0150d'}", 0);
	assert_error(rig, "log_level", request, "is none, expected");
	log_configure(&usual);
	rig_free(rig);
}

static void
test_trace_of_a_controller(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_true(run(rig, "log_level", "{'controller':'hq','trace':true}"));
		assert_response(rig, "{'command':'log_level','ok':true,'controller':'hq',"
				     "'trace':true}");
		assert_true(log_enabled("tls hq", LOG_LEVEL_DEBUG));
		assert_false(log_enabled("tls lab", LOG_LEVEL_DEBUG));
	}
	assert_true(run(rig, "log_level", "{'controller':'lab','trace':false}"));
	assert_true(log_enabled("session hq", LOG_LEVEL_DEBUG));
	assert_true(run(rig, "log_level", "{'controller':'hq','trace':false}"));
	assert_true(rig->ok);
	assert_false(log_enabled("session hq", LOG_LEVEL_DEBUG));
	rig_free(rig);
}

static void
test_an_answer_of_a_controller(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	subscribe(rig, 0);
	assert_false(run(rig, "measure", "{'controller':'hq','mac':'a4:83:e7:12:34:56','id':1}"));
	assert_string_equal(rig->sent[rig->n_sent - 1]->name, "measurement_request");
	receive(rig, 0, "measurement_response", last_transaction(rig), SUCCESS RSSI);
	assert_true(rig->ok);
	assert_int_equal(rig->responses, 1);
	assert_response(rig, "{'command':'measure','id':1,'ok':true,'controllers':{'hq':{'ok':true,"
			     "'transaction':3,'status':'success','records':1,'messages':1,"
			     "'took_ms':0}}}");
	rig_free(rig);
}

/* Without a name all are asked; those that cannot be are told, and do not matter. */
static void
test_all_controllers(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	subscribe(rig, 1);
	assert_false(run(rig, "statistics", "{'entity':'tag'}"));
	receive(rig, 1, "statistics_response", last_transaction(rig), "0001 [05]");
	assert_true(rig->ok);
	assert_response(rig, "{'command':'statistics','ok':true,'controllers':{'hq':{'ok':false,"
			     "'error':'not subscribed: its state is disabled'},'lab':{'ok':true,"
			     "'transaction':3,'status':'not_found','records':0,'messages':1,"
			     "'took_ms':0}}}");
	rig_free(rig);
}

static void
test_all_controllers_are_waited_for(void **state)
{
	struct rig *rig = rig_new();
	uint32_t first, second;

	(void)state;
	subscribe(rig, 0);
	subscribe(rig, 1);
	assert_false(run(rig, "ap_info", "{}"));
	first = rig->transactions[rig->n_sent - 2];
	second = last_transaction(rig);
	receive(rig, 1, "ap_info_response", second, SUCCESS);
	assert_int_equal(rig->responses, 0);
	session_lost(&rig->controllers[0]->session, uv_now(&rig->gateway.loop), LOSS_CLOSED, "cut");
	assert_int_equal(rig->responses, 1);
	assert_true(rig->ok);
	assert_string_equal(
		json_string_value(json_object_get(
			json_object_get(json_object_get(rig->response, "controllers"), "hq"),
			"error")),
		"cut");
	assert_int_equal(first, second);
	rig_free(rig);
}

static void
test_no_controller_answers_well(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	assert_error(rig, "measure", "{}", "controller hq: not subscribed: its state is disabled");
	assert_error(rig, "location", "{'controller':'lab'}", "controller lab: not subscribed");
	subscribe(rig, 0);
	assert_error(rig, "measure", "{'controller':'hq','entity':'clint'}",
		     "controller hq: dictionary baseline has no entity \"clint\", expected one of");
	assert_false(run(rig, "information", "{'controller':'hq'}"));
	receive(rig, 0, "information_response", last_transaction(rig), "0001 [02]");
	assert_false(rig->ok);
	assert_string_equal(json_string_value(json_object_get(rig->response, "error")),
			    "controller hq: answered unsupported");
	rig_free(rig);
}

static void
test_disable_waits_for_the_controller(void **state)
{
	struct rig *rig = rig_new();
	struct session *s = &rig->controllers[0]->session;

	(void)state;
	subscribe(rig, 0);
	assert_false(run(rig, "controller/disable", "{'controller':'hq'}"));
	assert_string_equal(rig->sent[rig->n_sent - 1]->name, "service_unsubscribe_request");
	assert_false(run(rig, "controller/disable", "{'controller':'hq'}"));
	assert_error(rig, "controller/enable", "{'controller':'hq'}",
		     "controller hq is about to hang up, try again in a moment");
	assert_error(rig, "controller/reconnect", "{'controller':'hq'}", "is about to hang up");
	rig->responses = 0;
	receive(rig, 0, "service_unsubscribe_response", last_transaction(rig), SUCCESS);
	rig->controllers[0]->stop_by = 0;
	controller_arm(rig->controllers[0]);
	uv_run(&rig->gateway.loop, UV_RUN_NOWAIT);
	assert_int_equal(rig->responses, 2);
	assert_response(rig, "{'command':'controller/disable','ok':true,'controller':'hq',"
			     "'state':'disabled'}");
	assert_string_equal(s->reason, "disabled by command");
	assert_int_equal(rig->hang_ups, 1);
	assert_true(run(rig, "controller/disable", "{'controller':'hq'}"));
	assert_true(rig->ok);
	assert_error(rig, "controller/reconnect", "{'controller':'hq'}",
		     "controller hq is disabled, expected controller/enable");
	assert_true(run(rig, "controller/enable", "{'controller':'hq'}"));
	assert_response(rig, "{'command':'controller/enable','ok':true,'controller':'hq',"
			     "'state':'connecting'}");
	rig_free(rig);
}

static void
test_dials_by_command_are_rare(void **state)
{
	struct rig *rig = rig_new();
	struct session *s = &rig->controllers[1]->session;

	(void)state;
	session_start(s, 0);
	session_lost(s, 0, LOSS_REFUSED, "not in the list");
	assert_int_equal(s->state, SESSION_QUARANTINED);
	assert_true(run(rig, "controller/reconnect", "{'controller':'lab'}"));
	assert_response(rig, "{'command':'controller/reconnect','ok':true,'controller':'lab',"
			     "'state':'connecting'}");
	assert_error(rig, "controller/reconnect", "{'controller':'lab'}",
		     "controller lab was dialled by command a moment ago, try again in 10 s");
	assert_true(run(rig, "controller/enable", "{'controller':'lab'}"));
	assert_true(rig->ok);
	rig_free(rig);
}

static void
test_too_many_wait(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	subscribe(rig, 0);
	for (int i = 0; i < 64; i++)
		assert_false(run(rig, "controller/disable", "{'controller':'hq'}"));
	assert_error(rig, "status", "{}", "busy: 64 commands wait for controllers");
	rig_free(rig);
}

static void
test_the_end(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	subscribe(rig, 0);
	assert_false(run(rig, "measure", "{'controller':'hq'}"));
	command_stop(&rig->gateway);
	assert_int_equal(rig->responses, 1);
	assert_string_equal(json_string_value(json_object_get(rig->response, "error")),
			    "the gateway is stopping");
	rig->gateway.stopping = true;
	assert_error(rig, "measure", "{}", "the gateway is stopping");
	rig_free(rig);
}

static void
test_who_asked_has_gone(void **state)
{
	struct rig *rig = rig_new();

	(void)state;
	subscribe(rig, 0);
	assert_false(run(rig, "measure", "{'controller':'hq'}"));
	command_cancel(&rig->gateway, "another");
	command_cancel(&rig->gateway, rig);
	receive(rig, 0, "measurement_response", last_transaction(rig), SUCCESS);
	assert_int_equal(rig->responses, 0);
	rig_free(rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_request),
		cmocka_unit_test(test_unknown_commands),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_too_many_macs),
		cmocka_unit_test(test_the_id_comes_back),
		cmocka_unit_test(test_log_level),
		cmocka_unit_test(test_log_level_of_many_subjects),
		cmocka_unit_test(test_trace_of_a_controller),
		cmocka_unit_test(test_an_answer_of_a_controller),
		cmocka_unit_test(test_all_controllers),
		cmocka_unit_test(test_all_controllers_are_waited_for),
		cmocka_unit_test(test_no_controller_answers_well),
		cmocka_unit_test(test_disable_waits_for_the_controller),
		cmocka_unit_test(test_dials_by_command_are_rare),
		cmocka_unit_test(test_too_many_wait),
		cmocka_unit_test(test_the_end),
		cmocka_unit_test(test_who_asked_has_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
