/* The library parses texts and messages; this file limits what it is given. A text's blocks are
 * counted before it is parsed, because the parser recurses. A message's own messages are counted
 * before it is decoded, because each becomes an object with room for all fields of its type, while
 * it may take two bytes of the message.
 */
#include "ingest/payload/protobuf.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::io::CodedInputStream;

namespace {

/* Keeps the first error of the parser or of the pool. */
struct first_error : google::protobuf::io::ErrorCollector,
                     google::protobuf::DescriptorPool::ErrorCollector {
    std::string text;

    void AddError(int line, int column, const std::string &message) override
    {
        (void)column;
        if (text.empty()) { text = "line " + std::to_string(line + 1) + ": " + message; }
    }
    void AddError(const std::string &file, const std::string &element, const Message *,
                  ErrorLocation, const std::string &message) override
    {
        (void)file;
        if (text.empty()) { text = element + ": " + message; }
    }
};

int fail(char *why, size_t why_size, const std::string &text)
{
    (void)snprintf(why, why_size, "%s", text.c_str());
    return -EINVAL;
}

} /* namespace */

struct protobuf {
    protobuf()
        : generated(*google::protobuf::DescriptorPool::generated_pool()),
          merged(&files, &generated), pool(&merged, &errors), factory(&pool)
    {
        pool.AllowUnknownDependencies();
    }

    first_error errors;
    google::protobuf::SimpleDescriptorDatabase files;
    google::protobuf::DescriptorPoolDatabase generated;
    google::protobuf::MergedDescriptorDatabase merged;
    google::protobuf::DescriptorPool pool;
    google::protobuf::DynamicMessageFactory factory;
    std::vector<std::string> names;
    std::vector<std::string> imports;
    std::vector<std::string> missing;
    std::vector<const Descriptor *> by_name; /* see protobuf_numbered() */
};

struct protobuf *protobuf_new(void)
{
    google::protobuf::SetLogHandler(nullptr);
    return new protobuf();
}

struct protobuf *protobuf_free(struct protobuf *protobuf)
{
    delete protobuf;
    return nullptr;
}

/* ---- Descriptors ---- */

namespace {

/* Returns the end of the comment or string that begins at `at`, or `at`. */
const char *skip_aside(const char *at, const char *end)
{
    if (*at == '"' || *at == '\'') {
        const char quote = *at;
        for (at++; at < end && *at != quote; at++) {
            if (*at == '\\') { at++; }
        }
        return at < end ? at + 1 : end;
    }
    if (*at != '/' || at + 1 == end) { return at; }
    if (at[1] == '/') {
        const void *line = memchr(at, '\n', static_cast<size_t>(end - at));
        return line ? static_cast<const char *>(line) : end;
    }
    if (at[1] != '*') { return at; }
    for (at += 2; at + 1 < end; at++) {
        if (at[0] == '*' && at[1] == '/') { return at + 2; }
    }
    return end;
}

/* Says whether the blocks of a .proto text are nested no deeper than the limit. */
bool is_shallow(const char *at, const char *end)
{
    int depth = 0;
    while (at < end) {
        const char *next = skip_aside(at, end);
        if (next != at) {
            at = next;
            continue;
        }
        const bool opens = *at == '{' || *at == '[' || *at == '<' || *at == '(';
        const bool closes = *at == '}' || *at == ']' || *at == '>' || *at == ')';
        depth += opens ? 1 : closes && depth > 0 ? -1 : 0;
        if (depth > PROTOBUF_DEPTH_MAX) { return false; }
        at++;
    }
    return true;
}

bool parse_text(const char *bytes, size_t size, FileDescriptorProto *file, std::string *why)
{
    if (!is_shallow(bytes, bytes + size)) {
        *why = "nested deeper than " + std::to_string(PROTOBUF_DEPTH_MAX);
        return false;
    }
    first_error errors;
    google::protobuf::io::ArrayInputStream input(bytes, static_cast<int>(size));
    google::protobuf::io::Tokenizer tokenizer(&input, &errors);
    google::protobuf::compiler::Parser parser;
    parser.RecordErrorsTo(&errors);
    const bool parsed = parser.Parse(&tokenizer, file) && errors.text.empty();
    *why = errors.text;
    return parsed;
}

int digit_of(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : nullptr;
    return at ? static_cast<int>(at - digits) : -1;
}

/* False when the bytes are not base64 throughout; a .proto text never is. */
bool decode_base64(const char *bytes, size_t size, std::string *out)
{
    unsigned bits = 0;
    int count = 0;
    while (size && (bytes[size - 1] == '=' || bytes[size - 1] == '\n')) { size--; }
    for (size_t i = 0; i < size; i++) {
        const int digit = digit_of(bytes[i]);
        if (digit < 0) { return false; }
        bits = bits << 6 | static_cast<unsigned>(digit);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out->push_back(static_cast<char>(bits >> count & 0xff));
        }
    }
    return size > 0;
}

