/* SPDX-License-Identifier: ISC */
/* test_dictionary.c: the shipped dictionary says what the protocol's documents say */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf/dictionary.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define BASELINE "conf/dictionary/baseline.conf"
#define SECOND	 "tests/dictionary/second.conf"

struct errors {
	unsigned n;
	int line; /* of the first */
	char message[1024];
};

static void
collect(void *context, const char *file, int line, const char *message)
{
	struct errors *errors = context;

	assert_non_null(file);
	if (errors->n++)
		return;
	errors->line = line;
	snprintf(errors->message, sizeof errors->message, "%s", message);
}

static struct dict *
load(const char *name)
{
	struct errors errors = {.n = 0};
	const struct report report = {collect, &errors};
	struct dict *dict = dictionary_load(name, &report);

	if (errors.n)
		fail_msg("%s:%d: %s", name, errors.line, errors.message);
	assert_non_null(dict);
	return dict;
}

__attribute__((format(printf, 2, 3))) static void
append(char *text, const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + used, 4096 - used, format, arguments);
	va_end(arguments);
}

static void describe_shape(char *text, const struct shape *shape, bool group);

static void
describe_field(char *text, const struct field *field)
{
	static const char *const names[] = {
		[WIRE_UINT] = "u",  [WIRE_INT] = "i",	    [WIRE_MAC] = "mac",
		[WIRE_IP] = "ip",   [WIRE_STR] = "str",	    [WIRE_BYTES] = "bytes",
		[WIRE_STRUCT] = "", [WIRE_GROUP] = "group", [WIRE_CIVIC] = "civic",
		[WIRE_GEO] = "geo",
	};

	append(text, ":%s", names[field->wire]);
	if (field->wire == WIRE_UINT || field->wire == WIRE_INT)
		append(text, "%d", 8 * field->width);
	if (field->times > 1)
		append(text, "x%d", field->times);
	if (field->count_of || field->length_of)
		append(text, "[%s]", field->count_of ? field->count_of : field->length_of);
	if (field->repeat)
		append(text, "*");
	if (field->wire == WIRE_STRUCT)
		describe_shape(text, field->shape, false);
}

static void
describe_shape(char *text, const struct shape *shape, bool group)
{
	append(text, group ? "" : "(");
	for (uint32_t i = 0; i < shape->n_fields; i++) {
		append(text, i ? " " : "");
		if (group)
			append(text, "%x=", shape->fields[i].type);
		append(text, "%s", shape->fields[i].name);
		describe_field(text, &shape->fields[i]);
	}
	append(text, group ? "" : ")");
}

static const char *
describe_element(char text[static 4096], const struct field *field)
{
	snprintf(text, 4096, "%x=%s", field->type, field->name);
	describe_field(text, field);
	if (field->wire == WIRE_GROUP) {
		append(text, " ");
		describe_shape(text, field->shape, true);
	}
	return text;
}

static const char *
describe_message(char text[static 4096], const struct message_def *message)
{
	static const char *const senders[] = {"", "c", "s", "cs"};

	snprintf(text, 4096, "%u %s %s %s:", message->id, message->name, senders[message->sender],
		 mark_name(message->mark));
	for (uint32_t i = 0; i < message->n_parts; i++) {
		const struct message_part *part = &message->parts[i];

		append(text, " %s%s", part->name,
		       part->repeat ? (part->optional ? "*" : "+") : (part->optional ? "?" : ""));
	}
	return text;
}

static const char *
describe_service(char text[static 4096], const struct service *service)
{
	snprintf(text, 4096, "%u %s", service->number, service->name);
	for (uint32_t i = 0; i < service->n_subservices; i++) {
		const struct subservice *subservice = &service->subservices[i];

		append(text, " %u=%s@%d", subservice->number, subservice->name, subservice->bit);
		for (uint32_t k = 0; k < subservice->n_entities; k++)
			append(text, "%s%u", k ? "+" : ":", subservice->entities[k]);
	}
	return text;
}

