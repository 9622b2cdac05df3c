/*
 * One request: what PostgREST tells of it, which app it is for, and where
 * that app's pages are.
 */
#include "web/exchange.h"

#include <arpa/inet.h>
#include <sodium.h>

#include "base/encode.h"
#include "catalog/pg_type.h"
#include "login/session.h"
#include "once/submission_key.h"
#include "realm/url.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"

/* ---------- what PostgREST tells ---------- */

/* Return one of PostgREST's settings; an empty object if there is none. */
static const char *
setting(const char *name)
{
	const char *value = GetConfigOption(name, true, false);

	return value ? value : "{}";
}

/* Return an address that is written like one. */
static inet *
parse_address(Span text)
{
	char		binary[16];

	if (text.data == NULL ||
		(inet_pton(AF_INET, text.data, binary) != 1 && inet_pton(AF_INET6, text.data, binary) != 1))
		return NULL;
	return DatumGetInetPP(DirectFunctionCall1(inet_in, CStringGetDatum(text.data)));
}

/* Tell whether a request comes through our proxy: it knows a secret, which only PostgREST's settings have. */
static bool
is_proxied(Span secret)
{
	const char *expected = GetConfigOption("app.settings.arsignup_proxy", true, false);

	return secret.data != NULL && expected != NULL && strlen(expected) == secret.size &&
		sodium_memcmp(secret.data, expected, secret.size) == 0;
}

/* Read method, path and headers. */
void
exchange_read(Exchange *exchange)
{
	Request    *request = &exchange->request;

	request_read(request, setting("request.headers"), exchange->is_direct, palloc);
	if (exchange->is_direct)
		request->method = (Span) {setting("request.method"), strlen(setting("request.method"))};
	if (is_proxied(request->proxy))
		exchange->address = parse_address(request->address);
	request_split_uri(request->uri, &exchange->path, &exchange->query);
}

/* ---------- the browser's session ---------- */

/* Return the name of the cookie; each realm has its own, since several may live on one host. */
static const char *
cookie_name(const Exchange *exchange)
{
	char		realm[BASE62_UUID_LENGTH];

	base62_encode_uuid(exchange->app.realm_id.data, realm);
	return psprintf("__Host-arsignup-%.*s", BASE62_UUID_LENGTH, realm);
}

/* Return the secret of the browser's session; nothing if it has none. */
Span
exchange_cookie(const Exchange *exchange)
{
	return request_cookie(setting("request.cookies"), cookie_name(exchange), palloc);
}

#define FORM_COOKIE "__Host-arsignup-form"
#define FORM_KEY_SIZE 32

/* Find by what this browser's forms are known, if it has been given that. */
bool
exchange_find_form_key(Span *key)
{
	return idempotency_key_read(request_cookie(setting("request.cookies"), FORM_COOKIE, palloc),
								IDEMPOTENCY_KEY_MIN_ANONYMOUS, key);
}

/*
 * Return by what this browser's forms are known, and give it something if it
 * has nothing: so the same form that is sent from another tab, or after going
 * back, is known again.
 */
