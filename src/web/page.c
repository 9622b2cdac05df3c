/*
 * Pages: reading the forms on them, and writing them.
 *
 * Without script, so that they work everywhere; all that is typed is there
 * again, but for passwords. A fault stands beside its field and in a list on
 * top, whose entries lead to the fields; the first faulty field has the focus.
 */
#include "web/page.h"

#include <stdio.h>
#include <string.h>

/* ---------- reading ---------- */

/* Give a page the fields of a kind, empty. */
void
page_set_inputs(WebPage *page, PageKind kind, const FormRules *rules)
{
	page->rules = rules;
	page->input_count = inputs_of(kind, rules, page->inputs);
	memset(page->values, 0, sizeof(page->values));
}

/* Read a form for the fields of a page; false if it is no text or too much. The values live in the buffer. */
bool
page_read_form(WebPage *page, Span form, char *buffer)
{
	const char *names[INPUTS_MAX];

	for (int i = 0; i < page->input_count; i++)
		names[i] = page->inputs[i]->name;
	return urlencoded_read(form, names, page->input_count, buffer, page->values);
}

/* Return the place of a field on a page, or -1. */
static int
find_input(const WebPage *page, const char *name)
{
	for (int i = 0; i < page->input_count; i++)
		if (strcmp(page->inputs[i]->name, name) == 0)
			return i;
	return -1;
}

/* Tell whether a field is on a page. */
bool
page_has(const WebPage *page, const char *name)
{
	return find_input(page, name) >= 0;
}

/* Give a field of a page what was sent for it, terminated; nothing happens if it is not on the page. */
void
page_set_value(WebPage *page, const char *name, Span value)
{
	int			place = find_input(page, name);

	if (place >= 0)
		page->values[place].text = value;
}

/* Return what was sent for a field; nothing if it is not on the page, or was sent twice. */
Span
page_value(const WebPage *page, const char *name)
{
	int			place = find_input(page, name);

	if (place < 0 || page->values[place].is_repeated)
		return (Span) {NULL, 0};
	return page->values[place].text;
}

/* Return what a field that is shown is called. */
const char *
page_label(const WebPage *page, const char *name)
{
	return page->inputs[find_input(page, name)]->label;
}

/* Note what is wrong with a field, or with the whole if the page does not show that, and by which code programs know it. */
void
page_add_coded_fault(WebPage *page, const char *name, const char *sentence, const char *code)
{
	int			place = name != NULL ? find_input(page, name) : -1;

	if (page->fault_count == FAULTS_MAX)
		return;
	if (place >= 0 && page->inputs[place]->label == NULL)
		place = -1;
	page->faults[page->fault_count++] = (PageFault) {place >= 0 ? name : NULL, sentence, code};
}

/* Note what is wrong with a field, or with the whole. */
void
page_add_fault(WebPage *page, const char *name, const char *sentence)
{
	page_add_coded_fault(page, name, sentence, "invalid");
}

/* Add a way to another page. */
void
page_add_link(WebPage *page, const char *lead, const char *label, const char *url)
{
	if (page->link_count < LINKS_MAX)
		page->links[page->link_count++] = (PageLink) {lead, label, url};
}

/* Note which fields were sent twice. */
void
page_check(WebPage *page)
{
	for (int i = 0; i < page->input_count; i++)
		if (page->values[i].is_repeated)
			page_add_fault(page, page->inputs[i]->name, "This was sent more than once.");
}

/* ---------- writing ---------- */

/* Tell whether a fault is about a field. */
static bool
is_about(const PageFault *fault, const Input *input)
{
	return fault->name != NULL && strcmp(fault->name, input->name) == 0;
}

/* Tell whether anything is wrong with a field. */
static bool
is_faulty(const WebPage *page, const Input *input)
{
	for (int i = 0; i < page->fault_count; i++)
		if (is_about(&page->faults[i], input))
			return true;
	return false;
}

/* Return the place of the field that has the focus: the first faulty one, else, if a whole form failed, the first. */
static int
focus(const WebPage *page)
{
	for (int i = 0; i < page->input_count; i++)
		if (is_faulty(page, page->inputs[i]))
			return i;
	return page->fault_count > 0 ? 0 : -1;
}

/* Write what a password needs. */
static void
write_password_hint(Html *html, const FormRules *rules)
{
	char		sentence[80];

	snprintf(sentence, sizeof(sentence), "At least %d character%s%s", rules->password_min_length,
			 rules->password_min_length == 1 ? "" : "s",
			 rules->password_must_be_strong ? ", and hard to guess: a few uncommon words do well." : ".");
	html_text(html, sentence);
}