static const char *
describe_enumeration(char text[static 4096], const struct enumeration *enumeration)
{
	snprintf(text, 4096, "%s", enumeration->name);
	for (uint32_t i = 0; i < enumeration->n_values; i++) {
		const struct enumeration_value *value = &enumeration->values[i];

		append(text, " %llu=%s", (unsigned long long)value->number, value->name);
		if (value->unit)
			append(text, "(%s)", value->unit);
	}
	return text;
}

static const char *const baseline_messages[] = {
	"1 echo_request c documented:",
	"2 echo_response s recalled:",
	"7 capability_notification cs documented: device service* subservice_mask?",
	"13 measurement_request c recalled: entity scope mac*",
	"14 measurement_response s recalled: status measurement* tag_measurement*",
	"15 measurement_notification s documented: measurement* tag_measurement*",
	"16 information_request c recalled: entity scope detail mac*",
	"17 information_response s recalled: status information*",
	"18 information_notification s recalled: information*",
	"20 statistics_request c recalled: entity scope mac*",
	"21 statistics_response s recalled: status statistics*",
	"22 statistics_notification s recalled: statistics*",
	"23 attachment_request c assumed: entity scope",
	"24 attachment_response s assumed: status attachment*",
	"25 attachment_notification s assumed: attachment*",
	"26 location_request c assumed: scope location_type mac*",
	"27 location_response s assumed: status entity location_type location*",
	"28 location_notification s assumed: location*",
	"30 service_subscribe_request c recalled: service+",
	"31 service_subscribe_response s recalled: status service*",
	"32 service_unsubscribe_request c assumed: service+",
	"33 service_unsubscribe_response s assumed: status",
	"40 ids_request c assumed: scope",
	"41 ids_response s assumed: status wips_alarm*",
	"42 ids_notification s assumed: wips_alarm*",
	"50 spectrum_request c assumed: entity scope",
	"51 spectrum_response s assumed: status interferer* air_quality*",
	"52 spectrum_notification s assumed: interferer* air_quality*",
	"60 on_demand_request c assumed: mac",
	"61 on_demand_response s assumed: status information*",
	"65 ap_info_request c assumed: scope mac*",
	"66 ap_info_response s assumed: status access_point*",
	"67 ap_info_notification s documented: access_point*",
};

#define READINGS \
	"readings:[count](ap:mac slot:u8 band:u8 source:u8 antennas_dbm:i8x2 snr_db:i8 age_ms:u32)"
#define MEASUREMENT ":(mac:mac entity:u8 flags:u8 count:u8 " READINGS ")"

