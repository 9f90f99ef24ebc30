// SPDX-License-Identifier: Apache-2.0
#include "server/inference/anthropic_blocks.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "engine/base/must.h"
#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/limits.h"

namespace lockstep {
namespace {

constexpr std::string_view mark = R"(,"cache_control":{"type":"ephemeral"}})";

// The data of a `data:` address in base64, and its media type.
struct Data {
  std::string_view media_type;
  std::string_view base64;
};

std::optional<Data> data_of(std::string_view uri) {
  constexpr std::string_view scheme = "data:";
  constexpr std::string_view coding = ";base64";
  const std::size_t comma = uri.find(',');
  if (!uri.starts_with(scheme) || comma == std::string_view::npos) return {};
  const std::string_view head = uri.substr(scheme.size(), comma - scheme.size());
  if (!head.ends_with(coding)) return {};
  return Data{head.substr(0, head.find(';')), uri.substr(comma + 1)};
}

bool takes_image(std::string_view media_type) {
  static constexpr std::array<std::string_view, 4> taken = {"image/jpeg", "image/png", "image/gif",
                                                            "image/webp"};
  return std::ranges::find(taken, media_type) != taken.end();
}

}  // namespace

std::string OutBlock::written(bool marked) const {
  std::string out = json;
  if (kind == Kind::text) {
    out = R"({"type":"text","text":)";
    append_text(out, text);
    if (!citations.empty()) append_field_json(out, "citations", citations);
    out += '}';
  }
  if (!marked) return out;
  out.pop_back();
  return out + std::string(mark);
}

bool is_white(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::optional<OutBlock> file_block(const Piece& piece) {
  const bool image = piece.kind == Piece::Kind::image;
  std::string out = image ? R"({"type":"image","source":{)" : R"({"type":"document","source":{)";
  if (const auto data = data_of(piece.text)) {
    const std::string_view type = data->media_type == "image/jpg" ? "image/jpeg" : data->media_type;
    if (image ? !takes_image(type) : type != "application/pdf") return {};
    append_field(out, "type", "base64");
    append_field(out, "media_type", type);
    append_field(out, "data", data->base64);
  } else if (piece.text.starts_with("https://")) {
    append_field(out, "type", "url");
    append_field(out, "url", piece.text);
  } else {
    return {};
  }
  return OutBlock{.kind = OutBlock::Kind::other, .json = out + "}}"};
}

std::string last_with_text(const std::vector<Message>& path) {
  MUST(!path.empty());
  for (const Message& message : path | std::views::reverse) {
    if (message.role == Role::system) continue;  // it is sent before the conversation
    for (const Part& part : message.parts) {
      const auto* text = std::get_if<TextPart>(&part);
      if (text && !is_white(text->text)) return message.id.get();
    }
  }
  return path.back().id.get();
}

OutBlock result_block(const std::string& id, const TurnCall& call) {
  std::string out = R"({"type":"tool_result","tool_use_id":)";
  append_text(out, id);
  if (!is_white(call.result)) {
    append_field(out, "content", call.result);
  } else if (call.failed) {
    append_field(out, "content", "[The tool failed and told no error.]");
  }
  if (call.failed) append_field_flag(out, "is_error", true);
  return {.kind = OutBlock::Kind::result, .json = out + "}"};
}

std::string member_in(const Json& json, std::string_view key) {
  const auto members = json_members(json.text);
  const std::string* value = members ? find_member(*members, key) : nullptr;
  return value ? *value : std::string();
}

std::string string_in(const Json& json, std::string_view key) {
  const auto read = read_json(json.text, unbounded_json(limits::json_depth_max));
  if (!read) return {};
  const JsonNode found = read->root().find(key).value_or(JsonNode());
  return found.is_string() ? std::string(found.text()) : std::string();
}

std::string CallIds::take(const std::string& id) {
  std::string plain;
  for (const char c : id) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-';
    plain += fits ? c : '_';
  }
  if (plain.empty()) plain = "call";
  std::string free = plain;
  for (int round = 2; !taken_.insert(free).second; ++round) {
    free = plain + "_" + std::to_string(round);
  }
  return free;
}

ServerCalls::ServerCalls(const std::vector<Turn>& turns, const RequestSettings& settings) {
  for (const Turn& turn : turns) {
    for (const Block& block : turn.blocks) {
      const OpaqueData* own = own_data(block, settings);
      if (own) know(block.kind, own->value, &turn == &turns.back());
    }
  }
}

void ServerCalls::know(Block::Kind kind, const Json& own, bool last) {
  // Code that waits for the results of its calls has no result of its own yet.
  if (last && kind == Block::Kind::call) {
    answered_.insert(string_in({member_in(own, "caller")}, "tool_id"));
  }
  if (kind != Block::Kind::data) return;
  const std::string answers = string_in(own, "tool_use_id");
  if (!answers.empty()) {
    answered_.insert(answers);
  } else if (string_in(own, "type").ends_with("_tool_use")) {
    asked_.insert(string_in(own, "id"));
  }
}

bool ServerCalls::may_go_back(const Json& block, bool open) const {
  const std::string type = string_in(block, "type");
  if (type.empty()) return false;
  if (type.ends_with("_tool_use")) return open || answered_.contains(string_in(block, "id"));
  const std::string answers = string_in(block, "tool_use_id");
  return answers.empty() || asked_.contains(answers);
}

}  // namespace lockstep