/* Tell whether a field has a hint. */
static bool
has_hint(const Input *input)
{
	return input->hint != NULL || input_is_new_password(input);
}

/* Write label, hint and faults of a field. */
static void
write_labels(Html *html, const WebPage *page, const Input *input)
{
	html_add(html, "<label");
	html_attribute(html, "for", input->name);
	html_add(html, ">");
	html_text(html, input->label);
	if (input_rule(input, page->rules) == FIELD_OPTIONAL)
		html_add(html, " <span class=\"optional\">(optional)</span>");
	html_add(html, "</label>\n");
	if (has_hint(input))
	{
		html_add(html, "<p class=\"hint\" id=\"");
		html_text(html, input->name);
		html_add(html, "-hint\">");
		if (input->hint != NULL)
			html_text(html, input->hint);
		else
			write_password_hint(html, page->rules);
		html_add(html, "</p>\n");
	}
	if (!is_faulty(page, input))
		return;
	html_add(html, "<p class=\"error\" id=\"");
	html_text(html, input->name);
	html_add(html, "-error\"><span class=\"mark\">Error:</span>");
	for (int i = 0; i < page->fault_count; i++)
	{
		if (!is_about(&page->faults[i], input))
			continue;
		html_add(html, " ");
		html_text(html, page->faults[i].sentence);
	}
	html_add(html, "</p>\n");
}

/* Write which texts describe a field. */
static void
write_description(Html *html, const WebPage *page, const Input *input)
{
	bool		faulty = is_faulty(page, input);

	if (faulty)
		html_add(html, " aria-invalid=\"true\"");
	if (!faulty && !has_hint(input))
		return;
	html_add(html, " aria-describedby=\"");
	if (has_hint(input))
	{
		html_text(html, input->name);
		html_add(html, faulty ? "-hint " : "-hint");
	}
	if (faulty)
	{
		html_text(html, input->name);
		html_add(html, "-error");
	}
	html_add(html, "\"");
}

/* Tell whether a field is the last one that is shown. */
static bool
is_last(const WebPage *page, int place)
{
	for (int i = place + 1; i < page->input_count; i++)
		if (page->inputs[i]->label != NULL)
			return false;
	return true;
}

/* Write the value of a field as an attribute. */
static void
write_value(Html *html, Span value)
{
	html_add(html, " value=\"");
	html_span(html, value);
	html_add(html, "\"");
}

/* Write a field that is shown. */
static void
write_input(Html *html, const WebPage *page, int place, bool has_focus)
{
	const Input *input = page->inputs[place];

	html_add(html, is_faulty(page, input) ? "<div class=\"field faulty\">\n" : "<div class=\"field\">\n");
	write_labels(html, page, input);
	html_add(html, "<input");
	html_attribute(html, "id", input->name);
	html_attribute(html, "name", input->name);
	html_attribute(html, "type", input->type);
	html_add(html, " ");
	html_add(html, input->attributes);
	html_add(html, is_last(page, place) ? " enterkeyhint=\"go\"" : " enterkeyhint=\"next\"");
	if (!input_is_password(input) && page->values[place].text.size > 0)
		write_value(html, page->values[place].text);
	if (input_rule(input, page->rules) == FIELD_REQUIRED)
		html_add(html, " required");
	write_description(html, page, input);
	if (has_focus)
		html_add(html, " autofocus");
	html_add(html, ">\n</div>\n");
}

/* Write a field that is carried along. */
static void
write_hidden(Html *html, const WebPage *page, int place)
{
	if (page->values[place].text.data == NULL || page->values[place].is_repeated)
		return;
	html_add(html, "<input type=\"hidden\"");
	html_attribute(html, "name", page->inputs[place]->name);
	write_value(html, page->values[place].text);
	html_add(html, ">\n");
}

/* Write the form. */
static void
write_form(Html *html, const WebPage *page)
{
	int			place = focus(page);

	html_add(html, "<form method=\"post\"");
	html_attribute(html, "action", page->action);
	html_add(html, " novalidate>\n");
	for (int i = 0; i < page->input_count; i++)
		if (page->inputs[i]->label == NULL)
			write_hidden(html, page, i);
		else
			write_input(html, page, i, i == place);
	html_add(html, "<button type=\"submit\">");
	html_text(html, page->button);
	html_add(html, "</button>\n");
	if (page->choice != NULL)
	{
		html_add(html, "<button type=\"submit\" class=\"choice\" name=\"choice\" value=\"yes\">");
		html_text(html, page->choice);
		html_add(html, "</button>\n");
	}
	html_add(html, "</form>\n");
}