static const char *const baseline_elements[] = {
	"1=status:u8",
	"2=entity:u8",
	"3=scope:u8",
	"4=mac:mac",
	"5=controller_time:u64",
	"6=detail:u8",
	"7=location_type:u8",
	"10=device:group 11=name:str 12=model:str 13=software:str 14=mac:mac 15=address:ip",
	"20=service:(service:u16 count:u8 subservices:[count](subservice:u16 interval:u16))",
	"21=subservice_mask:u64",
	"100=measurement" MEASUREMENT,
	"101=tag_measurement:group 100=measurement" MEASUREMENT " 110=ccx:(version:u8 "
	"tx_power_dbm:i8 channel:u8 regulatory_class:u8 burst_length:u8 sequence:u16) "
	"111=battery:(level:u8 percent:u8 days:u16) 112=chokepoint:*(mac:mac age_ms:u32) "
	"113=telemetry:*(type:u8 value:i32) 114=vendor:(id:u8 data:bytes) 115=event:u8 "
	"116=payload:bytes",
	"200=information:group 201=mac:mac 202=entity:u8 203=ap:mac 204=slot:u8 205=channel:u16 "
	"206=ssid:str 207=bssid:mac 208=username:str 209=ip:ip* 20a=vlan:u16 20b=status:u16 "
	"20c=protocol:u8 20d=device_type:str 20e=ap_group:str 210=rogue:(state:u8 class:u8 type:u8 "
	"clients:u16) 211=first_seen:u32 212=last_seen:u32",
	"300=statistics:(mac:mac entity:u8 rssi_dbm:i8 snr_db:i8 reserved:u8 uptime_s:u32 "
	"bytes_rx:u64 bytes_tx:u64 packets_rx:u32 packets_tx:u32 retries:u32 errors:u32 "
	"rate_rx_kbps:u32 rate_tx_kbps:u32)",
	"400=attachment:group 401=event:u8 402=mac:mac 403=entity:u8 404=ip:ip* 405=port:(slot:u8 "
	"module:u8 port:u16) 406=interface:str 407=username:str 408=vlan:u16 409=category:u8 "
	"40a=serial:str 40b=udi:str 40c=model:str 40d=age_s:u32 40e=switch_ip:ip 40f=ap:mac "
	"410=ssid:str",
	"500=location:group 501=port:(slot:u8 module:u8 port:u16) 502=interface:str "
	"503=civic:civic 504=elin:str 505=geo:geo "
	"506=custom:*(name_length:u8 name:str[name_length] value:str) "
	"507=mac:mac 508=location_id:str 509=switch_ip:ip 50a=type:u8",
	"600=access_point:group 601=mac:mac 602=name:str 603=ip:ip 604=model:str 605=serial:str "
	"606=location:str 607=radio:*(slot:u8 band:u8 channel:u16 width_mhz:u16 tx_power_dbm:i8 "
	"mode:u8 admin:u8 oper:u8 clients:u16) 608=uptime_s:u32 609=group:str 60a=status:u8",
	"700=interferer:(device_id:u32 cluster:mac detected:u32 type:u16 severity:u8 ap:mac "
	"slot:u8 band:u8 duty_cycle_pct:u8 antenna:u8 rssi_dbm:i8 "
	"affected_channels:u32 signature:bytes)",
	"701=air_quality:(ap:mac slot:u8 channel:u16 index_min:u8 index:u8 power_dbm:i8 "
	"interference_power_dbm:i8 duty_cycle_pct:u8 interference_duty_cycle_pct:u8 devices:u8 "
	"time:u32)",
	("800=wips_alarm:(alarm_id:u32 time:u32 ap:mac mac:mac signature_id:u32 message_index:u32 "
	 "severity:u8 version:u8)"),
};

static const char *const baseline_services[] = {
	("1 rssi 1=client@0:1 2=tag@1:2 3=rogue@2:3+4 4=interferer@3:5 5=handover@4 "
	 "6=client_associated_only@5:1"),
	"2 spectrum 1=interferer@6:5 2=air_quality@7:7 3=aggregate_interferer@8:5",
	"3 information 1=client@9:1 2=tag@10:2 3=rogue@11:3+4 4=handover@12",
	"4 statistics 1=client@13:1 2=tag@14:2 3=rogue@15:3+4",
	"5 attachment 1=station@16:6+1",
	"6 location 1=subscription@17",
	"7 handover 1=handover@18",
	"8 ap_monitor 1=ap@19",
	"9 wips 1=wips@20",
	"10 on_demand 1=device@21",
	"11 ap_info 1=ap@22",
};