bool add_file(struct protobuf *protobuf, const FileDescriptorProto &file)
{
    for (int i = 0; i < file.dependency_size(); i++) {
        protobuf->imports.push_back(file.dependency(i));
    }
    protobuf->names.push_back(file.name());
    return protobuf->files.Add(file);
}

bool is_known(const struct protobuf *protobuf, const std::string &name)
{
    for (const std::string &known : protobuf->names) {
        if (known == name) { return true; }
    }
    return google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name) != nullptr;
}

/* Returns the type with this index among those that a type declares, without the entries of maps;
 * NULL: it has none. */
const Descriptor *nested_at(const Descriptor *type, int64_t index)
{
    for (int i = 0; i < type->nested_type_count(); i++) {
        if (type->nested_type(i)->options().map_entry()) { continue; }
        if (index-- == 0) { return type->nested_type(i); }
    }
    return nullptr;
}

const Descriptor *only_message(struct protobuf *protobuf, std::string *why)
{
    const Descriptor *found = nullptr;
    int count = 0;
    for (const std::string &name : protobuf->names) {
        const FileDescriptor *file = protobuf->pool.FindFileByName(name);
        for (int i = 0; file && i < file->message_type_count(); i++, count++) {
            found = file->message_type(i);
        }
    }
    *why = "there are " + std::to_string(count) + " messages: say which";
    return count == 1 ? found : nullptr;
}

/* Appends a type and all that are declared in it, the entries of maps included. */
void append_types(const Descriptor *type, std::vector<const Descriptor *> *types)
{
    types->push_back(type);
    for (int i = 0; i < type->nested_type_count(); i++) {
        append_types(type->nested_type(i), types);
    }
}

/* Returns the types of a file, or of the set's last file, ordered by their full names. */
std::vector<const Descriptor *> types_by_name(struct protobuf *protobuf, const char *name)
{
    std::vector<const Descriptor *> types;
    const FileDescriptor *file = protobuf->pool.FindFileByName(name);
    if (!file && !protobuf->names.empty()) {
        file = protobuf->pool.FindFileByName(protobuf->names.back());
    }
    for (int i = 0; file && i < file->message_type_count(); i++) {
        append_types(file->message_type(i), &types);
    }
    std::sort(types.begin(), types.end(), [](const Descriptor *left, const Descriptor *right) {
        return left->full_name() < right->full_name();
    });
    return types;
}

} /* namespace */

int protobuf_add(struct protobuf *protobuf, const char *name, const char *bytes, size_t size,
                 char *why, size_t why_size)
{
    std::string decoded, text;
    FileDescriptorProto file;
    FileDescriptorSet set;
    if (size > INT32_MAX) { return fail(why, why_size, "too long"); }
    if (decode_base64(bytes, size, &decoded)) {
        if (!file.ParseFromString(decoded)) { return fail(why, why_size, "base64 of what?"); }
    } else if (memchr(bytes, '\0', size) || (size && static_cast<unsigned char>(*bytes) == 0x0a &&
                                             set.ParseFromArray(bytes, static_cast<int>(size)) &&
                                             set.file_size() > 0)) {
        if (!set.file_size() && !set.ParseFromArray(bytes, static_cast<int>(size))) {
            return fail(why, why_size, "no FileDescriptorSet");
        }
        for (const FileDescriptorProto &each : set.file()) {
            if (!add_file(protobuf, each)) {
                return fail(why, why_size, each.name() + ": twice, or with types of another file");
            }
        }
        return 0;
    } else if (!parse_text(bytes, size, &file, &text)) {
        return fail(why, why_size, text);
    }
    file.set_name(name);
    return add_file(protobuf, file) ? 0
                                    : fail(why, why_size, "twice, or with types of another file");
}