/* Write the faults of a field, or of the whole, as items that lead there. */
static void
write_items(Html *html, const WebPage *page, const Input *input)
{
	for (int i = 0; i < page->fault_count; i++)
	{
		const PageFault *fault = &page->faults[i];

		if (input != NULL ? !is_about(fault, input) : fault->name != NULL)
			continue;
		html_add(html, "<li>");
		if (input != NULL)
		{
			html_add(html, "<a href=\"#");
			html_text(html, fault->name);
			html_add(html, "\">");
		}
		html_text(html, fault->sentence);
		html_add(html, input != NULL ? "</a></li>\n" : "</li>\n");
	}
}

/* Write a way to another page. */
static void
write_link(Html *html, const PageLink *link)
{
	html_add(html, "<p class=\"way\">");
	if (link->lead != NULL)
	{
		html_text(html, link->lead);
		html_add(html, " ");
	}
	html_add(html, "<a");
	html_attribute(html, "href", link->url);
	html_add(html, ">");
	html_text(html, link->label);
	html_add(html, "</a></p>\n");
}

/* Write all faults: of the whole, then of the fields in their order. */
static void
write_summary(Html *html, const WebPage *page)
{
	html_add(html, "<div class=\"summary\" role=\"alert\">\n<h2>");
	html_text(html, page->trouble ? page->trouble : "Please look at this again");
	html_add(html, "</h2>\n<ul>\n");
	write_items(html, page, NULL);
	for (int i = 0; i < page->input_count; i++)
		write_items(html, page, page->inputs[i]);
	html_add(html, "</ul>\n");
	if (page->remedy.url != NULL)
		write_link(html, &page->remedy);
	html_add(html, "</div>\n");
}

/* Write the ways to other pages. */
static void
write_links(Html *html, const WebPage *page)
{
	for (int i = 0; i < page->link_count; i++)
		write_link(html, &page->links[i]);
}

/* Write everything up to the body's content. */
static void
write_head(Html *html, const WebPage *page)
{
	html_add(html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
			 "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	if (page->fault_count > 0)
		html_add(html, "Error: ");
	html_text(html, page->heading);
	if (page->app_name != NULL)
	{
		html_add(html, " \xc2\xb7 ");
		html_text(html, page->app_name);
	}
	html_add(html, "</title>\n<link rel=\"stylesheet\"");
	html_attribute(html, "href", page->stylesheet);
	html_add(html, ">\n");
	if (page->external_css != NULL)
	{
		html_add(html, "<link rel=\"stylesheet\"");
		html_attribute(html, "href", page->external_css);
		html_add(html, ">\n");
	}
	html_add(html, "</head>\n");
}

/* Write HTML of the operator's in a landmark. */
static void
write_own(Html *html, const char *landmark, const char *own)
{
	if (own == NULL)
		return;
	html_add(html, "<");
	html_add(html, landmark);
	html_add(html, ">\n");
	html_add(html, own);
	html_add(html, "\n</");
	html_add(html, landmark);
	html_add(html, ">\n");
}

/* Write a paragraph. */
static void
write_paragraph(Html *html, const char *attributes, const char *text)
{
	if (text == NULL)
		return;
	html_add(html, "<p");
	html_add(html, attributes);
	html_add(html, ">");
	html_text(html, text);
	html_add(html, "</p>\n");
}

/* Write a page. */
void
page_write(const WebPage *page, Html *html)
{
	write_head(html, page);
	html_add(html, "<body>\n");
	write_own(html, "header", page->header_html);
	html_add(html, "<main>\n");
	write_paragraph(html, " class=\"app\"", page->app_name);
	html_add(html, "<h1>");
	html_text(html, page->heading);
	html_add(html, "</h1>\n");
	if (page->fault_count > 0)
		write_summary(html, page);
	write_paragraph(html, " class=\"text\"", page->text);
	if (page->action != NULL)
		write_form(html, page);
	write_links(html, page);
	html_add(html, "</main>\n");
	write_own(html, "footer", page->footer_html);
	html_add(html, "</body>\n</html>\n");
}