static const char *const baseline_enumerations[] = {
	"status 0=success 1=partial 2=unsupported 3=bad_request 4=no_resources 5=not_found",
	"entity 1=client 2=tag 3=rogue_ap 4=rogue_client 5=interferer 6=wired 7=ap",
	"scope 0=all 1=listed",
	"detail 0=basic 1=full",
	"location_type 0=any 1=civic 2=elin 3=geo 4=custom",
	"band 0=unknown 1=2.4 2=5 3=dual 4=6",
	"source 0=none 1=probe 2=ccx",
	"battery_level 0=unknown 1=low 2=normal 3=medium",
	"vendor 0=g2 1=aeroscout 2=unknown",
	"tag_event 1=button 2=tamper 3=panic 4=detached",
	"telemetry_type 1=temperature(°C) 2=humidity(%) 3=motion 4=pressure(hPa) 5=fuel "
	"6=distance(m)",
	"client_status 0=idle 1=aaa_pending 2=authenticated 3=associated 4=power_save "
	"5=disassociated 6=to_be_deleted 7=probing 8=excluded 256=wait_authenticated "
	"257=wait_associated",
	"client_protocol 1=a 2=b 3=g 4=unknown 5=mobile 6=n_2.4 7=n_5 8=ethernet 9=802.3 10=ac "
	"11=ax_5 12=ax_2.4 13=ax_6",
	"rogue_state 0=initializing 1=pending 2=alert 3=detected_lrad 4=known 5=acknowledged "
	"6=contained 7=threat 8=contained_pending 9=known_contained 10=trusted_missing",
	"rogue_class 0=pending 1=friendly 2=malicious 3=unclassified",
	"rogue_type 0=ap 1=adhoc",
	"attachment_event 1=new 2=delete 3=update",
	"attachment_category 1=wired_station 2=wireless_station",
	"ap_status 1=joined 2=left",
	"ap_mode 0=local 1=monitor 2=sniffer 3=rogue_detector 4=bridge 5=flexconnect 6=se_connect",
	"down_up 0=down 1=up",
	"interferer_type 1=bluetooth_link 2=microwave_oven 3=dect_like 4=continuous_transmitter "
	"5=jammer 6=video_camera 7=zigbee 8=ble_beacon 9=wifi_inverted 10=wifi_invalid_channel "
	"11=xbox 12=radar 13=canopy 14=wimax 15=superag",
};

static void
test_baseline_frame(void **state)
{
	struct dict *dict = load(BASELINE);
	const struct frame_layout *frame = &dict->frame;

	(void)state;
	assert_string_equal(dict->name, "baseline");
	assert_string_equal(dict->file, BASELINE);
	assert_int_equal(strspn(dict->hash, "0123456789abcdef"), 16);
	assert_false(dict->little_endian);
	assert_int_equal(frame->header, 14);
	assert_int_equal(frame->version.offset * 10 + frame->version.width, 1);
	assert_int_equal(frame->flags.offset * 10 + frame->flags.width, 11);
	assert_int_equal(frame->id.offset * 10 + frame->id.width, 22);
	assert_int_equal(frame->length.offset * 10 + frame->length.width, 44);
	assert_int_equal(frame->transaction.offset * 10 + frame->transaction.width, 84);
	assert_int_equal(frame->version_value, 1);
	assert_int_equal(frame->more_bit, 0);
	assert_int_equal(frame->max_length, 262144);
	assert_false(frame->length_is_body);
	assert_int_equal(dict->element.type_width, 2);
	assert_int_equal(dict->element.length_width, 2);
	assert_int_equal(dict->element.align, 1);
	assert_false(dict->element.length_is_element);
	dictionary_free(dict);
}

static void
test_baseline_tables(void **state)
{
	struct dict *dict = load(BASELINE);
	char text[4096];

	(void)state;
	assert_int_equal(dict->n_messages, COUNT(baseline_messages));
	for (uint32_t i = 0; i < dict->n_messages; i++)
		assert_string_equal(describe_message(text, &dict->messages[i]),
				    baseline_messages[i]);
	assert_int_equal(dict->elements.n_fields, COUNT(baseline_elements));
	for (uint32_t i = 0; i < dict->elements.n_fields; i++)
		assert_string_equal(describe_element(text, &dict->elements.fields[i]),
				    baseline_elements[i]);
	assert_int_equal(dict->n_services, COUNT(baseline_services));
	for (uint32_t i = 0; i < dict->n_services; i++)
		assert_string_equal(describe_service(text, &dict->services[i]),
				    baseline_services[i]);
	assert_int_equal(dict->n_enumerations, COUNT(baseline_enumerations));
	for (uint32_t i = 0; i < dict->n_enumerations; i++)
		assert_string_equal(describe_enumeration(text, &dict->enumerations[i]),
				    baseline_enumerations[i]);
	dictionary_free(dict);
}