Span
exchange_form_key(Exchange *exchange)
{
	Span		key;
	size_t		capacity = sodium_base64_ENCODED_LEN(FORM_KEY_SIZE, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	uint8_t		random[FORM_KEY_SIZE];
	char	   *made;

	if (exchange_find_form_key(&key))
		return key;
	made = palloc(capacity);
	randombytes_buf(random, sizeof(random));
	sodium_bin2base64(made, capacity, random, sizeof(random), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	response_header(&exchange->response, "Set-Cookie",
					psprintf("%s=%s; Path=/; Secure; HttpOnly; SameSite=Lax", FORM_COOKIE, made));
	return (Span) {made, capacity - 1};
}

/* Give the browser a session, or take it away if there is no secret. */
void
exchange_set_cookie(Exchange *exchange, const char *secret)
{
	int			seconds = secret ? exchange->app.session_minutes * SECS_PER_MINUTE : 0;

	exchange->response.browser_secret = secret;
	response_header(&exchange->response, "Set-Cookie",
					psprintf("%s=%s; Path=/; Max-Age=%d; Secure; HttpOnly; SameSite=Lax",
							 cookie_name(exchange), secret ? secret : "", seconds));
}

/* ---------- what was typed ---------- */

/* Return what was typed in a field, or NULL. */
const char *
typed(const Exchange *exchange, const char *name)
{
	return page_value(&exchange->page, name).data;
}

/* Add what was typed in a field as a secret. */
void
add_typed_secret(Parameters *parameters, const Exchange *exchange, const char *name)
{
	add_secret(parameters, exchange->scope, page_value(&exchange->page, name));
}

/* Add where the person is, and with what. */
void
add_source(Parameters *parameters, const Exchange *exchange)
{
	add_pointer(parameters, INETOID, exchange->address);
	add_text(parameters, exchange->request.client.data);
}

/* Note that a field was left empty, if it was. */
void
require(Exchange *exchange, const char *name)
{
	if (page_value(&exchange->page, name).size == 0)
		page_add_fault(&exchange->page, name, psprintf("%s can't be blank.", page_label(&exchange->page, name)));
}

/* ---------- where things are ---------- */

/* Return a permitted redirect_uri, or NULL. */
const char *
exchange_permitted(const Exchange *exchange)
{
	Span		given = page_value(&exchange->page, "redirect_uri");

	for (int i = 0; i < exchange->app.redirect_uri_count; i++)
	{
		const char *permitted = exchange->app.redirect_uris[i];

		if (url_is_below(given, (Span) {permitted, strlen(permitted)}))
			return given.data;
	}
	return NULL;
}

/* Return the redir that is handed back, encoded, or NULL. */
static const char *
encoded_redir(const Exchange *exchange)
{
	Span		path;
	char	   *encoded;

	if (!redir_accept(page_value(&exchange->page, "redir"), &path))
		return NULL;
	encoded = palloc(3 * path.size + 1);
	(void) url_encode(path, encoded);
	return encoded;
}

/* Return a text as it stands in a query. */
static char *
encode(const char *text)
{
	char	   *encoded = palloc(3 * strlen(text) + 1);

	(void) url_encode((Span) {text, strlen(text)}, encoded);
	return encoded;
}

/* Append a parameter to the query of a URL of ours. */
static void
append_parameter(StringInfo url, const char *name, const char *encoded)
{
	if (encoded != NULL)
		appendStringInfo(url, "%c%s=%s", strchr(url->data, '?') ? '&' : '?', name, encoded);
}

/* Return the path of a page. */
const char *
exchange_path(const Exchange *exchange, PageKind kind)
{
	static const char *const names[] = {"signup", "login", "logout", "forgot", "reset", "verify"};
	const HostedApp *app = &exchange->app;

	if (exchange->is_direct)
		return psprintf("%s_page?app=%s", names[kind], app->slug);
	if (app->is_by_host)
		return psprintf("/%s", names[kind]);
	return psprintf("/%s/%s", app->slug, names[kind]);
}

/* Return the path of a page, with what is carried along from page to page. */
const char *
exchange_url(const Exchange *exchange, PageKind kind)
{
	const char *permitted = exchange_permitted(exchange);
	StringInfoData url;

	initStringInfo(&url);
	appendStringInfoString(&url, exchange_path(exchange, kind));
	if (permitted != NULL)
		append_parameter(&url, "redirect_uri", encode(permitted));
	append_parameter(&url, "redir", encoded_redir(exchange));
	return url.data;
}

/* Return the path of the login page, with this typed in already. */
const char *
exchange_login_url(const Exchange *exchange, const char *login)
{
	StringInfoData url;

	initStringInfo(&url);
	appendStringInfoString(&url, exchange_url(exchange, PAGE_LOGIN));
	append_parameter(&url, "login", encode(login));
	return url.data;
}

/* Return a URL with a parameter more. */
static const char *
with_parameter(const char *url, const char *parameter)
{
	size_t		capacity = strlen(url) + strlen(parameter) + 2;
	char	   *result = palloc(capacity);

	(void) url_add_parameter((Span) {url, strlen(url)}, parameter, result, capacity);
	return result;
}

/* What nginx, Apache and others take of a URL in a request line of 8 KiB. */
#define TARGET_MAX 8000

/*
 * Return where a person goes who has logged in or signed up: to the handler
 * with its token, as the SQL function says; or to a permitted redirect_uri.
 * The redir goes along unless the app's server would refuse that for its size.
 */
const char *
exchange_target(const Exchange *exchange, const char *url, const char *token, bool is_signup)
{
	const char *permitted = exchange_permitted(exchange);
	const char *redir = encoded_redir(exchange);

	if (permitted != NULL)
		url = token ? url_with_token(permitted, token, is_signup) : permitted;
	return redir && strlen(url) + strlen(redir) <= TARGET_MAX - strlen("&redir=") ?
		with_parameter(url, psprintf("redir=%s", redir)) : url;
}
