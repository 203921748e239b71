#include "base/base.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "ingest/payload/table_texts.h"

/* The columns of Snowplow's enriched events, in the order of its TSV ("Canonical event model"). */
static const char snowplow[] =
    "app_id,platform,etl_tstamp,collector_tstamp,dvce_created_tstamp,event,event_id,txn_id,"
    "name_tracker,v_tracker,v_collector,v_etl,user_id,user_ipaddress,user_fingerprint,"
    "domain_userid,domain_sessionidx,network_userid,geo_country,geo_region,geo_city,geo_zipcode,"
    "geo_latitude,geo_longitude,geo_region_name,ip_isp,ip_organization,ip_domain,ip_netspeed,"
    "page_url,page_title,page_referrer,page_urlscheme,page_urlhost,page_urlport,page_urlpath,"
    "page_urlquery,page_urlfragment,refr_urlscheme,refr_urlhost,refr_urlport,refr_urlpath,"
    "refr_urlquery,refr_urlfragment,refr_medium,refr_source,refr_term,mkt_medium,mkt_source,"
    "mkt_term,mkt_content,mkt_campaign,contexts,se_category,se_action,se_label,se_property,"
    "se_value,unstruct_event,tr_orderid,tr_affiliation,tr_total,tr_tax,tr_shipping,tr_city,"
    "tr_state,tr_country,ti_orderid,ti_sku,ti_name,ti_category,ti_price,ti_quantity,"
    "pp_xoffset_min,pp_xoffset_max,pp_yoffset_min,pp_yoffset_max,useragent,br_name,br_family,"
    "br_version,br_type,br_renderengine,br_lang,br_features_pdf,br_features_flash,"
    "br_features_java,br_features_director,br_features_quicktime,br_features_realplayer,"
    "br_features_windowsmedia,br_features_gears,br_features_silverlight,br_cookies,br_colordepth,"
    "br_viewwidth,br_viewheight,os_name,os_family,os_manufacturer,os_timezone,dvce_type,"
    "dvce_ismobile,dvce_screenwidth,dvce_screenheight,doc_charset,doc_width,doc_height,"
    "tr_currency,tr_total_base,tr_tax_base,tr_shipping_base,ti_currency,ti_price_base,"
    "base_currency,geo_timezone,mkt_clickid,mkt_network,etl_tags,dvce_sent_tstamp,"
    "refr_domain_userid,refr_dvce_tstamp,derived_contexts,domain_sessionid,derived_tstamp,"
    "event_vendor,event_name,event_format,event_version,event_fingerprint,true_tstamp";

struct table_texts {
    struct delimited_format format;
    bool header; /* each record has its own names */
    char *text;  /* of the names */
    struct slice names[DELIMITED_FIELDS_MAX];
    size_t names_count;
    struct buf header_text; /* of a record's own names */
    struct delimited_row row;
};

/* ---- Columns ---- */

static int refuse(char *why, size_t why_size, const char *columns, const char *hint)
{
    (void)snprintf(why, why_size, "source.columns=%.100s: %s", columns, hint);
    return -EINVAL;
}

/* `user, item` names the columns user and item. */
static struct slice trimmed(struct slice name)
{
    while (name.size && strchr(" \t", name.data[0])) {
        name = slice_of(name.data + 1, name.size - 1);
    }
    while (name.size && strchr(" \t", name.data[name.size - 1])) { name.size--; }
    return name;
}

static int take_names(struct table_texts *table, const char *columns, char *why, size_t why_size)
{
    table->text = xstrdup(strcmp(columns, "snowplow") == 0 ? snowplow : columns);
    for (char *at = table->text; *at;) {
        size_t size = strcspn(at, ",");
        struct slice name = trimmed(slice_of(at, size));
        if (!name.size) { return refuse(why, why_size, columns, "a name is empty"); }
        for (size_t i = 0; i < table->names_count; i++) {
            if (slice_equal(table->names[i], name)) {
                return refuse(why, why_size, columns, "a name is there twice");
            }
        }
        if (table->names_count == DELIMITED_FIELDS_MAX) {
            return refuse(why, why_size, columns, "more than 1024 names");
        }
        table->names[table->names_count++] = name;
        at += size + (at[size] == ',');
    }
    if (table->names_count) { return 0; }
    return refuse(why, why_size, columns,
                  "name the columns, a,b,c; or header, where each record begins with their names");
}