static const struct field *
find(const struct dict *dict, const char *element, const char *field)
{
	const struct field *outer = shape_field(&dict->elements, element);
	const struct field *inner = outer ? shape_field(outer->shape, field) : NULL;

	if (!inner)
		fail_msg("no %s.%s", element, field);
	return inner;
}

/* How fields are published: what the tables above leave out. */
static void
test_baseline_json(void **state)
{
	struct dict *dict = load(BASELINE);
	const struct field *readings = find(dict, "measurement", "readings");
	const struct field *antennas = shape_field(readings->shape, "antennas_dbm");
	const struct field *value =
		shape_field(find(dict, "tag_measurement", "telemetry")->shape, "value");

	(void)state;
	assert_int_equal(shape_field(&dict->elements, "information")->kind, KIND_INFO);
	assert_int_equal(shape_field(&dict->elements, "tag_measurement")->kind, KIND_RSSI);
	assert_int_equal(shape_field(&dict->elements, "device")->kind, KIND_NONE);
	assert_string_equal(readings->sort, "antennas_dbm");
	assert_string_equal(antennas->strongest, "rssi_dbm");
	assert_true(antennas->has_none);
	assert_int_equal(antennas->none, -128);
	assert_null(find(dict, "measurement", "count")->json);
	assert_true(find(dict, "measurement", "mac")->mac_type);
	assert_int_equal(find(dict, "measurement", "flags")->n_bits, 1);
	assert_true(find(dict, "tag_measurement", "measurement")->is_inline);
	assert_true(find(dict, "tag_measurement", "measurement")->required);
	assert_string_equal(find(dict, "tag_measurement", "chokepoint")->json, "chokepoints");
	assert_string_equal(find(dict, "tag_measurement", "event")->under, "tag");
	assert_int_equal(value->scale, 1000);
	assert_string_equal(value->unit_of, "type");
	assert_true(find(dict, "location", "custom")->is_map);
	assert_int_equal(find(dict, "attachment", "age_s")->role, ROLE_AGE);
	assert_int_equal(find(dict, "interferer", "detected")->role, ROLE_TIME);
	assert_int_equal(find(dict, "interferer", "device_id")->format, FORMAT_STRING);
	assert_int_equal(find(dict, "interferer", "affected_channels")->format, FORMAT_BITMAP);
	assert_int_equal(find(dict, "information", "last_seen")->format, FORMAT_TIME_S);
	assert_string_equal(find(dict, "access_point", "radio")->json, "radios");
	dictionary_free(dict);
}

static void
test_second(void **state)
{
	struct dict *baseline = load(BASELINE);
	struct dict *second = load(SECOND);

	(void)state;
	assert_string_equal(second->name, "second");
	assert_string_not_equal(second->hash, baseline->hash);
	assert_true(second->little_endian);
	assert_int_equal(second->frame.header, 12);
	assert_true(second->frame.length_is_body);
	assert_int_equal(second->element.type_width, 1);
	assert_true(second->element.length_is_element);
	assert_int_equal(second->element.align, 4);
	assert_int_equal(find(second, "tag_measurement", "measurement")->type, 1);
	assert_int_equal(second->n_messages, baseline->n_messages);
	for (uint32_t i = 0; i < second->n_messages; i++)
		assert_int_equal(second->messages[i].id, 1000 + 3 * baseline->messages[i].id);
	assert_int_equal(second->services[0].subservices[2].entities[1], 14);
	dictionary_free(second);
	dictionary_free(baseline);
}

static void
test_by_name(void **state)
{
	struct dict *dict;

	(void)state;
	setenv("NMSP2MQTT_DATA", "conf", 1);
	assert_string_equal(dictionary_directory(), "conf/dictionary");
	dict = load("baseline");
	assert_string_equal(dict->file, BASELINE);
	dictionary_free(dict);
	unsetenv("NMSP2MQTT_DATA");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_baseline_frame), cmocka_unit_test(test_baseline_tables),
		cmocka_unit_test(test_baseline_json),  cmocka_unit_test(test_second),
		cmocka_unit_test(test_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
