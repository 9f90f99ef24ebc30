// SPDX-License-Identifier: Apache-2.0
#include "server/inference/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "engine/base/ascii.h"
#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/limits.h"
#include "server/inference/param_rules.h"

namespace lockstep {
namespace {

// Members that only the codec sets. `n` would make several answers, and a run has one.
constexpr std::array<std::string_view, 4> reserved_in_chat = {"messages", "stream",
                                                              "stream_options", "n"};

bool is_reserved(std::string_view key, ModelChoice choice) {
  return is_servers(key) || (key == "model" && choice == ModelChoice::fixed);
}

// Words in the names of members with secrets, in small letters without `-` and `_`. `token` is not
// here, because `max_tokens` contains it.
constexpr std::array<std::string_view, 7> secret_words = {
    "apikey", "authorization", "password", "secret", "credential", "accesstoken", "authtoken"};

bool names_a_secret(std::string_view key) {
  std::string plain;
  for (const char letter : key) {
    if (letter == '-' || letter == '_') continue;
    plain += ascii_lower(letter);
  }
  return plain == "key" || plain == "token" ||
         std::ranges::any_of(secret_words,
                             [&](std::string_view word) { return plain.contains(word); });
}

void look_for_secrets(JsonNode node, std::optional<std::string>& found) {
  node.each_element([&](JsonNode element) { look_for_secrets(element, found); });
  node.each_member([&](std::string_view key, JsonNode value) {
    if (!found && value.is_string() && names_a_secret(key)) found = std::string(key);
    look_for_secrets(value, found);
  });
}

std::optional<std::string> read_string(const std::string* text) {
  if (!text) return {};
  const auto read = read_json(*text, unbounded_json(limits::json_depth_max));
  if (!read || !read->root().is_string()) return {};
  return std::string(read->root().text());
}

std::vector<std::string> read_strings(const std::string* text) {
  std::vector<std::string> strings;
  if (!text) return strings;
  const auto read = read_json(*text, unbounded_json(limits::json_depth_max));
  if (!read) return strings;
  read->root().each_element([&strings](JsonNode element) {
    if (element.is_string()) strings.emplace_back(element.text());
  });
  return strings;
}

// Does a run ask for the model that it gets anyway? `null` asks for no other one.
bool names_the_same(const RequestSettings& settings, const std::string& value) {
  if (value == "null") return true;
  const std::string* model = find_member(settings.request, "model");
  return model && read_string(model) == read_string(&value);
}

// False: the members are there, but no settings.
bool read_limit(const std::vector<JsonMember>& members, RequestSettings& settings) {
  if (!find_member(members, "context_tokens")) return true;
  const auto when = when_too_long(read_string(find_member(members, "when_too_long")).value_or(""));
  settings.context_tokens = whole_member(members, "context_tokens");
  if (!settings.context_tokens || !when) return false;
  settings.when_too_long = *when;
  return true;
}

}  // namespace

bool is_servers(std::string_view member) {
  return std::ranges::find(reserved_in_chat, member) != reserved_in_chat.end();
}

namespace {

void apply(RequestSettings& settings, const JsonMember& member, ModelChoice choice) {
  if (member.key == "model" && names_the_same(settings, member.value)) return;
  if (is_reserved(member.key, choice)) {
    settings.ignored.push_back(member.key);
  } else if (member.value == "null") {
    std::erase_if(settings.request, [&](const JsonMember& it) { return it.key == member.key; });
  } else {
    set_member(settings.request, member.key, member.value);
  }
}

bool is_token_limit(std::string_view key) {
  return std::ranges::find(token_limits, key) != token_limits.end();
}

// The name under which a run's token limit is sent.
std::string limit_name(const RequestSettings& settings, const std::string& key) {
  const auto own = std::ranges::find_if(
      settings.request, [](const JsonMember& member) { return is_token_limit(member.key); });
  if (own != settings.request.end()) return own->key;
  return settings.kind == "openai" && key == "max_output_tokens" ? "max_tokens" : key;
}

// The members; nothing, and a parameter that is ignored, if they are none.
std::vector<JsonMember> members_of(const std::optional<Json>& params, RequestSettings& settings) {
  if (!params || params->text == "null") return {};
  std::optional<std::vector<JsonMember>> members = json_members(params->text);
  if (!members) settings.ignored.emplace_back("params");
  return members.value_or(std::vector<JsonMember>());
}

}  // namespace

void apply_params(RequestSettings& settings, const std::optional<Json>& params,
                  ModelChoice choice) {
  for (const JsonMember& member : members_of(params, settings)) apply(settings, member, choice);
}

void apply_run_params(RequestSettings& settings, const std::optional<Json>& params,
                      ModelChoice choice) {
  const std::vector<JsonMember> members = members_of(params, settings);
  // What the run removes is no name for its own limit.
  for (const JsonMember& member : members) {
    if (member.value == "null") apply(settings, member, choice);
  }
  for (const JsonMember& member : members) {
    if (member.value == "null") continue;
    const bool limits = is_token_limit(member.key);
    apply(settings, {limits ? limit_name(settings, member.key) : member.key, member.value}, choice);
  }
}

std::optional<std::string> secret_in(const Json& params) {
  const auto read = read_json(params.text, unbounded_json(limits::json_depth_max));
  std::optional<std::string> found;
  if (read) look_for_secrets(read->root(), found);
  return found;
}

void set_member(std::vector<JsonMember>& members, std::string_view key, std::string value) {
  const auto found = std::ranges::find(members, key, &JsonMember::key);
  if (found == members.end()) {
    members.push_back({std::string(key), std::move(value)});
  } else {
    found->value = std::move(value);
  }
}

const std::string* find_member(const std::vector<JsonMember>& members, std::string_view key) {
  const auto found = std::ranges::find(members, key, &JsonMember::key);
  return found == members.end() ? nullptr : &found->value;
}

std::optional<std::uint64_t> whole_member(const std::vector<JsonMember>& members,
                                          std::string_view key) {
  const std::string* text = find_member(members, key);
  if (!text) return {};
  std::uint64_t value = 0;
  const auto [stopped, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || stopped != text->data() + text->size()) return {};
  return value;
}

bool takes_file(const RequestSettings& settings, std::string_view kind) {
  return std::ranges::find(settings.files, kind) != settings.files.end();
}

std::optional<std::string> model_of(const RequestSettings& settings) {
  return read_string(find_member(settings.request, "model"));
}

std::string_view name_of(ReasoningBack reasoning) {
  switch (reasoning) {
    case ReasoningBack::never:
      return "never";
    case ReasoningBack::with_calls:
      return "with_calls";
    case ReasoningBack::always:
      return "always";
  }
  std::unreachable();
}

std::optional<ReasoningBack> reasoning_back(std::string_view name) {
  for (const auto each : {ReasoningBack::never, ReasoningBack::with_calls, ReasoningBack::always}) {
    if (name == name_of(each)) return each;
  }
  return {};
}

std::string_view name_of(WhenTooLong when_too_long) {
  switch (when_too_long) {
    case WhenTooLong::refuse:
      return "refuse";
    case WhenTooLong::drop_oldest:
      return "drop_oldest";
    case WhenTooLong::summarise:
      return "summarise";
  }
  std::unreachable();
}

std::optional<WhenTooLong> when_too_long(std::string_view name) {
  for (const auto each : {WhenTooLong::refuse, WhenTooLong::drop_oldest, WhenTooLong::summarise}) {
    if (name == name_of(each)) return each;
  }
  return {};
}

namespace {

void append_texts(std::string& out, std::string_view name, const std::vector<std::string>& texts) {
  append_name(out, name);
  append_array(out, texts, [](std::string& to, const std::string& text) { append_text(to, text); });
}

}  // namespace

std::string settings_bytes(const RequestSettings& settings) {
  std::string out = "{";
  append_field_number(out, "format", static_cast<std::uint64_t>(settings.format));
  append_field(out, "kind", settings.kind);
  append_field(out, "system", settings.system);
  append_field_flag(out, "names", settings.names);
  if (settings.format != 1) {
    append_field_flag(out, "join", settings.join);
    append_field(out, "reasoning", name_of(settings.reasoning));
    append_field(out, "reasoning_field", settings.reasoning_field);
    // A member that was added later is written only if it is set, so that an agent without it keeps
    // the bytes, and the hash, of its settings.
    if (!settings.origin.empty()) append_field(out, "origin", settings.origin);
    if (settings.prefill) append_field_flag(out, "prefill", true);
    if (!settings.cache) append_field_flag(out, "cache", false);
    if (!settings.files.empty()) append_texts(out, "files", settings.files);
  }
  if (settings.context_tokens) {
    append_field_number(out, "context_tokens", *settings.context_tokens);
    append_field(out, "when_too_long", name_of(settings.when_too_long));
  }
  if (settings.summarise) append_field_flag(out, "summarise", true);
  append_texts(out, "ignored", settings.ignored);
  append_field_json(out, "request", json_object(settings.request));
  out += '}';
  return out;
}

std::optional<RequestSettings> read_settings(std::string_view bytes) {
  const std::optional<std::vector<JsonMember>> members = json_members(bytes);
  if (!members) return {};
  const std::string* format = find_member(*members, "format");
  const std::optional<std::string> kind = read_string(find_member(*members, "kind"));
  const std::string* request = find_member(*members, "request");
  if (!format || (*format != "1" && *format != "2") || !kind || !request) return {};
  std::optional<std::vector<JsonMember>> request_members = json_members(*request);
  if (!request_members) return {};
  const std::string* names = find_member(*members, "names");
  RequestSettings settings{
      .format = *format == "1" ? 1 : 2,
      .kind = *kind,
      .system = read_string(find_member(*members, "system")).value_or(""),
      .request = std::move(*request_members),
      .ignored = read_strings(find_member(*members, "ignored")),
      .names = !names || *names == "true",
  };
  if (settings.format == 1) return settings;
  const std::string* join = find_member(*members, "join");
  const auto reasoning =
      reasoning_back(read_string(find_member(*members, "reasoning")).value_or(""));
  const auto field = read_string(find_member(*members, "reasoning_field"));
  if (!join || !reasoning || !field) return {};
  settings.join = *join == "true";
  settings.reasoning = *reasoning;
  settings.reasoning_field = *field;
  settings.origin = read_string(find_member(*members, "origin")).value_or("");
  const std::string* prefill = find_member(*members, "prefill");
  settings.prefill = prefill && *prefill == "true";
  const std::string* cache = find_member(*members, "cache");
  settings.cache = !cache || *cache == "true";
  const std::string* summarise = find_member(*members, "summarise");
  settings.summarise = summarise && *summarise == "true";
  settings.files = read_strings(find_member(*members, "files"));
  if (!read_limit(*members, settings)) return {};
  return settings;
}

}  // namespace lockstep