const char *protobuf_missing(struct protobuf *protobuf, size_t index)
{
    std::set<std::string> seen;
    protobuf->missing.clear();
    for (const std::string &name : protobuf->imports) {
        if (seen.insert(name).second && !is_known(protobuf, name)) {
            protobuf->missing.push_back(name);
        }
    }
    return index < protobuf->missing.size() ? protobuf->missing[index].c_str() : nullptr;
}

const void *protobuf_find(struct protobuf *protobuf, const char *name, char *why, size_t why_size)
{
    std::string text;
    const Descriptor *type = *name ? protobuf->pool.FindMessageTypeByName(name)
                                   : only_message(protobuf, &text);
    if (!type) {
        if (!protobuf->errors.text.empty()) { text = protobuf->errors.text; }
        (void)fail(why, why_size, text.empty() ? "there is no such message" : text);
    }
    return type;
}

const void *protobuf_at(struct protobuf *protobuf, const char *file, const int64_t *indexes,
                        size_t count, char *why, size_t why_size)
{
    const FileDescriptor *found = protobuf->pool.FindFileByName(file);
    if (!found) {
        (void)fail(why, why_size, protobuf->errors.text);
        return nullptr;
    }
    const Descriptor *type = nullptr;
    for (size_t i = 0; i < count; i++) {
        if (type) {
            type = nested_at(type, indexes[i]);
        } else if (indexes[i] >= 0 && indexes[i] < found->message_type_count()) {
            type = found->message_type(static_cast<int>(indexes[i]));
        }
        if (!type) { break; }
    }
    if (!type) { (void)fail(why, why_size, "the schema has no such message"); }
    return type;
}

const void *protobuf_numbered(struct protobuf *protobuf, const char *file, uint64_t number,
                              char *why, size_t why_size)
{
    if (protobuf->by_name.empty()) { protobuf->by_name = types_by_name(protobuf, file); }
    if (number < protobuf->by_name.size()) { return protobuf->by_name[number]; }
    (void)fail(why, why_size, "no type " + std::to_string(number) + ": the schema has " +
                                  std::to_string(protobuf->by_name.size()) + ", counted from 0");
    return nullptr;
}

const char *protobuf_name(const void *type)
{
    return static_cast<const Descriptor *>(type)->full_name().c_str();
}

/* ---- Limits of a message ---- */

namespace {

enum wire { VARINT, FIXED64, DELIMITED, GROUP, GROUP_END, FIXED32 };

bool count_messages(const Descriptor *type, CodedInputStream *input, uint32_t group, int depth,
                    int *left);

bool count_field(const FieldDescriptor *field, uint32_t tag, CodedInputStream *input, int depth,
                 int *left)
{
    const Descriptor *within = field ? field->message_type() : nullptr;
    uint32_t size = 0;
    uint64_t number = 0;
    switch (tag & 7) {
    case VARINT:
        return input->ReadVarint64(&number);
    case FIXED64:
        return input->Skip(8);
    case FIXED32:
        return input->Skip(4);
    case GROUP:
        return count_messages(within, input, tag >> 3, depth + 1, left);
    case DELIMITED: {
        if (!input->ReadVarint32(&size) || size > INT32_MAX) { return false; }
        if (!within) { return input->Skip(static_cast<int>(size)); }
        const CodedInputStream::Limit limit = input->PushLimit(static_cast<int>(size));
        const bool counted = count_messages(within, input, 0, depth + 1, left);
        input->PopLimit(limit);
        return counted;
    }
    default:
        return false;
    }
}

/* Counts down for each message; false when it is damaged, or beyond a limit (*left < 0). type NULL:
 * an unknown group; group: the number of the field whose end is awaited, 0: none. */
bool count_messages(const Descriptor *type, CodedInputStream *input, uint32_t group, int depth,
                    int *left)
{
    if (--*left < 0 || depth > PROTOBUF_DEPTH_MAX) {
        *left = -1;
        return false;
    }
    for (;;) {
        const uint32_t tag = input->ReadTag();
        if (!tag) { return !group && input->ConsumedEntireMessage(); }
        if ((tag & 7) == GROUP_END) { return group == tag >> 3; }
        const int number = static_cast<int>(tag >> 3);
        const FieldDescriptor *field = type ? type->FindFieldByNumber(number) : nullptr;
        if (!count_field(field, tag, input, depth, left)) { return false; }
    }
}

/* ---- JSON ---- */

struct writer {
    void (*put)(void *arg, const char *bytes, size_t size);
    void *arg;

