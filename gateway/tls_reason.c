/* SPDX-License-Identifier: ISC */
/* tls_reason.c: from what OpenSSL says to what an operator can act on */
#include "gateway/tls_reason.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "gateway/tls_context.h"

const char *
tls_alert_name(int alert)
{
	return SSL_alert_desc_string_long(alert);
}

/* The alerts with which a server turns down a client's certificate. */
static bool
is_about_certificate(int alert)
{
	switch (alert) {
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
	case SSL_AD_ACCESS_DENIED:
	case SSL_AD_CERTIFICATE_REQUIRED:
		return true;
	default:
		return false;
	}
}

static bool
is_about_compatibility(int alert)
{
	return alert == SSL_AD_HANDSHAKE_FAILURE || alert == SSL_AD_PROTOCOL_VERSION ||
	       alert == SSL_AD_INSUFFICIENT_SECURITY;
}

static bool
is_incompatible(int reason)
{
	switch (reason) {
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_UNSUPPORTED_SSL_VERSION:
	case SSL_R_WRONG_SSL_VERSION:
	case SSL_R_NO_PROTOCOLS_AVAILABLE:
	case SSL_R_NO_CIPHERS_AVAILABLE:
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_WRONG_CIPHER_RETURNED:
	case SSL_R_UNKNOWN_CIPHER_RETURNED:
	case SSL_R_DH_KEY_TOO_SMALL:
	case SSL_R_EE_KEY_TOO_SMALL:
	case SSL_R_CA_MD_TOO_WEAK:
	case SSL_R_WRONG_SIGNATURE_TYPE:
	case SSL_R_WRONG_CURVE:
	case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
	case SSL_R_NO_SUITABLE_KEY_SHARE:
	case SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED:
	case SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED:
		return true;
	default:
		return false;
	}
}

static void
tell_refused(const struct tls_trouble *trouble, int alert, struct link_end *end)
{
	const struct tls_context *ours = trouble->context;
	const char *name = tls_alert_name(alert);
	char mac[MAC_TEXT], plain[MAC_TEXT];

	if (alert == SSL_AD_CERTIFICATE_EXPIRED) {
		link_end_set(end, LINK_IDENTITY_REFUSED,
			     "controller %s takes the gateway's certificate for expired or not yet "
			     "valid: compare its clock with this machine's (NTP)",
			     trouble->controller);
	} else {
		mac_text(ours->mac, ':', mac);
		mac_text(ours->mac, '\0', plain);
		link_end_set(end, LINK_IDENTITY_REFUSED,
			     "controller %s refused the gateway's certificate (TLS alert %d, %s): "
			     "its list must have the MAC %s with the key hash; IOS-XE: \"aaa "
			     "attribute list NMSP\", \"attribute type password %s\", \"username %s "
			     "mac aaa attribute list NMSP\"; AireOS: \"config auth-list add "
			     "lbs-ssc %s %s\"",
			     trouble->controller, alert, name, mac, ours->hashes.sha256, plain, mac,
			     ours->hashes.sha1);
	}
	end->alert = alert;
}

static void
tell_incompatible(const struct tls_trouble *trouble, const char *why, struct link_end *end)
{
	link_end_set(end, LINK_TLS_INCOMPATIBLE,
		     "controller %s and the gateway have no TLS version and cipher in common (%s): "
		     "for an old controller set min_version = \"1.0\" in its tls section, and "
		     "ciphers if need be",
		     trouble->controller, why);
}

static void
tell_alert(const struct tls_trouble *trouble, int alert, struct link_end *end)
{
	const char *name = tls_alert_name(alert);

	if (is_about_certificate(alert) && !trouble->accepted) {
		tell_refused(trouble, alert, end);
		return;
	}
	if (is_about_compatibility(alert) && trouble->in_handshake)
		tell_incompatible(trouble, name, end);
	else
		link_end_set(end, LINK_TLS_FAILED,
			     "controller %s ended the connection with TLS alert %d, %s",
			     trouble->controller, alert, name);
	end->alert = alert;
}

static void
tell_closed(const struct tls_trouble *trouble, struct link_end *end)
{
	link_end_set(end, LINK_CLOSED_BY_PEER, "controller %s closed the connection%s",
		     trouble->controller, trouble->in_handshake ? " during the handshake" : "");
}

static void
tell_library(const struct tls_trouble *trouble, struct link_end *end)
{
	unsigned long error = ERR_peek_error();
	int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
	const char *why = ERR_reason_error_string(error);

	if (!why)
		why = "no reason given";
	if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + UINT8_MAX)
		tell_alert(trouble, reason - SSL_AD_REASON_OFFSET, end);
	else if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		tell_closed(trouble, end);
	else if (is_incompatible(reason))
		tell_incompatible(trouble, why, end);
	else if (trouble->in_handshake && reason == SSL_R_WRONG_VERSION_NUMBER)
		link_end_set(end, LINK_TLS_FAILED,
			     "what answers in place of controller %s speaks no TLS: is the port "
			     "right?",
			     trouble->controller);
	else
		link_end_set(end, LINK_TLS_FAILED, "TLS with controller %s failed: %s",
			     trouble->controller, why);
}

void
tls_reason_tell(const struct tls_trouble *trouble, struct link_end *end)
{
	if (trouble->error == SSL_ERROR_ZERO_RETURN ||
	    (trouble->error == SSL_ERROR_SYSCALL && trouble->system_error == 0))
		tell_closed(trouble, end);
	else if (trouble->error == SSL_ERROR_SYSCALL)
		link_end_set(end, LINK_RESET, "the connection to controller %s broke: %s",
			     trouble->controller, strerror(trouble->system_error));
	else
		tell_library(trouble, end);
}