int table_texts_new(const char *columns, char separator, size_t bytes_max,
                    struct table_texts **ret_table, char *why, size_t why_size)
{
    struct table_texts *table = xcalloc(1, sizeof(*table));
    table->format = (struct delimited_format){separator, separator != '\t'};
    table->header = strcmp(columns, "header") == 0;
    delimited_row_init(&table->row, bytes_max);
    buf_init(&table->header_text, bytes_max);
    int rc = table->header ? 0 : take_names(table, columns, why, why_size);
    if (rc) {
        table_texts_free(table);
        return rc;
    }
    *ret_table = table;
    return 0;
}

struct table_texts *table_texts_free(struct table_texts *table)
{
    if (!table) { return NULL; }
    delimited_row_release(&table->row);
    buf_release(&table->header_text);
    free(table->text);
    free(table);
    return NULL;
}

/* ---- Rows ---- */

/* Takes the names of a record's first row; they are copied, as the next row needs the memory. */
static void take_header(struct table_texts *table)
{
    size_t offset = 0;
    buf_clear(&table->header_text);
    table->names_count = table->row.count;
    for (size_t i = 0; i < table->row.count; i++) {
        buf_append(&table->header_text, table->row.fields[i].data, table->row.fields[i].size);
    }
    for (size_t i = 0; i < table->row.count; i++) {
        size_t size = table->row.fields[i].size;
        table->names[i] = trimmed(slice_of(buf_slice(&table->header_text).data + offset, size));
        offset += size;
    }
}

static void write_row(const struct table_texts *table, struct buf *out)
{
    bool first = true;
    buf_append(out, "{", 1);
    for (size_t i = 0; i < table->row.count; i++) {
        if (!table->row.fields[i].size || !table->names[i].size) { continue; }
        if (!first) { buf_append(out, ",", 1); }
        first = false;
        quote_json(out, table->names[i], QUOTE_EITHER);
        buf_append(out, ":", 1);
        quote_json(out, table->row.fields[i], QUOTE_EITHER);
    }
    buf_append(out, "}", 1);
}

static int read_row(struct table_texts *table, struct slice *rest, struct codec_error *ret_error)
{
    int rc = delimited_row_read(&table->row, table->format, rest);
    if (rc == -E2BIG) {
        return codec_error_set(ret_error, -EBADMSG, "bad_csv", "more than %d fields in a row",
                               DELIMITED_FIELDS_MAX);
    }
    if (rc == -EBADMSG) {
        return codec_error_set(ret_error, -EBADMSG, "bad_csv",
                               "a quote is not closed, or text stands behind one");
    }
    return rc;
}

static bool is_blank(const struct delimited_row *row)
{
    return row->count == 1 && !row->fields[0].size;
}

int table_texts_read(struct table_texts *table, struct slice bytes, struct text_list *texts,
                     struct codec_error *ret_error)
{
    struct slice rest = bytes;
    int rc;
    bool names = table->header;
    while ((rc = read_row(table, &rest, ret_error)) == 0) {
        if (is_blank(&table->row)) { continue; }
        if (names) {
            take_header(table);
            names = false;
            continue;
        }
        if (table->row.count > table->names_count) {
            return codec_error_set(ret_error, -EBADMSG, "bad_csv", "%zu fields for %zu columns",
                                   table->row.count, table->names_count);
        }
        write_row(table, &texts->bytes);
        if (!text_list_end(texts)) {
            return codec_error_set(ret_error, -EBADMSG, "too_many_lines", "more than %d rows",
                                   TEXT_LIST_MAX);
        }
    }
    if (rc != -ENODATA) { return rc; }
    if (table->header && !names && !text_list_slices(texts).count) {
        return codec_error_set(ret_error, -EBADMSG, "bad_csv",
                               "a row of names alone, no row below it");
    }
    return buf_failed(&texts->bytes)
               ? codec_error_set(ret_error, -EBADMSG, "over_limit", "more JSON than %zu bytes",
                                 texts->bytes.max)
               : 0;
}