    void text(const char *text) const { put(arg, text, strlen(text)); }
    void text(const std::string &text) const { put(arg, text.data(), text.size()); }
};

void put_string(const writer &out, const std::string &text)
{
    std::string quoted = "\"";
    char escape[8];
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            (void)snprintf(escape, sizeof(escape), "\\u%04x", static_cast<unsigned>(c));
            quoted += escape;
        } else {
            quoted += c;
        }
    }
    out.text(quoted + "\"");
}

void put_base64(const writer &out, const std::string &bytes)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text = "\"";
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t bits = 0;
        const size_t have = std::min<size_t>(3, bytes.size() - i);
        for (size_t k = 0; k < 3; k++) {
            bits = bits << 8 | (k < have ? static_cast<unsigned char>(bytes[i + k]) : 0);
        }
        for (size_t k = 0; k < 4; k++) {
            text += k <= have ? digits[bits >> (18 - 6 * k) & 63] : '=';
        }
    }
    out.text(text + "\"");
}

void put_real(const writer &out, double value, bool narrow)
{
    char text[40];
    if (!std::isfinite(value)) {
        out.text(std::isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity"); /* not JSON's */
        return;
    }
    for (int digits = narrow ? 6 : 15; digits <= (narrow ? 9 : 17); digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        const double back = narrow ? static_cast<double>(strtof(text, nullptr))
                                   : strtod(text, nullptr);
        if (back == value) { break; }
    }
    out.text(text);
}

void put_message(const writer &out, const Message &message);

bool is_timestamp(const Descriptor *type)
{
    return type->full_name() == "google.protobuf.Timestamp" && type->field_count() == 2 &&
           type->field(0)->type() == FieldDescriptor::TYPE_INT64 &&
           type->field(1)->type() == FieldDescriptor::TYPE_INT32 &&
           !type->field(0)->is_repeated() && !type->field(1)->is_repeated();
}

/* Writes a Timestamp; one outside the years 1 to 9999 becomes null. */
void put_timestamp(const writer &out, const Message &message)
{
    const Reflection *reflection = message.GetReflection();
    const Descriptor *type = message.GetDescriptor();
    const int64_t seconds = reflection->GetInt64(message, type->field(0));
    const int32_t nanos = reflection->GetInt32(message, type->field(1));
    const time_t time = static_cast<time_t>(seconds);
    struct tm tm;
    char text[64];
    if (seconds < INT64_C(-62135596800) || seconds > INT64_C(253402300799) || nanos < 0 ||
        nanos > 999999999 || !gmtime_r(&time, &tm)) {
        out.text("null");
        return;
    }
    (void)snprintf(text, sizeof(text), "\"%04d-%02d-%02dT%02d:%02d:%02d.%09dZ\"",
                   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                   nanos);
    out.text(text);
}

/* Writes one value: that of a field, or with an index that of an element. */
void put_value(const writer &out, const Message &message, const FieldDescriptor *field, int index)
{
    const Reflection *reflection = message.GetReflection();
#define GET(what)                                                                                  \
    (index < 0 ? reflection->Get##what(message, field)                                             \
               : reflection->GetRepeated##what(message, field, index))
    switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
        return out.text(std::to_string(GET(Int32)));
    case FieldDescriptor::CPPTYPE_INT64:
        return out.text(std::to_string(GET(Int64)));
    case FieldDescriptor::CPPTYPE_UINT32:
        return out.text(std::to_string(GET(UInt32)));
    case FieldDescriptor::CPPTYPE_UINT64:
        return out.text(std::to_string(GET(UInt64)));
    case FieldDescriptor::CPPTYPE_DOUBLE:
        return put_real(out, GET(Double), false);
    case FieldDescriptor::CPPTYPE_FLOAT:
        return put_real(out, static_cast<double>(GET(Float)), true);
    case FieldDescriptor::CPPTYPE_BOOL:
        return out.text(GET(Bool) ? "true" : "false");
    case FieldDescriptor::CPPTYPE_ENUM: {
        const int number = GET(EnumValue);
        const auto *symbol = field->enum_type()->FindValueByNumber(number);
        return symbol ? put_string(out, symbol->name()) : out.text(std::to_string(number));
    }
    case FieldDescriptor::CPPTYPE_STRING: {
        const std::string text = GET(String);
        return field->type() == FieldDescriptor::TYPE_BYTES ? put_base64(out, text)
                                                            : put_string(out, text);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
        return put_message(out, index < 0 ? reflection->GetMessage(message, field)
                                          : reflection->GetRepeatedMessage(message, field, index));
    }
#undef GET
}

void put_map(const writer &out, const Message &message, const FieldDescriptor *field)
{
    const Reflection *reflection = message.GetReflection();
    const FieldDescriptor *key = field->message_type()->map_key();
    out.text("{");
    for (int i = 0; i < reflection->FieldSize(message, field); i++) {
        const Message &entry = reflection->GetRepeatedMessage(message, field, i);
        const bool quoted = key->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
        out.text(i ? "," : "");
        out.text(quoted ? "" : "\"");
        put_value(out, entry, key, -1);
        out.text(quoted ? ":" : "\":");
        put_value(out, entry, field->message_type()->map_value(), -1);
    }
    out.text("}");
}

void put_field(const writer &out, const Message &message, const FieldDescriptor *field)
{
    if (field->is_map()) { return put_map(out, message, field); }
    if (!field->is_repeated()) { return put_value(out, message, field, -1); }
    out.text("[");
    const int count = message.GetReflection()->FieldSize(message, field);
    for (int i = 0; i < count; i++) {
        out.text(i ? "," : "");
        put_value(out, message, field, i);
    }
    out.text("]");
}

/* A field that is not set is left out, unless it cannot know that and its default is a value. */
bool is_written(const Message &message, const FieldDescriptor *field)
{
    if (field->is_repeated()) { return true; }
    if (message.GetReflection()->HasField(message, field)) { return true; }
    return !field->has_presence() && field->cpp_type() != FieldDescriptor::CPPTYPE_STRING;
}

/* Returns the only field that a wrapper, a Struct, a list or a Value stands for; NULL: it has none
 * (a null). False: the message is none of them. */
bool stands_for(const Message &message, const FieldDescriptor **ret_field)
{
    const Descriptor *type = message.GetDescriptor();
    const std::string &file = type->file()->name();
    const bool wrapper = file == "google/protobuf/wrappers.proto";
    if (!wrapper && file != "google/protobuf/struct.proto") { return false; }
    if (type->field_count() == 1) {
        *ret_field = type->field(0);
        return true;
    }
    if (type->oneof_decl_count() == 0) { return false; }
    const FieldDescriptor *set =
        message.GetReflection()->GetOneofFieldDescriptor(message, type->oneof_decl(0));
    *ret_field = set && set->cpp_type() == FieldDescriptor::CPPTYPE_ENUM ? nullptr : set;
    return true;
}

void put_message(const writer &out, const Message &message)
{
    const Descriptor *type = message.GetDescriptor();
    const FieldDescriptor *field = nullptr;
    if (is_timestamp(type)) { return put_timestamp(out, message); }
    if (stands_for(message, &field)) {
        return field ? put_field(out, message, field) : out.text("null");
    }
    bool first = true;
    out.text("{");
    for (int i = 0; i < type->field_count(); i++) {
        if (!is_written(message, type->field(i))) { continue; }
        out.text(first ? "\"" : ",\"");
        out.text(type->field(i)->name());
        out.text("\":");
        put_field(out, message, type->field(i));
        first = false;
    }
    out.text("}");
}

} /* namespace */

int protobuf_render(struct protobuf *protobuf, const void *type, const char *bytes, size_t size,
                    void (*put)(void *arg, const char *bytes, size_t size), void *arg)
{
    const Descriptor *descriptor = static_cast<const Descriptor *>(type);
    int left = PROTOBUF_MESSAGES_MAX;
    if (size > INT32_MAX) { return -E2BIG; }
    CodedInputStream input(reinterpret_cast<const uint8_t *>(bytes), static_cast<int>(size));
    if (!count_messages(descriptor, &input, 0, 0, &left)) { return left < 0 ? -E2BIG : -EBADMSG; }
    const std::unique_ptr<Message> message(protobuf->factory.GetPrototype(descriptor)->New());
    if (!message->ParsePartialFromArray(bytes, static_cast<int>(size))) { return -EBADMSG; }
    put_message(writer{put, arg}, *message);
    return 0;
}
